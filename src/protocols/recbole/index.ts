/** The API that RecBole's users write by hand around a sequential model: `POST /v1/{model}/user_to_item`, `GET /hello`. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { MissingField, RecserveError } from '../../core/errors.js'
import { callOf } from '../call.js'
import type { Protocol } from '../protocol.js'
import { noteRefusal, refuse } from '../refusal.js'
import { missing, parseUserToItem, ValidationError, type ValidationIssue } from './request.js'

const userToItem = '/v1/:model/user_to_item'

/** How many items of `sequence` the model does not know; absent when it knows them all. */
const unknownItemsHeader = 'x-unknown-items'

export const recbole: Protocol = {
  name: 'recbole',

  register(app, { service, userToItemMask }) {
    app.setErrorHandler(sendDetail)

    app.get('/hello', (_request, reply) =>
      reply.type('application/json').send(JSON.stringify('Hello Sequential Recommendation api')),
    )

    app.route({
      method: ['GET', 'PUT', 'PATCH', 'DELETE'],
      url: userToItem,
      config: { isRefusal: true },
      handler: refuseMethod,
    })

    app.post<{ Params: { readonly model: string } }>(userToItem, async (request, reply) => {
      const { model } = request.params
      request.outcome.model = model
      const { sequence, topk, user } = parse(request.body)
      const asked = {
        model: { model },
        sequence,
        n: topk,
        // RecBole's sequential models may recommend an item again (`repeatable: True`).
        includeConsumed: !userToItemMask,
        ...(user !== undefined && { user }),
      }
      const { servable, items, unknownItems } = await service.recommend(asked, callOf(reply))
      request.outcome.version = servable.version
      if (unknownItems !== undefined) reply.header(unknownItemsHeader, unknownItems)
      return { score_list: items.map(({ score }) => score), item_list: items.map(({ item }) => item) }
    })
  },
}

/** As Starlette answers a method that no route takes. */
function refuseMethod(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const status = 405
  const error = new RecserveError('unimplemented', `this route takes POST, not ${request.method}`)
  noteRefusal(request.outcome, { status, error })
  return reply.code(status).header('allow', 'POST').send({ detail: 'Method Not Allowed' })
}

/** @throws RecserveError `invalid_argument` whose cause tells what is wrong where */
function parse(body: unknown) {
  try {
    return parseUserToItem(body)
  } catch (cause) {
    if (!(cause instanceof ValidationError)) throw cause
    throw new RecserveError('invalid_argument', cause.message, { cause })
  }
}

/** FastAPI's form of an error: 422 and a list for a request that is not as it should be, a text for all else. */
function sendDetail(thrown: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { status, error } = refuse(request, reply, thrown)
  const issues = issuesOf(error)
  if (issues === undefined) return reply.code(status).send({ detail: error.message })
  request.outcome.httpStatus = 422
  return reply.code(422).send({ detail: issues })
}

function issuesOf({ cause, message }: RecserveError): readonly ValidationIssue[] | undefined {
  if (cause instanceof ValidationError) return cause.issues
  if (cause instanceof MissingField) return [missing(['body', cause.field])]
  // FastAPI tells the character, too; V8 does not always know it.
  return cause instanceof SyntaxError
    ? [{ loc: ['body'], msg: message, type: 'value_error.jsondecode' }]
    : undefined
}
