/** Step 1 of the walk, for JSON wires: bytes to a checked request. */
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { RecserveError } from '../core/errors.js'

/** Every body is JSON, whatever its content type says: `curl -d` and libserving's own clients send others. */
export function acceptJsonOnly(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => {
    if (body.length === 0) return done(null, undefined)
    try {
      done(null, JSON.parse(body as string))
    } catch (error) {
      done(new RecserveError('invalid_argument', notJson(error), { cause: error }))
    }
  })
}

/** Says where, never what: the text of V8's own message repeats the body. */
function notJson(error: unknown): string {
  const position = /position (\d+)/.exec(String(error))?.[1]
  return `the body is not valid JSON${position === undefined ? '' : ` (at character ${position})`}`
}

/**
 * The value as the schema's type.
 * @throws RecserveError `invalid_argument` naming the first field that is wrong, what it should be and what was found.
 */
export function decode<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw new RecserveError('invalid_argument', describeIssue(result.error.issues[0]!))
}

function describeIssue(issue: z.core.$ZodIssue): string {
  const path = issue.path
    .map((part, i) => (typeof part === 'number' ? `[${part}]` : i ? `.${String(part)}` : part))
    .join('')
  if (issue.code === 'unrecognized_keys') {
    return `unknown field${issue.keys.length > 1 ? 's' : ''} ${issue.keys.slice(0, 3).map(shorten).join(', ')}${path && ` in ${path}`}`
  }
  return path ? `${path}: ${issue.message}` : issue.message
}

const shorten = (key: string) => `'${key.length > 40 ? `${key.slice(0, 40)}...` : key}'`

/** A zod error function: `expected <what>, found <this>`. Never repeats text or long values of the client's. */
export function expected(what: string): { readonly error: (issue: { readonly input?: unknown }) => string } {
  return { error: ({ input }) => `expected ${what}, found ${found(input)}` }
}

function found(input: unknown): string {
  if (input === undefined) return 'nothing'
  if (input === null || typeof input === 'boolean' || typeof input === 'number') return String(input)
  if (typeof input === 'string') return 'a string'
  return Array.isArray(input) ? 'a list' : 'an object'
}

/** An item or user id: text, or an integer that JSON carries exactly. Inside it is always text. */
export const id = z
  .custom<string | number>(
    (value) => typeof value === 'string' || Number.isSafeInteger(value),
    expected('a string or an integer (beyond 2^53 as a string: JSON numbers are not exact there)'),
  )
  .transform(String)

export const ids = z.array(id, expected('a list of ids'))

/** What is told of a user, by feature name. */
export const features = z.record(
  z.string(),
  z.custom<string | number>(
    (value) => typeof value === 'string' || typeof value === 'number',
    expected('a string or a number'),
  ),
  expected('an object of strings and numbers by feature name'),
)
