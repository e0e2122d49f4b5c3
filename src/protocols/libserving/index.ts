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
import { refuse } from '../refusal.js'

/** Route and model kind by libserving's word for it. */
const kinds = ['knn', 'embed'] as const
type Kind = (typeof kinds)[number]

/** pydantic takes `"5"` and `5.0` for an int; there is no upper bound: 30,000 gives what there is. */
const nRec = z
  .custom<string | number>((value) => {
    const count = typeof value === 'string' && /^\s*\+?\d{1,15}\s*$/.test(value) ? Number(value) : value
    return Number.isSafeInteger(count) && (count as number) >= 0
  }, expected('an integer, 0 or more'))
  .transform(Number)
const feature = z.custom(
  (value) => ['string', 'number'].includes(typeof value),
  expected('a string or a number'),
)

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
const rustRequest = z.object({ user: z.string(expected('a string')), n_rec: nRec }, expected('a JSON object'))

export const libserving: Protocol = {
  name: 'libserving',

  register(app, context) {
    const form = context.libservingAnswers === 'rust' ? rust : python
    app.setErrorHandler((thrown, request, reply) => {
      const { status, error } = refuse(request, reply, thrown)
      const isUnreadable = error.cause instanceof SyntaxError
      return form.sendError(reply, status, isUnreadable ? form.invalid(error.message) : error.message)
    })
    for (const kind of kinds) {
      app.post(`/${kind}/recommend`, async (request, reply) => {
        const { user, n, sequence } = decodeAs(form, request.body)
        const model = chooseModel(kind, context)
        request.outcome.model = model
        const asked = { model: { model }, user, n }
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
  invalid(message: string): string
  sendError(reply: FastifyReply, status: number, message: string): FastifyReply
}

const python: Form = {
  decode(body) {
    const { user, n_rec, seq } = decode(pythonRequest, body)
    return { user, n: n_rec, sequence: seq ?? undefined }
  },
  invalid: (message) => `Invalid payload: \`${message}\`, please check key name and value type.`,
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
  invalid: (message) => message,
  unknownUser: () => "error: `request user` doesn't exist",
  sendError: (reply, status, message) =>
    reply
      .code(status)
      .type('text/plain; charset=utf-8')
      .send(message.startsWith('error: ') ? message : `error: ${message}`),
}

function decodeAs(form: Form, body: unknown): ReturnType<Form['decode']> {
  try {
    return form.decode(body)
  } catch (error) {
    throw new RecserveError('invalid_argument', form.invalid((error as Error).message))
  }
}

const isUnknownUser = (thrown: unknown) => thrown instanceof RecserveError && thrown.code === 'not_found'

/**
 * The model a libserving route means: the operator's choice, or the only one of that kind.
 * @throws RecserveError `not_found` when there is none or the chosen one is not here, `failed_precondition` when there are several.
 */
function chooseModel(kind: Kind, { service, libservingModels }: ProtocolContext): string {
  const names = namesOf(service, `libreco-${kind}`)
  const chosen = libservingModels.get(kind)
  if (chosen !== undefined ? names.includes(chosen) : names.length === 1) return chosen ?? names[0]!
  const served =
    names.length === 0 ? `no ${kind} model is served here` : `${kind} models here: ${names.join(', ')}`
  if (chosen !== undefined) {
    throw new RecserveError(
      'not_found',
      `--libserving-model names '${chosen}' for this route, which is not here; ${served}`,
    )
  }
  if (names.length === 0) throw new RecserveError('not_found', served)
  throw new RecserveError(
    'failed_precondition',
    `several ${kind} models are served here (${names.join(', ')}): choose one with --libserving-model ${kind}=NAME`,
  )
}

function namesOf(service: Service, kind: string): readonly string[] {
  const models = service.models().filter((status) => status.kind === kind && status.state !== 'end')
  return [...new Set(models.map(({ servable }) => servable.model))].sort()
}
