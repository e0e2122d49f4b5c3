/**
 * The wire of LibRecommender's libserving, `POST /{knn,embed}/recommend`: its requests and both its answer shapes
 * (sanic_serving/common.py, actix_serving/src/common.rs), with right answers in them (docs/from-libserving.md).
 */
import { STATUS_CODES } from 'node:http'
import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import { RecserveError } from '../../core/errors.js'
import type { RecommendResponse, Service } from '../../service/service.js'
import { callOf } from '../call.js'
import { decode, expected, id, ids } from '../json-body.js'
import type { Protocol, ProtocolContext } from '../protocol.js'
import { noteRefusal, refusalOf } from '../refusal.js'

/** Route and model kind by libserving's word for it. */
const kinds = ['knn', 'embed'] as const
type Kind = (typeof kinds)[number]

const countText = z
  .string()
  .regex(/^\s*\+?\d{1,9}\s*$/)
  .transform(Number)
const count = 'an integer, 0 or more'
/** pydantic takes `"5"` and `5.0` for an int; there is no upper bound: 30,000 gives what there is. */
const nRec = z.union([z.int().min(0), countText], expected(count))
const feature = z.union([z.string(), z.number()], expected('a string or a number'))

/** sanic_serving/common.py `Params`, extra fields forbidden. */
const pythonRequest = z.strictObject(
  {
    user: id,
    n_rec: nRec,
    user_feats: z.record(z.string(), feature, expected('an object')).nullish(),
    seq: ids.nullish(),
  },
  expected('a JSON object'),
)

/** actix_serving's `Payload`: the user is text, other fields are ignored. */
const rustRequest = z.object({ user: z.string(expected('a string')), n_rec: z.int().min(0, expected(count)) })

export const libserving: Protocol = {
  name: 'libserving',

  register(app, context) {
    const form = context.libservingAnswers === 'rust' ? rust : python
    app.setErrorHandler((thrown, request, reply) => {
      const { status, error } = refusalOf(thrown)
      noteRefusal(request, error)
      return form.sendError(reply, status, error.message)
    })
    for (const kind of kinds) {
      app.post(`/${kind}/recommend`, async (request, reply) => {
        const { user, n, sequence } = form.decode(request.body)
        const asked = { model: { model: chooseModel(kind, context) }, user, n }
        const call = callOf(reply)
        const response = await context.service
          .recommend(asked, call)
          // libserving ignores `seq` on these routes: it only helps where libserving would answer nothing.
          .catch((thrown) => {
            if (!isUnknownUser(thrown) || !sequence?.length) throw thrown
            return context.service.recommend({ ...asked, sequence }, call)
          })
          .catch((thrown) => {
            throw isUnknownUser(thrown)
              ? new RecserveError('invalid_argument', form.unknownUser(user))
              : thrown
          })
        request.outcome.model = response.servable.model
        request.outcome.version = response.servable.version
        return form.answer(response, user)
      })
    }
  },
}

interface Form {
  decode(body: unknown): { user: string; n: number; sequence?: readonly string[] | undefined }
  answer(response: RecommendResponse, user: string): unknown
  unknownUser(user: string): string
  sendError(reply: FastifyReply, status: number, message: string): FastifyReply
}

const python: Form = {
  decode(body) {
    try {
      const { user, n_rec, seq } = decode(pythonRequest, body)
      return { user, n: n_rec, sequence: seq ?? undefined }
    } catch (error) {
      const message = `Invalid payload: \`${(error as Error).message}\`, please check key name and value type.`
      throw new RecserveError('invalid_argument', message)
    }
  },
  answer: ({ items }, user) => ({ [`Recommend result for user ${user}`]: items.map(({ item }) => item) }),
  unknownUser: (user) => `Invalid user ${user} doesn't exist`,
  // sanic's own JSON form of an exception.
  sendError: (reply, status, message) =>
    reply.code(status).send({ description: STATUS_CODES[status] ?? 'Error', status, message }),
}

const rust: Form = {
  decode(body) {
    const { user, n_rec } = decode(rustRequest, body)
    return { user, n: n_rec }
  },
  answer: ({ items }) => ({ rec_list: items.map(({ item }) => item) }),
  unknownUser: () => "error: `request user` doesn't exist",
  sendError: (reply, status, message) =>
    reply
      .code(status)
      .type('text/plain; charset=utf-8')
      .send(message.startsWith('error: ') ? message : `error: ${message}`),
}

const isUnknownUser = (thrown: unknown) => thrown instanceof RecserveError && thrown.code === 'not_found'

/**
 * The model a libserving route means: the operator's choice, or the only one of that kind.
 * @throws RecserveError `not_found` when there is none, `failed_precondition` when there are several.
 */
function chooseModel(kind: Kind, { service, libservingModels }: ProtocolContext): string {
  const names = namesOf(service, `libreco-${kind}`)
  const chosen = libservingModels.get(kind)
  if (chosen !== undefined) {
    if (names.includes(chosen)) return chosen
    throw new RecserveError('unavailable', `the ${kind} model chosen for this route is not served here`)
  }
  if (names.length === 1) return names[0]!
  if (names.length === 0) throw new RecserveError('unavailable', `no ${kind} model is served here`)
  throw new RecserveError(
    'failed_precondition',
    `several ${kind} models are served here (${names.join(', ')}): choose one with --libserving-model ${kind}=NAME`,
  )
}

function namesOf(service: Service, kind: string): readonly string[] {
  const models = service.models().filter((status) => status.kind === kind && status.state !== 'end')
  return [...new Set(models.map(({ servable }) => servable.model))].sort()
}
