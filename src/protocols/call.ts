import { setMaxListeners } from 'node:events'
import type { FastifyReply } from 'fastify'
import type { Call } from '../core/call.js'
import { RecserveError } from '../core/errors.js'

/**
 * A call whose signal fires when the caller goes away before it has been answered. The signal is made when
 * somebody asks for it: 5 us a request, which a search in this process does not need.
 */
export function callOf(reply: FastifyReply): Call {
  let controller: AbortController | undefined
  return {
    get signal() {
      controller ??= abortOnClose(reply)
      return controller.signal
    },
  }
}

function abortOnClose({ raw }: FastifyReply): AbortController {
  const controller = new AbortController()
  // Every entry of a batch listens.
  setMaxListeners(0, controller.signal)
  const abort = () => controller.abort(new RecserveError('cancelled', 'the caller has left'))
  if (raw.destroyed) abort()
  raw.once('close', () => {
    if (!raw.writableFinished) abort()
  })
  return controller
}
