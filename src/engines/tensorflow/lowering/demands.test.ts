/** Kernels against pieces on every small shape: the runtime must refuse what TensorFlow refuses, however generous ONNX is. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RecserveError } from '../../../core/errors.js'
import type { AttrMap, AttrValue } from '../../../formats/tensorflow/graph.js'
import { sizeOf, type Tensor, tensor } from '../../../tensor/tensor.js'
import { createAttributes } from '../attributes.js'
import type { AnyTensor, Attributes } from '../op.js'
import { pureOps } from '../ops/index.js'
import { lowerings } from './index.js'
import { Piece } from './piece.js'
import { buildPiece } from './piece-graph.js'
import { openPieceRuntime } from './session.js'

const runtime = openPieceRuntime({ intraOpThreads: 1 })
const skip = runtime === undefined && 'no runtime for this platform'

interface Subject {
  readonly op: string
  /** Shapes that go together: what is seen when the op is lowered. */
  readonly shapes: readonly (readonly number[])[]
  readonly attrs?: Readonly<Record<string, Partial<AttrValue>>>
  /** Inputs that are constants of the graph. */
  readonly constants?: readonly number[]
  readonly conditions?: readonly number[]
}

const text = (value: string) => ({ s: new TextEncoder().encode(value) })
const einsum = (equation: string, ...shapes: readonly number[][]): Subject => ({
  op: 'Einsum',
  shapes,
  attrs: { equation: text(equation) },
})

const subjects: readonly Subject[] = [
  {
    op: 'Select',
    shapes: [
      [2, 3],
      [2, 3],
      [2, 3],
    ],
    conditions: [0],
  },
  { op: 'Select', shapes: [[2], [2], [2]], conditions: [0] },
  {
    op: 'SelectV2',
    shapes: [
      [2, 3],
      [2, 3],
      [2, 3],
    ],
    conditions: [0],
  },
  {
    op: 'AddN',
    shapes: [
      [2, 3],
      [2, 3],
    ],
  },
  { op: 'AddN', shapes: [[2], [2], [2]] },
  einsum('ab,bc->ac', [2, 3], [3, 2]),
  einsum('ab,ab->a', [2, 3], [2, 3]),
  einsum('ab,cb->ac', [2, 3], [2, 3]),
  { op: 'BiasAdd', shapes: [[2, 3], [3]] },
  { op: 'BiasAdd', shapes: [[2, 3], [3]], constants: [1] },
  { op: 'BiasAdd', shapes: [[2, 1], [1]], constants: [1] },
  { op: 'BiasAdd', shapes: [[1, 2, 3], [3]], constants: [1] },
  {
    op: 'MatMul',
    shapes: [
      [2, 3],
      [3, 2],
    ],
  },
  {
    op: 'BatchMatMulV2',
    shapes: [
      [2, 2, 3],
      [2, 3, 2],
    ],
  },
  { op: 'AddV2', shapes: [[2, 3], [3]] },
  {
    op: 'Maximum',
    shapes: [
      [2, 3],
      [2, 3],
    ],
  },
  {
    op: 'Pack',
    shapes: [
      [2, 3],
      [2, 3],
    ],
  },
  {
    op: 'FusedBatchNormV3',
    shapes: [[1, 1, 2, 3], [3], [3], [3], [3]],
    attrs: { is_training: { b: false } },
    constants: [1, 2, 3, 4],
  },
]

for (const subject of subjects) {
  const { op, shapes, attrs } = subject
  const name = `${op} ${attrs?.equation ? new TextDecoder().decode(attrs.equation.s) : ''}`
  test(`${name} of [${shapes.join('] [')}] refuses every shape that its kernel refuses`, { skip }, () => {
    const piece = openPiece(subject)
    assert.ok(piece !== undefined, 'it is lowered')
    let refused = 0
    let answered = 0
    for (const variant of variantsOf(subject)) {
      const inputs = inputsOf(subject, variant)
      const expected = onKernel(op, inputs, piece.attrs)
      const found = piece.run(inputs)
      const what = `[${variant.join('] [')}]`
      if (expected === undefined) {
        assert.equal(found, undefined, `${what} is answered where the kernel refuses`)
        refused++
      } else if (found !== undefined) {
        assert.deepEqual(found.shape, expected.shape, what)
        for (const [i, value] of Array.from(found.data as ArrayLike<number>).entries())
          assert.ok(Math.abs(value - Number(expected.data[i as never])) < 1e-4, what)
        answered++
      }
    }
    assert.ok(answered > 0, 'some shapes are answered by the runtime')
    assert.ok(refused > 0 || op === 'AddV2', 'some shapes are refused')
  })
}

/** Every size of every input that is fed as 1, 2 and 3. */
function variantsOf({ shapes, constants = [] }: Subject): readonly (readonly (readonly number[])[])[] {
  const places = shapes.flatMap((shape, i) =>
    constants.includes(i) ? [] : shape.map((_, d) => [i, d] as const),
  )
  return Array.from({ length: 3 ** places.length }, (_, n) => {
    const variant = shapes.map((shape) => [...shape])
    for (const [at, [i, d]] of places.entries()) variant[i]![d] = (Math.floor(n / 3 ** at) % 3) + 1
    return variant
  })
}

function inputsOf({ conditions = [] }: Subject, shapes: readonly (readonly number[])[]): readonly Tensor[] {
  return shapes.map((shape, i): Tensor => {
    const values = Array.from({ length: sizeOf(shape) }, (_, at) => ((7 * at + 3 * i) % 5) + 1)
    if (conditions.includes(i))
      return tensor(
        'bool',
        shape,
        Uint8Array.from(values, (value) => value % 2),
      )
    return tensor('float32', shape, Float32Array.from(values))
  })
}

function onKernel(op: string, inputs: readonly AnyTensor[], attrs: Attributes): AnyTensor | undefined {
  try {
    return pureOps[op]!.kernel(inputs, { node: 'n', op, attrs })[0]
  } catch (error) {
    if (error instanceof RecserveError) return undefined
    throw error
  }
}

/** Its `run` gives undefined where the runtime refuses. */
function openPiece(subject: Subject) {
  const { op, shapes, constants = [] } = subject
  const attrs = createAttributes(new Map(Object.entries(subject.attrs ?? {})) as unknown as AttrMap, 'n')
  const seen = inputsOf(subject, shapes)
  const output = onKernel(op, seen, attrs)!
  const slots = {
    seen: (slot: number) => seen[slot] ?? output,
    constant: (slot: number) => (constants.includes(slot) ? seen[slot] : undefined),
    hasRank: () => true,
  }
  const inputs = seen.map((_, slot) => slot)
  const graph = buildPiece(
    [
      {
        inputs,
        outputs: [seen.length],
        lower: (builder, operand) =>
          lowerings.get(op)!({ op, attrs, inputs: inputs.map(operand), outputs: [output], graph: builder }),
      },
    ],
    new Set([seen.length]),
    slots,
  )
  if (graph === undefined) return undefined
  const options = { cost: { fixedNs: 1e12, dataNs: 0, elements: 1 }, tally: { runtime: 0, kernels: 0 } }
  const open = () => new Piece(graph, runtime!, { ...options, kernels: () => [], onRefused: () => {} })
  return {
    attrs,
    run: (values: readonly Tensor[]): AnyTensor | undefined => {
      // A piece that was refused often is not asked again: so each of the values meets a new one.
      const piece = open()
      const [answer] = piece.run(graph.inputs.map(({ slot }) => values[slot]!)) as readonly AnyTensor[]
      piece.close()
      return answer
    },
  }
}
