/** Lowerings of ops that ask for shapes and give new ones. */
import type { DataType } from '../../../tensor/dtype.js'
import { type Tensor, tensor } from '../../../tensor/tensor.js'
import {
  areOf,
  constantInt,
  constantInts,
  type Lowering,
  type LoweringTable,
  movable,
  type Operand,
} from './lowering.js'

const pass: Lowering = ({ inputs, outputs }) =>
  areOf(inputs, movable) && outputs.length <= inputs.length ? inputs.map(({ name }) => name) : undefined

const reshape: Lowering = ({ inputs, graph }) => {
  const [input, shape] = inputs as [Operand, Operand]
  if (!areOf([input], movable) || shape.rank !== 1) return undefined
  const sizes = constantInts(shape)
  if (sizes?.includes(0)) return undefined
  graph.pin(shape.name)
  return [graph.emit('Reshape', [input.name, sizes ? graph.ints(sizes) : graph.int64(shape)], allowZero)]
}

/** Zero is a size, as in TensorFlow, and not "as it was". */
const allowZero = { allowzero: { int: 1 } }

const expandDims: Lowering = ({ inputs, graph }) => {
  const axis = constantInt(inputs[1])
  if (!areOf([inputs[0]!], movable) || axis === undefined) return undefined
  return [graph.emit('Unsqueeze', [inputs[0]!.name, graph.ints([axis])])]
}

const squeeze: Lowering = ({ inputs, attrs, graph }) => {
  if (!areOf(inputs, movable)) return undefined
  const axes = attrs.ints('squeeze_dims', attrs.ints('axis', []))
  return [graph.emit('Squeeze', [inputs[0]!.name, ...(axes.length > 0 ? [graph.ints(axes)] : [])])]
}

const pack: Lowering = ({ inputs, attrs, graph }) => {
  if (!areOf(inputs, movable)) return undefined
  const axis = attrs.int('axis', 0)
  const rank = inputs[0]!.rank
  if (rank === undefined || inputs.some((input) => input.rank !== rank)) return undefined
  const parts = inputs.map(({ name }) => graph.emit('Unsqueeze', [name, graph.ints([axis])]))
  return [graph.emit('Concat', parts, { axis: { int: axis } })]
}

const concat =
  (isAxisLast: boolean): Lowering =>
  ({ inputs, graph }) => {
    const axis = constantInt(isAxisLast ? inputs.at(-1) : inputs[0])
    const parts = isAxisLast ? inputs.slice(0, -1) : inputs.slice(1)
    if (axis === undefined || !areOf(parts, movable) || parts.length > 256) return undefined
    return [
      graph.emit(
        'Concat',
        parts.map(({ name }) => name),
        { axis: { int: axis } },
      ),
    ]
  }

const transpose: Lowering = ({ inputs, graph }) => {
  const perm = constantInts(inputs[1])
  if (!areOf([inputs[0]!], movable) || perm === undefined || inputs[0]!.rank !== perm.length) return undefined
  if (perm.some((axis) => axis < 0)) return undefined
  return [
    perm.length < 2 ? inputs[0]!.name : graph.emit('Transpose', [inputs[0]!.name], { perm: { ints: perm } }),
  ]
}

const tile: Lowering = ({ inputs, graph }) => {
  const [input, times] = inputs as [Operand, Operand]
  if (!areOf([input], movable) || input.rank === undefined || times.shape[0] !== input.rank) return undefined
  graph.pin(times.name)
  return [graph.emit('Tile', [input.name, graph.int64(times)])]
}

const shape: Lowering = ({ inputs, outputs, graph }) => {
  if (!areOf(inputs, movable)) return undefined
  return outputs.map(({ dtype }, i) => {
    const sizes = graph.emit('Shape', [inputs[i]!.name])
    return dtype === 'int64' ? sizes : graph.cast(sizes, 'int32')
  })
}

const size: Lowering = ({ inputs, outputs, graph }) => {
  if (!areOf(inputs, movable)) return undefined
  const count = graph.emit('Size', [inputs[0]!.name])
  return [outputs[0]!.dtype === 'int64' ? count : graph.cast(count, 'int32')]
}

const fill: Lowering = ({ inputs, graph }) => {
  const [sizes, value] = inputs as [Operand, Operand]
  if (!areOf([value], movable) || value.rank !== 0 || sizes.rank !== 1) return undefined
  graph.pin(sizes.name)
  return [graph.emit('Expand', [value.name, graph.int64(sizes)])]
}

const like =
  (number: number): Lowering =>
  ({ inputs, graph }) => {
    if (!areOf(inputs, movable)) return undefined
    const value = { tensor: scalar(inputs[0]!.dtype as DataType, number) }
    return [graph.emit('ConstantOfShape', [graph.emit('Shape', [inputs[0]!.name])], { value })]
  }

function scalar(dtype: DataType, number: number): Tensor {
  if (dtype === 'int64') return tensor('int64', [1], BigInt64Array.of(BigInt(number)))
  if (dtype === 'int32') return tensor('int32', [1], Int32Array.of(number))
  if (dtype === 'bool') return tensor('bool', [1], Uint8Array.of(number))
  return tensor('float32', [1], Float32Array.of(number))
}

/** From 0, as positions are counted: a limit below that is refused by TensorFlow, and none comes of a shape. */
const range: Lowering = ({ inputs, graph }) => {
  const [start, limit, step] = inputs as [Operand, Operand, Operand]
  if (!areOf(inputs, ['int32', 'int64']) || limit.rank !== 0) return undefined
  if (constantInt(start) !== 0 || constantInt(step) !== 1) return undefined
  graph.indices.add(limit.name)
  return [graph.emit('Range', [start.name, limit.name, step.name])]
}

export const shapeLowerings: LoweringTable = {
  Concat: concat(false),
  ConcatV2: concat(true),
  ExpandDims: expandDims,
  Fill: fill,
  Identity: pass,
  IdentityN: pass,
  OnesLike: like(1),
  Pack: pack,
  Range: range,
  Reshape: reshape,
  Shape: shape,
  ShapeN: shape,
  Size: size,
  Squeeze: squeeze,
  StopGradient: pass,
  Tile: tile,
  Transpose: transpose,
  ZerosLike: like(0),
}
