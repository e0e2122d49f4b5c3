/** Requests of the native wire. */
import { z } from 'zod'
import { expected, id, ids } from '../json-body.js'

/** How many requests one `requests` list may hold: each costs a whole ranking. */
const maxRequests = 1000

const object = 'a JSON object'

export function createSchemas(maxN: number) {
  const count = `an integer from 1 to ${maxN}`
  const n = z.int(expected(count)).min(1, expected(count)).max(maxN, expected(count)).default(10)
  const flag = z.boolean(expected('true or false'))
  const recommend = z.strictObject(
    {
      user: id.exactOptional(),
      sequence: ids.exactOptional(),
      n,
      exclude: ids.exactOptional(),
      candidates: ids.exactOptional(),
      include_consumed: flag.exactOptional(),
    },
    expected(object),
  )
  const batch = z.strictObject(
    {
      requests: z
        .array(z.unknown(), expected('a list of requests'))
        .max(maxRequests, expected(`at most ${maxRequests} requests`)),
    },
    expected(object),
  )
  /** Query strings carry text only. */
  const countText = z
    .string(expected(count))
    .regex(/^\d{1,9}$/, expected(count))
    .transform(Number)
    .pipe(z.int().min(1, expected(count)).max(maxN, expected(count)))
    .default(10)
  const recommendQuery = z.strictObject({
    n: countText,
    include_consumed: z
      .stringbool({ truthy: ['true'], falsy: ['false'], case: 'sensitive', ...expected('true or false') })
      .exactOptional(),
  })
  const similarQuery = z.strictObject({ n: countText })
  return { recommend, batch, recommendQuery, similarQuery }
}
