/** Lowerings of products of matrices, and of layers made of them. */
import { tensor } from '../../../tensor/tensor.js'
import { fuseBias } from './bias.js'
import { demandLabels, demandWidth } from './demands.js'
import { areOf, floats, type Lowering, type LoweringTable, type Operand } from './lowering.js'

/** Gemm, because like TensorFlow it takes nothing but matrices. */
const matMul: Lowering = ({ inputs, attrs, graph }) => {
  if (!areOf(inputs, floats)) return undefined
  const flag = (name: string) => ({ int: attrs.bool(name, false) ? 1 : 0 })
  const attributes = { transA: flag('transpose_a'), transB: flag('transpose_b') }
  return [graph.emit('Gemm', [inputs[0]!.name, inputs[1]!.name], attributes)]
}

const biasAdd: Lowering = (call) => {
  const { inputs, attrs, graph } = call
  const [value, bias] = inputs as [Operand, Operand]
  if (!areOf(inputs, floats) || attrs.string('data_format', 'NHWC') !== 'NHWC') return undefined
  const width = bias.shape[0]
  // One number would be added to a product of any width.
  const fused = width === 1 ? undefined : fuseBias(call)
  if (fused) return fused
  const { name, rank } = value
  if (rank === undefined || rank < 2 || bias.rank !== 1 || width !== value.shape.at(-1)) return undefined
  graph.pin(bias.name)
  return [graph.emit('Add', [demandWidth(graph, { name, rank }, width!), bias.name])]
}

const batchMatMul: Lowering = ({ inputs, attrs, graph }) => {
  if (!areOf(inputs, floats)) return undefined
  const [a, b] = inputs as [Operand, Operand]
  if (a.rank === undefined || b.rank === undefined || a.rank < 2 || b.rank < 2) return undefined
  const side = ({ name, rank }: Operand, isTurned: boolean) => {
    if (!isTurned) return name
    const perm = Array.from({ length: rank! }, (_, axis) => axis)
    perm.push(...perm.splice(-2).reverse())
    return graph.emit('Transpose', [name], { perm: { ints: perm } })
  }
  return [graph.emit('MatMul', [side(a, attrs.bool('adj_x', false)), side(b, attrs.bool('adj_y', false))])]
}

const einsum: Lowering = ({ inputs, attrs, graph }) => {
  const equation = attrs.string('equation').replaceAll(' ', '')
  const [left = '', right] = equation.split('->')
  const terms = left.split(',')
  if (!areOf(inputs, floats) || inputs.length !== 2 || right === undefined) return undefined
  if (![...terms, right].every((term) => /^[A-Za-z]+$/.test(term) && new Set(term).size === term.length))
    return undefined
  const [a, b] = inputs as [Operand, Operand]
  if (a.rank !== terms[0]!.length || b.rank !== terms[1]!.length) return undefined
  const second = demandLabels(graph, [a.name, b.name], [terms[0]!, terms[1]!])
  return [graph.emit('Einsum', [a.name, second], { equation: { string: equation } })]
}

/** With constant statistics: a scale and an offset for each channel. */
const batchNorm: Lowering = ({ op, inputs, outputs, attrs, graph }) => {
  const isPlain = attrs.string('data_format', 'NHWC') === 'NHWC' && !attrs.bool('is_training', true)
  if (!areOf(inputs, floats) || outputs.length !== 1 || !isPlain || op.startsWith('_')) return undefined
  const [scale, offset, mean, variance] = inputs
    .slice(1)
    .map(({ value }) => value?.data as Float32Array<ArrayBuffer>)
  if (!scale || !offset || !mean || !variance || inputs[0]!.rank !== 4 || scale.length < 2) return undefined
  const epsilon = attrs.float('epsilon', 1e-4)
  const factor = scale.map((value, c) => value / Math.sqrt(variance[c]! + epsilon))
  const shift = offset.map((value, c) => value - mean[c]! * factor[c]!)
  const vector = (values: Float32Array<ArrayBuffer>) =>
    graph.constant(tensor('float32', [values.length], values))
  const input = demandWidth(graph, { name: inputs[0]!.name, rank: 4 }, scale.length)
  return [graph.emit('Add', [graph.emit('Mul', [input, vector(factor)]), vector(shift)])]
}

const convolution: Lowering = ({ inputs, attrs, graph }) => {
  const [input, filter] = inputs as [Operand, Operand]
  const padding = attrs.string('padding')
  if (!areOf(inputs, floats) || filter.value === undefined || input.rank !== 4) return undefined
  if (attrs.string('data_format', 'NHWC') !== 'NHWC' || !['SAME', 'VALID'].includes(padding)) return undefined
  if (input.shape[3] !== filter.shape[2]) return undefined
  const inner = (name: string) => ({ ints: attrs.ints(name, [1, 1, 1, 1]).slice(1, 3) })
  const turned = graph.emit('Transpose', [filter.name], { perm: { ints: [3, 2, 0, 1] } })
  const channelsFirst = graph.emit('Transpose', [input.name], { perm: { ints: [0, 3, 1, 2] } })
  const result = graph.emit('Conv', [channelsFirst, turned], {
    strides: inner('strides'),
    dilations: inner('dilations'),
    auto_pad: { string: padding === 'SAME' ? 'SAME_UPPER' : 'VALID' },
  })
  return [graph.emit('Transpose', [result], { perm: { ints: [0, 2, 3, 1] } })]
}

export const productLowerings: LoweringTable = {
  BatchMatMulV2: batchMatMul,
  BatchMatMulV3: batchMatMul,
  BiasAdd: biasAdd,
  BiasAddV1: biasAdd,
  Conv2D: convolution,
  Einsum: einsum,
  FusedBatchNorm: batchNorm,
  FusedBatchNormV2: batchNorm,
  FusedBatchNormV3: batchNorm,
  MatMul: matMul,
}
