/** Steps over the positions of a padded sequence that most architectures take. */
import type { Network, Table } from './network.js'

/**
 * The vectors of the items of each request.
 * @param table.key of the embedding: reads [rows, size]; `key` is the whole name, `item_embedding.weight`
 * @returns float32 [B, T, size]
 */
export function itemEmbedding(net: Network, table: Table): string {
  return net.graph.emit('Gather', [net.weight(table.key, table.shape), net.items])
}

/**
 * One row of each request, at its last item.
 * @param x float32 [B, T, H]
 * @returns float32 [B, H]
 */
export function atLastItem(net: Network, x: string): string {
  const { graph } = net
  const last = graph.emit('Sub', [net.length, graph.int(1)])
  const indices = graph.emit('Unsqueeze', [last, graph.ints([1])])
  return graph.emit('GatherND', [x, indices], { batch_dims: { int: 1 } })
}

/** T, the padded length, as int64 [1]. */
export function paddedLength(net: Network): string {
  return net.graph.emit('Shape', [net.items], { start: { int: 1 }, end: { int: 2 } })
}

/**
 * The first T rows of a position table.
 * @param table.shape [maxLength, size]
 * @returns float32 [T, size]
 */
export function positionEmbedding(net: Network, table: Table): string {
  const { graph } = net
  const rows = net.weight(table.key, table.shape)
  return graph.emit('Slice', [rows, graph.ints([0]), paddedLength(net), graph.ints([0])])
}

/** Which positions hold items, bool [B, T]. */
export function isItem(net: Network): string {
  return net.graph.emit('Greater', [net.items, net.graph.int(0)])
}

/** 1 where a position holds an item, 0 on the padding; float32 [B, T]. */
export function itemMask(net: Network): string {
  return net.graph.cast(isItem(net), 'float32')
}

/** x divided by max(‖x‖₂, 1e-12) along the last axis, PyTorch's `F.normalize`. */
export function normalized({ graph }: Network, x: string): string {
  const norm = graph.emit('ReduceL2', [x, graph.ints([-1])], { keepdims: { int: 1 } })
  return graph.emit('Div', [x, graph.emit('Max', [norm, graph.float(1e-12)])])
}

/**
 * The sum of the rows of each request, each times its weight.
 * @param weights float32 [B, T]
 * @param x float32 [B, T, H]
 * @returns float32 [B, H]
 */
export function weightedSum({ graph }: Network, weights: string, x: string): string {
  const row = graph.emit('Unsqueeze', [weights, graph.ints([1])])
  return graph.emit('Squeeze', [graph.emit('MatMul', [row, x]), graph.ints([1])])
}

/** Takes away a last axis of length 1. */
export function withoutLastAxis({ graph }: Network, x: string): string {
  return graph.emit('Squeeze', [x, graph.ints([-1])])
}

/** Puts an axis of length 1 in front of the last one: [B, H] → [B, 1, H], to be added to [B, T, H]. */
export function forEveryPosition({ graph }: Network, x: string): string {
  return graph.emit('Unsqueeze', [x, graph.ints([1])])
}
