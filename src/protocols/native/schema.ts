/** Requests of the native wire. */
import { z } from 'zod'
import { expected, features, id, ids } from '../json-body.js'

/** How many requests one `requests` list may hold: each costs a whole ranking. */
const maxRequests = 1000

/** How many items they may ask for together: some 4 MB of answer. */
const maxItems = 100_000

const object = 'a JSON object'

export function createSchemas(maxN: number) {
  const count = `an integer from 1 to ${maxN}`
  const n = z
    .int(expected(count))
    .min(1, expected(count))
    .max(maxN, expected(count))
    .default(Math.min(10, maxN))
  const flag = z.boolean(expected('true or false'))
  const recommend = z.strictObject(
    {
      user: id.exactOptional(),
      sequence: ids.exactOptional(),
      user_features: features.exactOptional(),
      n,
      exclude: ids.exactOptional(),
      candidates: ids.exactOptional(),
      include_consumed: flag.exactOptional(),
      exclude_sequence: flag.exactOptional(),
    },
    expected(object),
  )
  const batch = z.strictObject(
    {
      requests: z
        .array(z.unknown(), expected('a list of requests'))
        .max(maxRequests, expected(`at most ${maxRequests} requests`))
        .refine(
          (requests) => itemsAskedFor(requests) <= maxItems,
          `more than ${maxItems} items are asked for in all`,
        ),
    },
    expected(object),
  )
  /** Query strings carry text only. */
  const countText = z
    .string(expected(count))
    .regex(/^\d{1,9}$/, expected(count))
    .transform(Number)
    .pipe(z.int().min(1, expected(count)).max(maxN, expected(count)))
    .default(Math.min(10, maxN))
  const recommendQuery = z.strictObject({
    n: countText,
    include_consumed: z
      .stringbool({ truthy: ['true'], falsy: ['false'], case: 'sensitive', ...expected('true or false') })
      .exactOptional(),
  })
  const similarQuery = z.strictObject({ n: countText })
  const noQuery = z.strictObject({})
  return { recommend, batch, recommendQuery, similarQuery, noQuery }
}

/** Before each request is checked by itself, so whatever is not a number counts as the default. */
function itemsAskedFor(requests: readonly unknown[]): number {
  return requests.reduce<number>((sum, request) => {
    const n = (request as { readonly n?: unknown } | null)?.n
    return sum + (typeof n === 'number' ? n : 10)
  }, 0)
}
