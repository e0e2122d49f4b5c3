/** The canonical gRPC status words; a feature never adds one (grpc.github.io/grpc/core/md_doc_statuscodes.html). */
export const codes = [
  'cancelled',
  'unknown',
  'invalid_argument',
  'deadline_exceeded',
  'not_found',
  'already_exists',
  'permission_denied',
  'resource_exhausted',
  'failed_precondition',
  'aborted',
  'out_of_range',
  'unimplemented',
  'internal',
  'unavailable',
  'data_loss',
  'unauthenticated',
] as const

export type Code = (typeof codes)[number]

/**
 * The one error that crosses rooms. `message` is written for the client and names the thing, what was found
 * and what would work; `cause` is for the log and never leaves the process.
 */
export class RecserveError extends Error {
  override readonly name = 'RecserveError'
  readonly code: Code

  constructor(code: Code, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options)
    this.code = code
  }

  /** Any thrown value as a RecserveError; called at two edges only, the wire and the loader. */
  static from(thrown: unknown): RecserveError {
    if (thrown instanceof RecserveError) return thrown
    if (thrown instanceof Error && thrown.name === 'AbortError') {
      return new RecserveError('cancelled', 'the caller has left', { cause: thrown })
    }
    if (thrown instanceof Error && thrown.name === 'TimeoutError') {
      return new RecserveError('deadline_exceeded', 'the deadline has passed', { cause: thrown })
    }
    return new RecserveError('internal', 'internal error', { cause: thrown })
  }
}

/** Cause of an `invalid_argument`: a field that a request must have and has not, for wires whose errors name fields. */
export class MissingField extends Error {
  override readonly name = 'MissingField'
  readonly field: string

  constructor(field: string) {
    super(`the field '${field}' is missing`)
    this.field = field
  }
}
