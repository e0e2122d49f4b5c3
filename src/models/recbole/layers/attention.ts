import type { GraphBuilder } from '../../../formats/onnx/graph-builder.js'

export interface AttentionInputs {
  /** float32 [B, Q, size]. */
  readonly query: string
  /** float32 [B, T, size]. */
  readonly key: string
  /** float32 [B, T, size]. */
  readonly value: string
  /** Added to the logits; float32, of a shape that spreads to [B, heads, Q, T]. */
  readonly mask: string
  readonly heads: number
  readonly size: number
}

/**
 * Scaled dot-product attention of several heads, each reading a slice of `size / heads` channels:
 * softmax(q · kᵀ / √(size/heads) + mask) · v, heads side by side again.
 * @returns float32 [B, Q, size]
 */
export function attend(graph: GraphBuilder, inputs: AttentionInputs): string {
  const { heads, size, mask } = inputs
  const width = size / heads
  const query = splitHeads(graph, inputs.query, { heads, width })
  const key = splitHeads(graph, inputs.key, { heads, width, perm: [0, 2, 3, 1] })
  const value = splitHeads(graph, inputs.value, { heads, width })
  const logits = graph.emit('Div', [graph.emit('MatMul', [query, key]), graph.float(Math.sqrt(width))])
  const shares = graph.emit('Softmax', [graph.emit('Add', [logits, mask])], { axis: { int: -1 } })
  return joinHeads(graph, graph.emit('MatMul', [shares, value]), size)
}

/** float32 [B, T, heads · width] → [B, heads, T, width], or in the order that `perm` gives of [B, T, heads, width]. */
export function splitHeads(
  graph: GraphBuilder,
  x: string,
  options: { readonly heads: number; readonly width: number; readonly perm?: readonly number[] },
): string {
  const { heads, width, perm = [0, 2, 1, 3] } = options
  const split = graph.emit('Reshape', [x, graph.ints([0, 0, heads, width])])
  return graph.emit('Transpose', [split], { perm: { ints: perm } })
}

/** float32 [B, heads, T, width] → [B, T, size]. */
export function joinHeads(graph: GraphBuilder, x: string, size: number): string {
  const together = graph.emit('Transpose', [x], { perm: { ints: [0, 2, 1, 3] } })
  return graph.emit('Reshape', [together, graph.ints([0, 0, size])])
}
