/** Lowerings of ops that cut and look up. */
import { sizeOf } from '../../../tensor/tensor.js'
import {
  areOf,
  constantInt,
  constantInts,
  type Lowering,
  type LoweringTable,
  movable,
  type Operand,
} from './lowering.js'
import { stridedSlice } from './strided-slice.js'

const gather: Lowering = ({ op, inputs, attrs, graph }) => {
  const [params, indices] = inputs as [Operand, Operand]
  const axis = op === 'GatherV2' ? constantInt(inputs[2]) : 0
  if (axis === undefined || attrs.int('batch_dims', 0) !== 0 || !areOf([params], movable)) return undefined
  if (!areOf([indices], ['int32', 'int64']) || params.rank === undefined || params.rank === 0)
    return undefined
  // A negative index counts from the end in ONNX and is refused by TensorFlow.
  if (constantInts(indices)?.some((index) => index < 0)) return undefined
  return [graph.emit('Gather', [params.name, graph.checkedIndices(indices)], { axis: { int: axis } })]
}

const gatherMany: Lowering = ({ inputs, graph }) => {
  const [params, indices] = inputs as [Operand, Operand]
  if (!areOf([params], movable) || !areOf([indices], ['int32', 'int64']) || indices.value) return undefined
  if (params.rank === undefined || indices.rank === undefined || indices.rank === 0) return undefined
  const checked = { ...indices, name: graph.checkedIndices(indices) }
  return [graph.emit('GatherND', [params.name, graph.int64(checked)])]
}

/** Sizes are those of the watched run: another sum is refused by the runtime, and then the kernel has its say. */
const split =
  (
    read: (call: Parameters<Lowering>[0]) => {
      input: Operand
      axis: number | undefined
      sizes?: readonly number[]
    },
  ): Lowering =>
  (call) => {
    const { input, axis, sizes } = read(call)
    if (axis === undefined || sizes === undefined || !areOf([input], movable)) return undefined
    if (sizes.some((size) => size < 1) || sizes.length < call.outputs.length) return undefined
    return call.graph
      .emitMany('Split', [input.name, call.graph.ints(sizes)], sizes.length, { axis: { int: axis } })
      .slice(0, call.outputs.length)
  }

const evenSplit = split(({ inputs, attrs }) => {
  const [axis, input] = [constantInt(inputs[0]), inputs[1]!]
  const count = attrs.int('num_split')
  const size = axis === undefined ? undefined : input.shape.at(axis)
  if (size === undefined || size % count !== 0) return { input, axis: undefined }
  return { input, axis, sizes: new Array<number>(count).fill(size / count) }
})

const sizedSplit = split(({ inputs }) => {
  const sizes = constantInts(inputs[1])
  return { input: inputs[0]!, axis: constantInt(inputs[2]), ...(sizes && { sizes }) }
})

const unpack: Lowering = (call) => {
  const axis = call.attrs.int('axis', 0)
  const count = call.attrs.int('num')
  if (count < 1) return undefined
  const sizes = new Array<number>(count).fill(1)
  const rows = split(({ inputs }) => ({ input: inputs[0]!, axis, sizes }))(call)
  return rows?.map((row) => call.graph.emit('Squeeze', [row, call.graph.ints([axis])]))
}

const slice: Lowering = ({ inputs, graph }) => {
  const [begin, size] = [constantInts(inputs[1]), constantInts(inputs[2])]
  const input = inputs[0]!
  if (!areOf([input], movable) || !begin || !size || begin.some((from) => from < 0)) return undefined
  if (begin.length === 0) return [input.name]
  const ends = begin.map((from, d) => (size[d] === -1 ? farEnd : from + size[d]!))
  const axes = begin.map((_, d) => d)
  let name = graph.emit('Slice', [input.name, graph.ints(begin), graph.ints(ends), graph.ints(axes)])
  // A slice that leaves the tensor is cut short by ONNX and refused by TensorFlow: as is a split into one part of another size.
  for (const [axis, count] of size.entries()) {
    if (count === 0) return undefined
    if (count > 0 && input.value === undefined)
      name = graph.emit('Split', [name, graph.ints([count])], { axis: { int: axis } })
  }
  return [name]
}

const farEnd = Number.MAX_SAFE_INTEGER

const reverse: Lowering = ({ inputs, graph }) => {
  const axes = constantInts(inputs[1])
  if (!areOf([inputs[0]!], movable) || !axes?.length) return undefined
  const all = (value: number) => graph.ints(axes.map(() => value))
  return [graph.emit('Slice', [inputs[0]!.name, all(-1), all(-farEnd), graph.ints(axes), all(-1)])]
}

const pad: Lowering = ({ inputs, graph }) => {
  const amounts = constantInts(inputs[1])
  const fill = inputs[2]
  if (!areOf([inputs[0]!], ['float32', 'int32', 'int64']) || !amounts || (fill && !fill.value))
    return undefined
  if (amounts.length === 0) return [inputs[0]!.name]
  const sides = [0, 1].flatMap((side) => amounts.filter((_, i) => i % 2 === side))
  const value = fill && sizeOf(fill.shape) === 1 ? [fill.name] : []
  return [graph.emit('Pad', [inputs[0]!.name, graph.ints(sides), ...value])]
}

/** By comparing, since an index out of range is no row at all in TensorFlow. */
const oneHot: Lowering = ({ inputs, outputs, attrs, graph }) => {
  const [indices, depth, on, off] = inputs as [Operand, Operand, Operand, Operand]
  const count = constantInt(depth)
  if (count === undefined || count < 1 || !areOf([indices], ['int32', 'int64'])) return undefined
  if (attrs.int('axis', -1) !== -1 || !areOf(outputs, ['float32', 'int32', 'int64'])) return undefined
  const places = graph.ints(Array.from({ length: count }, (_, i) => i))
  const column = graph.emit('Unsqueeze', [graph.int64(indices), graph.ints([-1])])
  return [graph.emit('Where', [graph.emit('Equal', [column, places]), on.name, off.name])]
}

export const sliceLowerings: LoweringTable = {
  Gather: gather,
  GatherNd: gatherMany,
  GatherV2: gather,
  OneHot: oneHot,
  Pad: pad,
  PadV2: pad,
  ResourceGather: gather,
  ReverseV2: reverse,
  Slice: slice,
  Split: evenSplit,
  SplitV: sizedSplit,
  StridedSlice: stridedSlice,
  Unpack: unpack,
}
