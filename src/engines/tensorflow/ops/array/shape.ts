/** Ops on shapes: asking for one, and giving a tensor another over the same data. */

import { sizeOf } from '../../../../tensor/tensor.js'
import type { AnyTensor, Kernel, OpTable } from '../../op.js'
import { fromIntegers, inputAt, invalid, shapeText, toInteger, toVector } from './arguments.js'

const shapes: Kernel = (inputs, { attrs }) => {
  const dtype = attrs.type('out_type', 'int32')
  return inputs.map(({ shape }) => fromIntegers(dtype, [shape.length], shape))
}

const size: Kernel = (inputs, { attrs }) => [
  fromIntegers(attrs.type('out_type', 'int32'), [], [sizeOf(inputAt(inputs, 0).shape)]),
]

const rank: Kernel = (inputs) => [fromIntegers('int32', [], [inputAt(inputs, 0).shape.length])]

const reshape: Kernel = (inputs) => {
  const input = inputAt(inputs, 0)
  return [{ ...input, shape: resolveShape(toVector(inputAt(inputs, 1), 'sizes input'), sizeOf(input.shape)) }]
}

/** Puts in the one size that may be -1. */
function resolveShape(sizes: readonly number[], count: number): number[] {
  const unknown = sizes.indexOf(-1)
  const second = sizes.indexOf(-1, unknown + 1)
  if (unknown >= 0 && second >= 0)
    throw invalid(`Only one input size may be -1, not both ${unknown} and ${second}`)
  const negative = sizes.findIndex((value) => value < -1)
  if (negative >= 0) throw invalid(`Size ${negative} must be non-negative, not ${sizes[negative]}`)
  const product = sizes.reduce((total, value) => (value < 0 ? total : total * value), 1)
  const found = `Input to reshape is a tensor with ${count} values, but the requested shape`
  if (unknown < 0) {
    if (product !== count) throw invalid(`${found} has ${product}`)
    return [...sizes]
  }
  if (product === 0) {
    throw invalid(
      'Reshape cannot infer the missing input size for an empty tensor unless all specified input sizes are non-zero',
    )
  }
  if (count % product !== 0) throw invalid(`${found} requires a multiple of ${product}`)
  return sizes.map((value) => (value < 0 ? count / product : value))
}

const expandDims: Kernel = (inputs) => {
  const input = inputAt(inputs, 0)
  const axis = toInteger(inputAt(inputs, 1), "'dim'")
  const dims = input.shape.length
  if (axis < -1 - dims || axis > dims) {
    throw invalid(`Tried to expand dim index ${axis} for tensor with ${dims} dimensions.`)
  }
  const at = axis < 0 ? axis + dims + 1 : axis
  return [{ ...input, shape: input.shape.toSpliced(at, 0, 1) }]
}

const squeeze: Kernel = (inputs, { attrs }) => {
  const input = inputAt(inputs, 0)
  const dims = input.shape.length
  const wanted = attrs.ints('squeeze_dims', []).map((axis) => {
    if (axis >= -dims && axis < dims) return axis < 0 ? axis + dims : axis
    throw invalid(`Tried to squeeze dim index ${axis} for tensor with ${dims} dimensions.`)
  })
  for (const axis of wanted) {
    if (input.shape[axis] === 1) continue
    throw invalid(`Can not squeeze dim[${axis}], expected a dimension of 1, got ${input.shape[axis]}`)
  }
  const goes = (value: number, d: number) => value === 1 && (wanted.length === 0 || wanted.includes(d))
  return [{ ...input, shape: input.shape.filter((value, d) => !goes(value, d)) }]
}

/** Where each input of a ConcatV2 begins in its output. */
const concatOffset: Kernel = (inputs) => {
  const [axisInput, ...rest] = inputs
  const lists = rest.map((input) => toVector(input, 'input shape'))
  const [first] = lists
  if (axisInput === undefined || first === undefined) throw invalid('ConcatOffset needs an axis and a shape')
  const dims = first.length
  const given = toInteger(axisInput, 'Concat dim tensor')
  const axis = given < 0 ? given + dims : given
  if (axis < 0 || axis >= dims) throw invalid(`Concat dim is out of range: ${given} vs. ${dims}`)
  let offset = 0
  return lists.map((list, i) => {
    checkConcatable(first, list, { axis, index: i })
    const offsets = list.map((_, d) => (d === axis ? offset : 0))
    offset += list[axis]!
    return fromIntegers(rest[i]!.dtype, [dims], offsets)
  })
}

function checkConcatable(
  first: readonly number[],
  list: readonly number[],
  { axis, index }: { readonly axis: number; readonly index: number },
): void {
  const differs = list.length !== first.length || list.some((value, d) => d !== axis && value !== first[d])
  if (!differs) return
  throw invalid(
    `All dimensions except ${axis} must match. Input ${index} has shape ${shapeText(list)} and doesn't match input 0 with shape ${shapeText(first)}.`,
  )
}

/** The shape two shapes broadcast to. */
const broadcastArgs: Kernel = (inputs) => {
  const [a, b] = shapePair(inputs)
  return [
    fromIntegers(
      inputAt(inputs, 0).dtype,
      [a.length],
      a.map((value, d) => (value === 1 ? b[d]! : value)),
    ),
  ]
}

/** The axes each side's gradient is summed over, none where the shapes are the same. */
const broadcastGradientArgs: Kernel = (inputs) => {
  const { dtype } = inputAt(inputs, 0)
  const [a, b, same] = shapePair(inputs)
  const axes = (own: readonly number[]) => own.flatMap((value, d) => (value === 1 && !same ? [d] : []))
  return [a, b].map((own) => axes(own)).map((list) => fromIntegers(dtype, [list.length], list))
}

/** Both shapes padded with ones to one rank. */
function shapePair(inputs: readonly AnyTensor[]): readonly [number[], number[], boolean] {
  const a = toVector(inputAt(inputs, 0), 'In[0]')
  const b = toVector(inputAt(inputs, 1), 'In[1]')
  const dims = Math.max(a.length, b.length)
  const pad = (shape: number[]) => [...new Array<number>(dims - shape.length).fill(1), ...shape]
  const [left, right] = [pad(a), pad(b)]
  if (left.some((value, d) => value !== right[d] && value !== 1 && right[d] !== 1)) {
    throw invalid(`Incompatible shapes: ${shapeText(a)} vs. ${shapeText(b)}`)
  }
  return [left, right, a.length === b.length && a.every((value, d) => value === b[d])]
}

export const shapeOps: OpTable = {
  Shape: { kernel: shapes },
  ShapeN: { kernel: shapes },
  Size: { kernel: size },
  Rank: { kernel: rank },
  Reshape: { kernel: reshape },
  ExpandDims: { kernel: expandDims },
  Squeeze: { kernel: squeeze },
  ConcatOffset: { kernel: concatOffset },
  BroadcastArgs: { kernel: broadcastArgs },
  BroadcastGradientArgs: { kernel: broadcastGradientArgs },
}
