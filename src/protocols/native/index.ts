/** recserve's own wire: `/v1/recommend`, `/v1/similar`. */
import type { FastifyRequest } from 'fastify'
import type { z } from 'zod'
import type { RecommendRequest, RecommendResponse, SimilarResponse } from '../../service/service.js'
import { callOf } from '../call.js'
import { decode } from '../json-body.js'
import type { Protocol } from '../protocol.js'
import { errorBody, refusalOf } from '../refusal.js'
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
      if (!isBatch(request.body)) {
        const body = decode(schemas.recommend, request.body)
        const response = await service.recommend(toRequest(model, body), call)
        return answer(request, response)
      }
      const { requests } = decode(schemas.batch, request.body)
      const responses = await Promise.all(
        requests.map(async (one) => {
          try {
            const body = decode(schemas.recommend, one)
            return answer(request, await service.recommend(toRequest(model, body), call))
          } catch (thrown) {
            return errorBody(refusalOf(thrown).error)
          }
        }),
      )
      return { responses }
    })

    app.get<{ Params: Params }>('/v1/recommend/:model/:user', async (request, reply) => {
      const { model, user } = request.params
      const query = decode(schemas.recommendQuery, request.query)
      const response = await service.recommend(toRequest(model, { user, ...query }), callOf(reply))
      return answer(request, response)
    })

    app.get<{ Params: Params }>('/v1/similar/:model/:item', async (request, reply) => {
      const { model, item } = request.params
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

function toRequest(model: string, { include_consumed = false, ...body }: RecommendBody): RecommendRequest {
  return { model: { model }, includeConsumed: include_consumed, ...body }
}

/** Step 9 of the walk, and what the request event needs to know. */
function answer(request: FastifyRequest, response: RecommendResponse) {
  const { servable, unknownItems, ...rest } = response
  request.outcome.model = servable.model
  request.outcome.version = servable.version
  return {
    model: servable.model,
    version: servable.version,
    request_id: request.id,
    ...rest,
    ...(unknownItems !== undefined && { unknown_items: unknownItems }),
  }
}

function answerSimilar(request: FastifyRequest, { servable, ...rest }: SimilarResponse) {
  request.outcome.model = servable.model
  request.outcome.version = servable.version
  return { model: servable.model, version: servable.version, request_id: request.id, ...rest }
}
