/** Each wire: decode, call service, encode. The front door of `protocols/`. */
import type { FastifyInstance } from 'fastify'
import type { Code } from '../core/errors.js'
import type { StageListener } from '../core/stage-events.js'
import type { Service } from '../service/service.js'

/** A body of text and its media type. */
export interface Text {
  readonly contentType: string
  readonly body: string
}

export interface ProtocolContext {
  readonly service: Service
  readonly onEvent: StageListener
  /** Most items one native request may ask for. */
  readonly maxN: number
  /** Largest body of a request that carries tensors. */
  readonly maxTensorBodyBytes: number
  /** Answer shape of the libserving wire. */
  readonly libservingAnswers: 'python' | 'rust'
  /** Model name by libserving kind (`knn`, `embed`), where the operator has chosen. */
  readonly libservingModels: ReadonlyMap<string, string>
  /** Whether the sequential API leaves the items of the sequence out of its answers. */
  readonly userToItemMask: boolean
  /** Metrics in Prometheus's text format. */
  readonly metrics: () => Promise<Text>
}

/** One wire: a line in `protocols/index.ts`. */
export interface Protocol {
  readonly name: string
  /** Adds the wire's routes to a scope of its own: hooks and error handlers set there touch no other wire. */
  register(app: FastifyInstance, context: ProtocolContext): void
}

/** What became of a request, or of one entry of a batch, for the request event; the wire fills it in. */
export interface Outcome {
  model?: string
  version?: number
  code?: Code
  /** What the client was told of its error. */
  message?: string
  cause?: unknown
  /** Of an entry, as if it had been a request of its own. */
  httpStatus?: number
}

declare module 'fastify' {
  interface FastifyRequest {
    outcome: Outcome
    /** Of a batch: each is told as a request of its own. */
    entries?: Outcome[]
  }
  interface FastifyContextConfig {
    wire?: string
    /** Of a route that only refuses, in its wire's form: it is not told as one that there is. */
    isRefusal?: boolean
  }
}
