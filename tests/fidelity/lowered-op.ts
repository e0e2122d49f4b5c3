/** One op as a graph of one node on ONNX Runtime, and answers of the runtime compared with those of kernels. */

import type { GraphBuilder } from '../../src/engines/tensorflow/lowering/graph-builder.js'
import { lowerings } from '../../src/engines/tensorflow/lowering/index.js'
import type { Operand } from '../../src/engines/tensorflow/lowering/operand.js'
import { Piece } from '../../src/engines/tensorflow/lowering/piece.js'
import { buildPiece } from '../../src/engines/tensorflow/lowering/piece-graph.js'
import type { PieceRuntime } from '../../src/engines/tensorflow/lowering/session.js'
import type { AnyTensor } from '../../src/engines/tensorflow/op.js'
import type { Tensor } from '../../src/tensor/tensor.js'
import { toAnyTensor, toAttributes } from './op-cases.js'
import type { OpCase } from './recorded-op.js'

/** The case's op, its first input fed and the others too, unless `constants` says that they are known. */
export function runLowered(
  recorded: OpCase,
  expected: readonly AnyTensor[],
  { runtime, constants }: { readonly runtime: PieceRuntime; readonly constants: boolean },
): readonly AnyTensor[] | 'declined' | 'refused' {
  const lowering = lowerings.get(recorded.op)
  if (!lowering) return 'declined'
  const inputs = recorded.inputs.map(toAnyTensor)
  const attrs = toAttributes(recorded.attrs)
  const slots = {
    seen: (slot: number) => inputs[slot] ?? expected[slot - inputs.length]!,
    constant: (slot: number) => (constants && slot > 0 ? (inputs[slot] as Tensor) : undefined),
    hasRank: () => true,
  }
  const outputs = expected.map((_, i) => inputs.length + i)
  const lower = (graph: GraphBuilder, operand: (slot: number) => Operand) =>
    lowering({
      op: recorded.op,
      attrs,
      inputs: inputs.map((_, slot) => operand(slot)),
      outputs: outputs.map(slots.seen),
      graph,
    })
  const step = { inputs: inputs.map((_, i) => i), outputs, lower }
  const graph = buildPiece([step], new Set(outputs), slots)
  if (!graph || graph.inputs.length === 0) return 'declined'
  const cost = { fixedNs: 1e12, dataNs: 0, elements: 1 }
  let isRefused = false
  const kernels = () => {
    isRefused = true
    return []
  }
  const piece = new Piece(graph, runtime, {
    kernels,
    cost,
    tally: { runtime: 0, kernels: 0 },
    onRefused: () => {},
  })
  const answers = piece.run(graph.inputs.map(({ slot }) => inputs[slot]!)) as readonly AnyTensor[]
  piece.close()
  return isRefused ? 'refused' : answers
}

/** As DESIGN 4 has it: float32 within 1e-5 relative and 1e-6 of the largest value, the rest exact. */
export function differenceOf(actual: AnyTensor, expected: AnyTensor): string | undefined {
  if (actual.dtype !== expected.dtype) return `dtype ${actual.dtype}, not ${expected.dtype}`
  if (`${actual.shape}` !== `${expected.shape}` || actual.shape.length !== expected.shape.length)
    return `shape [${actual.shape}], not [${expected.shape}]`
  if (actual.dtype === 'string' || expected.dtype === 'string') return undefined
  const wanted = Array.from(expected.data as ArrayLike<number | bigint>, Number)
  const found = Array.from(actual.data as ArrayLike<number | bigint>, Number)
  const isFloat = expected.dtype === 'float32'
  const largest = Math.max(1, ...wanted.filter(Number.isFinite).map(Math.abs))
  for (const [i, value] of found.entries()) {
    const want = wanted[i]!
    if (Object.is(value, want) || value === want) continue
    if (isFloat && Math.abs(value - want) <= 1e-5 * Math.abs(want) + 1e-6 * largest) continue
    return `[${i}] is ${value}, not ${want}`
  }
  return undefined
}
