import type { FastifyReply } from 'fastify'
import { RecserveError } from '../core/errors.js'

/** A signal that fires when the caller goes away before it has been answered. */
export function abortSignalOf(reply: FastifyReply): AbortSignal {
  const controller = new AbortController()
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort(new RecserveError('cancelled', 'the caller has left'))
  })
  return controller.signal
}
