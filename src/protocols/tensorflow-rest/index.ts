/** TensorFlow Serving's REST API below `/v1/models` (model_servers/http_rest_api_handler.cc), its errors included. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { RecserveError } from '../../core/errors.js'
import { encodeError } from '../../formats/tensorflow-json/error-body.js'
import type { Service } from '../../service/service.js'
import { callOf } from '../call.js'
import type { Protocol } from '../protocol.js'
import { refuse } from '../refusal.js'
import { acceptBytes } from './body.js'
import { notServed, specOf } from './model-spec.js'
import { type ModelPath, parseModelPath } from './path.js'
import { predict } from './predict.js'
import { results } from './results.js'
import { metadataBody, statusBody } from './status-body.js'

export interface TensorflowRestOptions {
  /** Every answer lets scripts of any site read it (`--rest_api_enable_cors_support`). */
  readonly cors?: boolean
}

export function createTensorflowRest({ cors = false }: TensorflowRestOptions = {}): Protocol {
  return {
    name: 'tensorflow-rest',

    register(app, { service, maxTensorBodyBytes }) {
      acceptBytes(app, maxTensorBodyBytes)
      if (cors) allowAnyOrigin(app)
      app.setErrorHandler((thrown, request, reply) => {
        const { status, error } = refuse(request, reply, thrown)
        return send(reply.code(status), encodeError(error.message))
      })
      for (const url of ['/v1/models', '/v1/models/*']) {
        app.options(url, answerPreflight)
        app.route({
          url,
          method: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD'],
          bodyLimit: maxTensorBodyBytes,
          handler: (request, reply) =>
            answer(service, request, { reply, maxExampleBytes: maxTensorBodyBytes }),
        })
      }
    },
  }
}

export const tensorflowRest = createTensorflowRest()

interface Answering {
  readonly reply: FastifyReply
  readonly maxExampleBytes: number
}

async function answer(
  service: Service,
  request: FastifyRequest,
  { reply, maxExampleBytes }: Answering,
): Promise<FastifyReply> {
  const path = parseModelPath(request.method, request.raw.url ?? '')
  request.outcome.model = path.model
  if (path.action === 'status') return send(reply, statusOf(service, path))
  if (path.action === 'metadata') {
    const found = await service.signatures(specOf(path)).catch((thrown) => notServed(thrown, path))
    request.outcome.version = found.servable.version
    return send(reply, metadataBody(found))
  }
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
  const call = { body, call: callOf(reply) }
  const answered =
    path.action === 'predict'
      ? await predict(service, path, call)
      : await results(service, path, { ...call, method: path.action, maxExampleBytes })
  request.outcome.version = answered.version
  return send(reply, answered.body)
}

const send = (reply: FastifyReply, body: string | Buffer): FastifyReply =>
  reply.header('content-type', 'application/json').send(Buffer.isBuffer(body) ? body : Buffer.from(body))

/** Labels are ignored here, as in the original. */
function statusOf(service: Service, { model, version }: ModelPath): string {
  const ofModel = service.models().filter(({ servable }) => servable.model === model)
  const found = ofModel.filter(({ servable }) => version === undefined || servable.version === version)
  if (found.length > 0) return statusBody(found)
  const what =
    version === undefined ? `any versions of model ${model}` : `version ${version} of model ${model}`
  throw new RecserveError('not_found', `Could not find ${what}`)
}

function allowAnyOrigin(app: FastifyInstance): void {
  app.addHook('onSend', async (_request, reply) => {
    reply.header('access-control-allow-origin', '*')
    reply.header('access-control-allow-methods', 'POST, GET')
    reply.header('access-control-allow-headers', 'Content-Type')
  })
}

/** Taken whether or not answers allow other origins, as in the original. */
async function answerPreflight(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const isKnown = /https?:\/\//.test(request.headers.origin ?? '')
  return reply.code(isKnown ? 200 : 400).send()
}
