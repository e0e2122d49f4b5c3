/** The wire's edge for errors: whatever was thrown becomes the house's error and gets its HTTP status. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { RecserveError } from '../core/errors.js'
import type { Outcome } from './protocol.js'
import { httpStatus } from './status.js'

export interface Refusal {
  /** HTTP status. */
  readonly status: number
  readonly error: RecserveError
}

/** The default form of an error; a wire with a form of its own calls `refuse` and writes it. */
export function sendError(request: FastifyRequest, reply: FastifyReply, thrown: unknown): FastifyReply {
  const { status, error } = refuse(request, reply, thrown)
  return reply.code(status).send(errorBody(error))
}

/** Notes what was thrown for the request event and sets the headers that go with it; the wire writes the body. */
export function refuse(request: FastifyRequest, reply: FastifyReply, thrown: unknown): Refusal {
  const refusal = refusalOf(thrown)
  noteRefusal(request.outcome, refusal)
  if (refusal.error.code === 'unavailable') reply.header('retry-after', '1')
  return refusal
}

export function errorBody({ code, message }: RecserveError): { error: { code: string; message: string } } {
  return { error: { code, message } }
}

/** The edge where any throw becomes the house's error, and gets its HTTP status. */
export function refusalOf(thrown: unknown): Refusal {
  if (isTransportError(thrown)) {
    const message =
      thrown.statusCode === 413 ? 'the body is larger than this server accepts' : 'the request cannot be read'
    return {
      status: thrown.statusCode,
      error: new RecserveError('invalid_argument', message, { cause: thrown }),
    }
  }
  const error = RecserveError.from(thrown)
  return { status: httpStatus[error.code], error }
}

/** fastify's own refusals of what a client sent (body too large, bad content length ...). */
function isTransportError(thrown: unknown): thrown is Error & { statusCode: number } {
  if (!(thrown instanceof Error) || !('statusCode' in thrown) || !('code' in thrown)) return false
  const { statusCode, code } = thrown
  return (
    typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500 && String(code).startsWith('FST_')
  )
}

/** For the request event. */
export function noteRefusal(outcome: Outcome, { status, error }: Refusal): void {
  outcome.httpStatus = status
  outcome.code = error.code
  outcome.message = error.message
  outcome.cause = error.cause
}
