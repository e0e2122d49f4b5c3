/** One HTTP port for all wires: limits, request ids, request events, transport errors. */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { RecserveError } from '../core/errors.js'
import { createClientErrorHandler } from './client-error.js'
import { limitConnections } from './connections.js'
import { acceptJsonOnly } from './json-body.js'
import type { Protocol, ProtocolContext } from './protocol.js'
import { errorBody, noteRefusal, sendError } from './refusal.js'
import { createRouteList } from './route-list.js'

export interface HttpServerOptions {
  readonly protocols: readonly Protocol[]
  readonly context: ProtocolContext
  readonly maxConnections: number
  readonly maxBodyBytes: number
  /** How long a client may take to send one request. */
  readonly requestTimeoutMs: number
}

/**
 * How long a draining server still accepts: connections that wait in the kernel's accept queue, or were accepted and have
 * sent a request that is not read yet, would be reset by closing at once.
 */
const acceptMs = 200

export interface HttpServer {
  /** Starts to listen; port 0 takes any free one. */
  listen(address: { readonly host: string; readonly port: number }): Promise<AddressInfo>
  /** Stops accepting and answers what has been accepted; after `timeoutMs` connections still open are cut. */
  close(timeoutMs: number): Promise<void>
}

export function createHttpServer(options: HttpServerOptions): HttpServer {
  const app = createApp(options)
  const connections = limitConnections(app.server, options.maxConnections)
  let closing = false
  // Hooks that call back are a microsecond cheaper each than asynchronous ones, and these run for every request.
  app.addHook('onRequest', (request, reply, done) => {
    request.outcome = {}
    reply.header('x-request-id', request.id)
    if (closing) reply.header('connection', 'close')
    if (!connections.isOverLimit(request.raw.socket)) return done()
    reply.header('connection', 'close')
    const limit = `the limit is ${options.maxConnections}`
    done(new RecserveError('unavailable', `too many connections (${limit}); try again later`))
  })
  for (const protocol of options.protocols) {
    app.register(async (scope) => {
      scope.addHook('onRoute', (route) => {
        route.config = { ...route.config, wire: protocol.name }
      })
      protocol.register(scope, options.context)
    })
  }
  return {
    async listen({ host, port }) {
      await app.listen({ host, port })
      return app.server.address() as AddressInfo
    },
    async close(timeoutMs) {
      closing = true
      await sleep(Math.min(acceptMs, timeoutMs))
      const cut = setTimeout(() => connections.destroyAll(), timeoutMs)
      await app.close()
      clearTimeout(cut)
    },
  }
}

function createApp({ context, maxBodyBytes, requestTimeoutMs }: HttpServerOptions): FastifyInstance {
  const app = fastify({
    logger: false,
    bodyLimit: maxBodyBytes,
    requestTimeout: requestTimeoutMs,
    // A request that comes in on an open connection while we drain has been accepted: it is answered.
    return503OnClosing: false,
    genReqId: (request) => requestIdOf(request) ?? randomUUID(),
    routerOptions: { maxParamLength: 65536 },
    // Node looks for overdue requests this often; its default of 30 s would double a short time-out.
    http: { headersTimeout: requestTimeoutMs, connectionsCheckingInterval: Math.min(requestTimeoutMs, 1000) },
    // A URL that cannot be decoded comes past all hooks.
    frameworkErrors(thrown, request, reply) {
      request.outcome = {}
      sendError(request, reply.header('x-request-id', request.id), thrown)
      reportRequest(context, request, reply)
    },
    clientErrorHandler: createClientErrorHandler(context.onEvent),
  })
  acceptJsonOnly(app)
  app.decorateRequest('outcome', null as never)
  const routes = createRouteList(app)
  app.addHook('onResponse', (request, reply, done) => {
    reportRequest(context, request, reply)
    done()
  })
  app.setErrorHandler((thrown, request, reply) => sendError(request, reply, thrown))
  app.setNotFoundHandler((request, reply) => {
    const { status, error, allow } = routes.refusalOf(request.method, request.url)
    if (allow) reply.header('allow', allow)
    noteRefusal(request.outcome, { status, error })
    return reply.code(status).send(errorBody(error))
  })
  return app
}

/** A client's own request id, where it is safe to repeat in a header and a log line. */
function requestIdOf(request: IncomingMessage): string | undefined {
  const id = request.headers['x-request-id']
  return typeof id === 'string' && /^[\w.:/+=@-]{1,128}$/.test(id) ? id : undefined
}

/** One event for a request, or one for each entry of a batch. */
function reportRequest({ onEvent }: ProtocolContext, request: FastifyRequest, reply: FastifyReply): void {
  for (const { httpStatus = reply.statusCode, code = 'ok', ...outcome } of request.entries ?? [
    request.outcome,
  ]) {
    onEvent({
      type: 'request',
      wire: request.routeOptions.config.wire ?? 'http',
      route: request.routeOptions.url ?? '',
      requestId: request.id,
      httpStatus,
      code,
      durationMs: reply.elapsedTime,
      ...outcome,
    })
  }
}
