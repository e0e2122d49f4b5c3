/** Answers to what is not an HTTP request at all, or not one in time: there is no request yet, only a socket. */
import { randomUUID } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { RecserveError } from '../core/errors.js'
import type { StageListener } from '../core/stage-events.js'
import { errorBody } from './refusal.js'

const refusals: Readonly<Record<string, { readonly status: number; readonly message: string }>> = {
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, message: 'the request did not come in time' },
  HPE_HEADER_OVERFLOW: { status: 431, message: 'the headers are larger than this server accepts' },
}
const notHttp = { status: 400, message: 'this is not an HTTP request' }

export function createClientErrorHandler(onEvent: StageListener) {
  return (thrown: NodeJS.ErrnoException, socket: Socket): void => {
    if (thrown.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy()
      return
    }
    const { status, message } = refusals[thrown.code ?? ''] ?? notHttp
    const code = status === 408 ? 'deadline_exceeded' : 'invalid_argument'
    const requestId = randomUUID()
    const body = JSON.stringify(errorBody(new RecserveError(code, message)))
    const head = [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      'content-type: application/json; charset=utf-8',
      `content-length: ${Buffer.byteLength(body)}`,
      `x-request-id: ${requestId}`,
      'connection: close',
    ]
    socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
    const event = { type: 'request', wire: 'http', route: '', requestId } as const
    onEvent({ ...event, code, httpStatus: status, durationMs: 0, message })
  }
}
