/** recserve's own wire: `/v1/recommend`, `/v1/similar`. */
import type { FastifyRequest } from 'fastify'
import type { z } from 'zod'
import type { RecommendRequest, RecommendResponse, SimilarResponse } from '../../service/service.js'
import { callOf } from '../call.js'
import { decode } from '../json-body.js'
import type { Outcome, Protocol } from '../protocol.js'
import { errorBody, noteRefusal, refusalOf } from '../refusal.js'
import { createSchemas } from './schema.js'

type Params = { readonly model: string; readonly user: string; readonly item: string }
type RecommendBody = z.output<ReturnType<typeof createSchemas>['recommend']>

export const native: Protocol = {
  name: 'native',

  register(app, { service, maxN }) {
    const schemas = createSchemas(maxN)

    app.post<{ Params: Params }>('/v1/recommend/:model', async (request, reply) => {
      const { model } = request.params
      const call = callOf(reply)
      decode(schemas.noQuery, request.query)
      request.outcome.model = model
      const one = async (body: unknown, outcome: Outcome) => {
        const response = await service.recommend(toRequest(model, decode(schemas.recommend, body)), call)
        return answer(response, { outcome, requestId: request.id })
      }
      if (!isBatch(request.body)) return one(request.body, request.outcome)
      const { requests } = decode(schemas.batch, request.body)
      return { responses: await answerBatch(request, requests, one) }
    })

    app.get<{ Params: Params }>('/v1/recommend/:model/:user', async (request, reply) => {
      const { model, user } = request.params
      request.outcome.model = model
      const query = decode(schemas.recommendQuery, request.query)
      const response = await service.recommend(toRequest(model, { user, ...query }), callOf(reply))
      return answer(response, { outcome: request.outcome, requestId: request.id })
    })

    app.get<{ Params: Params }>('/v1/similar/:model/:item', async (request, reply) => {
      const { model, item } = request.params
      request.outcome.model = model
      const { n } = decode(schemas.similarQuery, request.query)
      const response = await service.similar({ model: { model }, item, n }, callOf(reply))
      return answerSimilar(request, response)
    })
  },
}

/** Whether a body is `{"requests": [...]}`; anything else is one request, and checked as one. */
function isBatch(body: unknown): boolean {
  return typeof body === 'object' && body !== null && Object.hasOwn(body, 'requests')
}

function toRequest(
  model: string,
  { include_consumed = false, exclude_sequence, user_features, ...body }: RecommendBody,
): RecommendRequest {
  return {
    model: { model },
    includeConsumed: include_consumed,
    ...(exclude_sequence !== undefined && { excludeSequence: exclude_sequence }),
    ...(user_features && { userFeatures: user_features }),
    ...body,
  }
}

/** How many entries of a batch are under way at a time: all at once would take the queue from everyone else. */
const entriesAtOnce = 64

/** Each entry gets its own answer or error, in order. */
async function answerBatch(
  request: FastifyRequest,
  requests: readonly unknown[],
  one: (body: unknown, outcome: Outcome) => Promise<unknown>,
): Promise<readonly unknown[]> {
  const { model } = request.outcome
  const entries = requests.map((): Outcome => ({ ...(model !== undefined && { model }), httpStatus: 200 }))
  request.entries = entries
  const responses: unknown[] = []
  for (let begin = 0; begin < requests.length; begin += entriesAtOnce) {
    const slice = requests.slice(begin, begin + entriesAtOnce).map((body, i) => {
      const outcome = entries[begin + i]!
      return one(body, outcome).catch((thrown) => {
        const refusal = refusalOf(thrown)
        noteRefusal(outcome, refusal)
        return errorBody(refusal.error)
      })
    })
    responses.push(...(await Promise.all(slice)))
  }
  return responses
}

/** Step 9 of the walk, and what the request event needs to know. */
function answer(
  response: RecommendResponse,
  { outcome, requestId }: { outcome: Outcome; requestId: string },
) {
  const { servable, unknownItems, ...rest } = response
  outcome.version = servable.version
  return {
    model: servable.model,
    version: servable.version,
    request_id: requestId,
    ...rest,
    ...(unknownItems !== undefined && { unknown_items: unknownItems }),
  }
}

function answerSimilar(request: FastifyRequest, { servable, ...rest }: SimilarResponse) {
  request.outcome.version = servable.version
  return { model: servable.model, version: servable.version, request_id: request.id, ...rest }
}
