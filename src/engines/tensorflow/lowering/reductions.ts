/** Lowerings of ops that reduce along constant axes. */
import { onnxTypes } from '../../../formats/onnx/model.js'
import type { TfDataType } from '../op.js'
import {
  areOf,
  constantInt,
  constantInts,
  floats,
  type Lowering,
  type LoweringTable,
  numbers,
} from './lowering.js'

const reduce =
  (op: string, dtypes: readonly TfDataType[]): Lowering =>
  ({ inputs, attrs, graph }) => {
    const axes = constantInts(inputs[1])
    if (!areOf([inputs[0]!], dtypes) || axes === undefined) return undefined
    // No axes: ONNX would reduce them all. The same one twice: TensorFlow refuses.
    const rank = inputs[0]!.rank
    const places = axes.map((axis) => (axis < 0 && rank !== undefined ? axis + rank : axis))
    if (axes.length === 0 || new Set(places).size < axes.length) return undefined
    const keepdims = { int: attrs.bool('keep_dims', false) ? 1 : 0 }
    const over = (name: string, what: string) => graph.emit(what, [name, graph.ints(axes)], { keepdims })
    const { name, dtype } = inputs[0]!
    if (op === 'And' || op === 'Or')
      return [graph.cast(over(graph.cast(name, 'int32'), op === 'And' ? 'ReduceMin' : 'ReduceMax'), 'bool')]
    const result = over(name, op)
    if (dtype !== 'float32' || (op !== 'ReduceMax' && op !== 'ReduceMin')) return [result]
    // ONNX Runtime's may pass over NaN.
    const hasNaN = graph.cast(over(graph.cast(graph.emit('IsNaN', [name]), 'int32'), 'ReduceMax'), 'bool')
    return [graph.emit('Where', [hasNaN, graph.float(Number.NaN), result])]
  }

/** Of integers: what NaN does here is TensorFlow's own. */
const extremePlace =
  (op: string): Lowering =>
  ({ inputs, outputs, graph }) => {
    const axis = constantInt(inputs[1])
    if (!areOf([inputs[0]!], ['int32']) || axis === undefined) return undefined
    const place = graph.emit(op, [inputs[0]!.name], { axis: { int: axis }, keepdims: { int: 0 } })
    return [outputs[0]!.dtype === 'int64' ? place : graph.cast(place, 'int32')]
  }

const cumulate: Lowering = ({ inputs, attrs, graph }) => {
  const axis = constantInt(inputs[1])
  if (!areOf([inputs[0]!], numbers) || axis === undefined) return undefined
  const flag = (name: string) => ({ int: attrs.bool(name, false) ? 1 : 0 })
  return [
    graph.emit('CumSum', [inputs[0]!.name, inputs[1]!.name], {
      exclusive: flag('exclusive'),
      reverse: flag('reverse'),
    }),
  ]
}

const topK: Lowering = ({ inputs, outputs, graph }) => {
  const k = constantInt(inputs[1])
  if (!areOf([inputs[0]!], floats) || k === undefined || k < 1) return undefined
  const [values, places] = graph.emitMany('TopK', [inputs[0]!.name, graph.ints([k])], 2) as [string, string]
  if (outputs.length === 1) return [values]
  if (outputs[1]!.dtype === 'int64') return [values, places]
  return [values, graph.emit('Cast', [places], { to: { int: onnxTypes.int32 } })]
}

export const reductionLowerings: LoweringTable = {
  All: reduce('And', ['bool']),
  Any: reduce('Or', ['bool']),
  ArgMax: extremePlace('ArgMax'),
  ArgMin: extremePlace('ArgMin'),
  Cumsum: cumulate,
  Max: reduce('ReduceMax', numbers),
  Mean: reduce('ReduceMean', floats),
  Min: reduce('ReduceMin', numbers),
  Prod: reduce('ReduceProd', numbers),
  Sum: reduce('ReduceSum', numbers),
  TopKV2: topK,
}
