/**
 * The wire of LibRecommender's libserving, `POST /{knn,embed,tf,online}/recommend`: its requests and both its answer shapes
 * (sanic_serving/common.py, actix_serving/src/common.rs), with right answers in them (docs/from-libserving.md).
 */
import { STATUS_CODES } from 'node:http'
import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import type { Call } from '../../core/call.js'
import { RecserveError } from '../../core/errors.js'
import type { RecommendRequest, RecommendResponse, Service } from '../../service/service.js'
import { callOf } from '../call.js'
import { decode, expected, features, id, ids } from '../json-body.js'
import type { Protocol, ProtocolContext } from '../protocol.js'
import { refuse } from '../refusal.js'

/** Route and model kind by libserving's word for it. */
const kinds = ['knn', 'embed', 'tf', 'online'] as const
type Kind = (typeof kinds)[number]

/** pydantic takes `"5"` and `5.0` for an int; there is no upper bound: 30,000 gives what there is. */
const nRec = z
  .custom<string | number>((value) => {
    const count = typeof value === 'string' && /^\s*\+?\d{1,15}\s*$/.test(value) ? Number(value) : value
    return Number.isSafeInteger(count) && (count as number) >= 0
  }, expected('an integer, 0 or more'))
  .transform(Number)

/** sanic_serving/common.py `Params`, extra fields forbidden. */
const pythonRequest = z.strictObject(
  {
    user: id,
    n_rec: nRec,
    user_feats: features.nullish(),
    seq: ids.nullish(),
  },
  expected('a JSON object'),
)

/** actix_serving's `Payload`: the user is text, other fields are ignored. */
const rustFields = { user: z.string(expected('a string')), n_rec: nRec }
const rustRequest = z.object(rustFields, expected('a JSON object'))

/** Its `RealtimePayload`. */
const rustGraphRequest = z.object(
  { ...rustFields, user_feats: features.nullish(), seq: ids.nullish() },
  expected('a JSON object'),
)

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
        const payload = decodeAs(form, kind, request.body)
        const model = chooseModel(kind, context)
        request.outcome.model = model
        const response = await recommend(context.service, { kind, model, payload }, callOf(reply)).catch(
          (thrown) => {
            throw isUnknownUser(thrown)
              ? new RecserveError('invalid_argument', form.unknownUser(payload.user))
              : thrown
          },
        )
        request.outcome.version = response.servable.version
        const warnings = warningsOf(kind, payload, response)
        if (warnings.length > 0) reply.header(warningsHeader, toHeader(warnings))
        return form.answer(response, payload.user)
      })
    }
  },
}

interface Payload {
  readonly user: string
  readonly n: number
  readonly sequence: RecommendRequest['sequence'] | undefined
  readonly features: RecommendRequest['userFeatures'] | undefined
}

interface Asked {
  readonly kind: Kind
  readonly model: string
  readonly payload: Payload
}

/**
 * Vectors answer a known user, so that a `seq` only helps where libserving would answer nothing; a graph reads it, as the
 * library's `recommend_user` does.
 */
async function recommend(
  service: Service,
  { kind, model, payload: { user, n, sequence, features } }: Asked,
  call: Call,
): Promise<RecommendResponse> {
  const asked = { model: { model }, user, n }
  const withSequence = { ...asked, ...(sequence && { sequence }) }
  if (kind === 'tf') return service.recommend(withSequence, call)
  if (kind === 'online') {
    return service.recommend({ ...withSequence, ...(features && { userFeatures: features }) }, call)
  }
  return service.recommend(asked, call).catch((thrown) => {
    if (!isUnknownUser(thrown) || !sequence?.length) throw thrown
    return service.recommend(withSequence, call)
  })
}

/** What was not used of a request whose answer has no place to say so: a JSON list. */
const warningsHeader = 'x-warnings'
const maxWarnings = 10

function warningsOf(
  kind: Kind,
  { features }: Payload,
  { warnings = [] }: RecommendResponse,
): readonly string[] {
  const isIgnored = kind === 'tf' && Object.keys(features ?? {}).length > 0
  const ignored = 'user_feats are not used: save_tf leaves out their names and values, save_online has them'
  return [...(isIgnored ? [ignored] : []), ...warnings].slice(0, maxWarnings)
}

/** Headers carry ASCII; all else is escaped as JSON escapes it. */
function toHeader(warnings: readonly string[]): string {
  return JSON.stringify(warnings).replace(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

interface Form {
  decode(body: unknown, kind: Kind): Payload
  answer(response: RecommendResponse, user: string): unknown
  unknownUser(user: string): string
  invalid(message: string): string
  sendError(reply: FastifyReply, status: number, message: string): FastifyReply
}

const python: Form = {
  decode(body) {
    const { user, n_rec, user_feats, seq } = decode(pythonRequest, body)
    return { user, n: n_rec, sequence: seq ?? undefined, features: user_feats ?? undefined }
  },
  invalid: (message) => `Invalid payload: \`${message}\`, please check key name and value type.`,
  answer: ({ items }, user) => ({ [`Recommend result for user ${user}`]: items.map(({ item }) => item) }),
  unknownUser: (user) => `Invalid user ${user} doesn't exist`,
  // sanic's own JSON form of an exception.
  sendError: (reply, status, message) =>
    reply.code(status).send({ description: STATUS_CODES[status] ?? 'Error', status, message }),
}

const rust: Form = {
  decode(body, kind) {
    if (kind === 'knn' || kind === 'embed') {
      const { user, n_rec } = decode(rustRequest, body)
      return { user, n: n_rec, sequence: undefined, features: undefined }
    }
    const { user, n_rec, user_feats, seq } = decode(rustGraphRequest, body)
    return { user, n: n_rec, sequence: seq ?? undefined, features: user_feats ?? undefined }
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

function decodeAs(form: Form, kind: Kind, body: unknown): Payload {
  try {
    return form.decode(body, kind)
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
