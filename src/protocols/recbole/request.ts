/** Requests of the sequential API, checked as FastAPI checks them: what is wrong is told by place, text and type. */

/** One thing that is wrong, in the words of pydantic 1, which that API was written with (pydantic.errors). */
export interface ValidationIssue {
  /** `body`, then the way down to the value. */
  readonly loc: readonly (string | number)[]
  readonly msg: string
  readonly type: string
}

/** Everything that is wrong with a request. */
export class ValidationError extends Error {
  override readonly name = 'ValidationError'
  readonly issues: readonly ValidationIssue[]

  constructor(issues: readonly ValidationIssue[]) {
    super(issues.map(({ loc, msg }) => `${loc.join('.')}: ${msg}`).join('; '))
    this.issues = issues
  }
}

export interface UserToItemRequest {
  /** Item ids, oldest first; one at least. */
  readonly sequence: readonly string[]
  readonly topk: number
  readonly user?: string
}

/** A model takes no more than a few hundred; this bounds the work of checking. */
const maxSequence = 100_000

/** Items of a sequence that an answer tells are wrong. */
const maxIssues = 100

/** @throws ValidationError that names all fields that are wrong */
export function parseUserToItem(body: unknown): UserToItemRequest {
  if (body === undefined) throw new ValidationError([missing(['body'])])
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new ValidationError([{ loc: ['body'], msg: 'value is not a valid dict', type: 'type_error.dict' }])
  }
  const issues: ValidationIssue[] = []
  const fields = body as Readonly<Record<string, unknown>>
  const sequence = toSequence(fields.sequence, issues)
  const topk = toCount(fields.topk, issues)
  const user = fields.user === undefined || fields.user === null ? undefined : toId(fields.user)
  if (fields.user !== undefined && fields.user !== null && user === undefined) issues.push(notText(['user']))
  if (issues.length > 0) throw new ValidationError(issues)
  return { sequence, topk, ...(user !== undefined && { user }) }
}

/** A field that a request must have. */
export const missing = (loc: readonly (string | number)[]): ValidationIssue => ({
  loc,
  msg: 'field required',
  type: 'value_error.missing',
})

const notText = (path: readonly (string | number)[]): ValidationIssue => ({
  loc: ['body', ...path],
  msg: 'str type expected',
  type: 'type_error.str',
})

function toSequence(value: unknown, issues: ValidationIssue[]): readonly string[] {
  const loc = ['body', 'sequence']
  if (value === undefined) issues.push(missing(loc))
  else if (!Array.isArray(value))
    issues.push({ loc, msg: 'value is not a valid list', type: 'type_error.list' })
  else if (value.length === 0) {
    issues.push({ loc, msg: 'ensure this value has at least 1 items', type: 'value_error.list.min_items' })
  } else if (value.length > maxSequence) {
    const msg = `ensure this value has at most ${maxSequence} items`
    issues.push({ loc, msg, type: 'value_error.list.max_items' })
  } else {
    const ids = value.map(toId)
    for (let i = 0; i < ids.length && issues.length < maxIssues; i++) {
      if (ids[i] === undefined) issues.push(notText(['sequence', i]))
    }
    return ids as readonly string[]
  }
  return []
}

/** Text, and numbers as Python would write them; what JSON cannot carry exactly is no id. */
function toId(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  return Number.isSafeInteger(value) ? String(value) : undefined
}

function toCount(value: unknown, issues: ValidationIssue[]): number {
  const loc = ['body', 'topk']
  const count = toInteger(value)
  if (value === undefined) issues.push(missing(loc))
  else if (count === undefined) {
    issues.push({ loc, msg: 'value is not a valid integer', type: 'type_error.integer' })
  } else if (count < 1) {
    const msg = 'ensure this value is greater than or equal to 1'
    issues.push({ loc, msg, type: 'value_error.number.not_ge' })
  } else return Math.min(count, Number.MAX_SAFE_INTEGER)
  return 0
}

/** As Python's `int()` does (pydantic.validators.int_validator): a fraction is cut off, true is 1, a text has digits alone. */
function toInteger(value: unknown): number | undefined {
  if (typeof value === 'boolean') return Number(value)
  if (typeof value === 'string') return /^\s*[+-]?\d{1,15}\s*$/.test(value) ? Number(value) : undefined
  return typeof value === 'number' && Number.isFinite(value) ? Math.trunc(value) : undefined
}
