/** Ops that multiply and add up: matrices, Einstein sums, biases, convolutions and pools. */
import { parseEquation } from '../ops/nn/einsum-equation.js'
import { broadcast, derive, type Fact, isLeading, type Known, type Shape } from './fact.js'
import { forOps, type Rule, type RuleContext, type RuleTable } from './rule.js'
import { literal, literalOf, rowDegree, type Size } from './size.js'

interface Transposed {
  readonly a: boolean
  readonly b: boolean
}

/** Rows may be those of one matrix, where the other is the same for all of them, or an axis before the matrices. */
function multiplyMatrices(a: Known, b: Known, transposed: Transposed, { fresh }: RuleContext): Known {
  if (!a?.shape || !b?.shape || a.shape.length < 2 || b.shape.length < 2) return undefined
  const [first, second] = [a.shape.slice(-2), b.shape.slice(-2)]
  const [height, inner] = transposed.a ? [first[1]!, first[0]!] : [first[0]!, first[1]!]
  const [width, otherInner] = transposed.b ? [second[0]!, second[1]!] : [second[1]!, second[0]!]
  if (rowDegree(inner) > 0 || rowDegree(otherInner) > 0) return undefined
  // Each row meets all of the other matrix.
  if (rowDegree(height) > 0 && b.depends !== 'nothing') return undefined
  if (rowDegree(width) > 0 && a.depends !== 'nothing') return undefined
  const batch = broadcast([a.shape.slice(0, -2), b.shape.slice(0, -2)], fresh)
  return batch && derive([a, b], [...batch, height, width])
}

const matMul: Rule = ([a, b], context) =>
  multiplyMatrices(
    a,
    b,
    { a: context.attrs.bool('transpose_a', false), b: context.attrs.bool('transpose_b', false) },
    context,
  )

const batchMatMul: Rule = ([a, b], context) =>
  multiplyMatrices(
    a,
    b,
    { a: context.attrs.bool('adj_x', false), b: context.attrs.bool('adj_y', false) },
    context,
  )

/** The rows' label comes first wherever it is, and is kept. */
const einsum: Rule = (inputs, { attrs, op, fresh }) => {
  const shapes = inputs.map(({ shape }) => shape)
  if (!shapes.every((shape) => shape !== undefined)) return undefined
  const ranks = shapes.map((shape) => shape.length)
  const equation = parseEquation(attrs.string('equation'), ranks, {
    node: '',
    op,
    attrs,
  })
  if (!isApart(inputs, equation)) return undefined
  const bySize = new Map<string, Size>()
  for (const [i, labels] of equation.inputs.entries()) {
    for (const [d, label] of labels.entries()) {
      const known = bySize.get(label)
      const merged = known ? broadcast([[known], [shapes[i]![d]!]], fresh)?.[0] : shapes[i]![d]!
      if (merged === undefined) return undefined
      bySize.set(label, merged)
    }
  }
  return derive(
    inputs,
    equation.output.map((label) => bySize.get(label)!),
  )
}

function isApart(
  inputs: readonly Fact[],
  { inputs: terms, output }: ReturnType<typeof parseEquation>,
): boolean {
  const label = output[0]
  return inputs.every((input, i) => {
    const uses = terms[i]!.filter((each) => each === label).length
    if (input.depends === 'nothing') return uses === 0 || !inputs.some(({ depends }) => depends === 'rows')
    return isLeading(input) && terms[i]![0] === label && uses === 1
  })
}

/** Added along the last axis, or along the second of NCHW: never along the first, which a row of a matrix has. */
const addBias: Rule = ([input, bias]) => {
  if (!input?.shape || input.shape.length < 2 || bias?.depends !== 'nothing') return undefined
  return input.depends === 'rows' && !isLeading(input) ? undefined : derive([input], input.shape)
}

interface Window {
  readonly size: readonly (number | undefined)[]
  readonly channels: Size
}

/** Windows over height and width of images, each row an image. */
function overWindows(input: Known, { size, channels }: Window, { attrs, fresh }: RuleContext): Known {
  if (input?.shape?.length !== 4 || (input.depends === 'rows' && !isLeading(input))) return undefined
  if (attrs.string('data_format', 'NHWC') !== 'NHWC') return undefined
  const [strides, dilations] = [attrs.ints('strides'), attrs.ints('dilations', [1, 1, 1, 1])]
  if ([strides[0], strides[3], dilations[0], dilations[3]].some((step) => step !== 1)) return undefined
  const padding = attrs.string('padding')
  const axis = (d: 1 | 2): Size => {
    const length = literalOf(input.shape![d]!)
    const window = size[d - 1]
    if (length === undefined || window === undefined || (padding !== 'SAME' && padding !== 'VALID'))
      return fresh()
    const spread = padding === 'SAME' ? 0 : (window - 1) * dilations[d]!
    return literal(Math.max(0, Math.ceil((length - spread) / strides[d]!)))
  }
  return derive([input], [input.shape[0]!, axis(1), axis(2), channels])
}

const convolve: Rule = ([input, filter], context) => {
  if (filter?.depends !== 'nothing' || filter.shape?.length !== 4) return undefined
  const [height, width, channels, last] = filter.shape as Shape & { length: 4 }
  const isEach = context.op === 'DepthwiseConv2dNative'
  const each = [literalOf(channels!), literalOf(last!)]
  const out = !isEach
    ? last!
    : each.every((n) => n !== undefined)
      ? literal(each[0]! * each[1]!)
      : context.fresh()
  return overWindows(input, { size: [literalOf(height!), literalOf(width!)], channels: out }, context)
}

const pool: Rule = ([input], context) => {
  const size = context.attrs.ints('ksize')
  const channels = input?.shape?.[3]
  if (channels === undefined || size[0] !== 1 || size[3] !== 1) return undefined
  return overWindows(input, { size: size.slice(1, 3), channels }, context)
}

export const productRules: RuleTable = {
  MatMul: matMul,
  ...forOps('BatchMatMul BatchMatMulV2 BatchMatMulV3', batchMatMul),
  Einsum: einsum,
  ...forOps('BiasAdd BiasAddV1', addBias),
  ...forOps('Conv2D DepthwiseConv2dNative', convolve),
  ...forOps('MaxPool AvgPool', pool),
}
