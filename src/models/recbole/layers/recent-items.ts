import type { Network } from './network.js'

/**
 * The last `count` items of each request, oldest first; 0 before its start.
 * @returns int64 [B, count]
 */
export function recentItems({ graph, items, length }: Network, count: number): string {
  const padded = graph.emit('Pad', [items, graph.ints([0, count, 0, 0]), graph.int(0)])
  const steps = graph.ints(Array.from({ length: count }, (_, j) => j))
  const indices = graph.emit('Add', [graph.emit('Unsqueeze', [length, graph.ints([1])]), steps])
  return graph.emit('GatherElements', [padded, indices], { axis: { int: 1 } })
}
