/**
 * Where ONNX is more generous than TensorFlow: it repeats an axis of size 1 where TensorFlow demands the other's size. What
 * these emit fails in the runtime unless the demand is met, and then the kernels refuse in TensorFlow's words. All but the
 * Reshape, which moves no data, work on shapes: a few numbers.
 */
import type { GraphBuilder } from './graph-builder.js'

/** Zero is a size, as in TensorFlow, and not "as it was". */
const allowZero = { allowzero: { int: 1 } }
/** A size that no tensor has, and that Reshape refuses. */
const impossible = -2

/** The first of tensors that must all have its shape; all have the same rank. */
export function demandOneShape(graph: GraphBuilder, names: readonly string[]): string {
  const [first, ...others] = names.map((name) => graph.emit('Shape', [name]))
  const equal = others
    .map((shape) => graph.emit('Equal', [first!, shape]))
    .reduce((all, next) => graph.emit('And', [all, next]))
  return reshapeIf(graph, { name: names[0]!, shape: first!, isMet: equal })
}

/** The second tensor; of each label that both have, it must have the size that the first one has. */
export function demandLabels(
  graph: GraphBuilder,
  [a, b]: readonly [string, string],
  [aLabels, bLabels]: readonly [string, string],
): string {
  const shape = graph.emit('Shape', [b])
  const sizes = graph.emit('Concat', [graph.emit('Shape', [a]), shape], { axis: { int: 0 } })
  // Where the first one lacks the label, the second is held against itself.
  const places = Array.from(bLabels, (label, axis) => {
    const other = aLabels.indexOf(label)
    return other < 0 ? aLabels.length + axis : other
  })
  const expected = graph.emit('Gather', [sizes, graph.ints(places)], { axis: { int: 0 } })
  return reshapeIf(graph, { name: b, shape, isMet: graph.emit('Equal', [shape, expected]) })
}

/** A tensor whose last axis must be of this size: the others are taken over as they are. */
export function demandWidth(
  graph: GraphBuilder,
  { name, rank }: { readonly name: string; readonly rank: number },
  width: number,
): string {
  return graph.emit('Reshape', [name, graph.ints([...new Array<number>(rank - 1).fill(0), width])])
}

interface Demand {
  readonly name: string
  readonly shape: string
  /** For each size whether it is right. */
  readonly isMet: string
}

function reshapeIf(graph: GraphBuilder, { name, shape, isMet }: Demand): string {
  const target = graph.emit('Where', [isMet, shape, graph.ints([impossible])])
  return graph.emit('Reshape', [name, target], allowZero)
}
