import type { Network, Table } from './network.js'

/**
 * The vector of each request's user.
 * @returns float32 [B, columns]
 */
export function userEmbedding(net: Network, { key, shape }: Table): string {
  return net.graph.emit('Gather', [net.weight(key, shape), net.user])
}
