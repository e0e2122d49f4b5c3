import type { Server } from 'node:http'
import type { Socket } from 'node:net'

export interface Connections {
  /** Whether this connection came when there were too many already: to be refused politely, then closed. */
  isOverLimit(socket: Socket): boolean
  destroyAll(): void
}

/** Watches a server's open connections. Beyond twice the limit they are closed at once, without an answer. */
export function limitConnections(server: Server, maxConnections: number): Connections {
  const open = new Set<Socket>()
  const overLimit = new WeakSet<Socket>()
  server.maxConnections = 2 * maxConnections
  server.on('connection', (socket: Socket) => {
    if (open.size >= maxConnections) overLimit.add(socket)
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })
  return {
    isOverLimit: (socket) => overLimit.has(socket),
    destroyAll() {
      for (const socket of open) socket.destroy()
    },
  }
}
