/** Ops that compute along axes: sums, softmax, the best of a row, running totals. */
import {
  derive,
  elementsOf,
  type Fact,
  isLeading,
  type Known,
  literalAt,
  literalsOf,
  rows,
  type Shape,
  sizes,
  toAxis,
} from './fact.js'
import { forOps, type Rule, type RuleContext, type RuleTable } from './rule.js'
import { literal, multiply, one } from './size.js'

/** Axes by number, of a tensor of known rank; undefined where one is not there. */
function toAxes(given: readonly number[] | undefined, shape: Shape): readonly number[] | undefined {
  const axes = given?.map((axis) => toAxis(axis, shape.length))
  return axes?.every((axis) => axis !== undefined) ? axes : undefined
}

/** Whether the axes of rows are none of them. */
const leaves = (input: Fact, axes: readonly number[]): boolean =>
  input.depends !== 'rows' || !axes.includes(input.axis)

const reduce: Rule = ([input, axis], { attrs }) => {
  if (!input?.shape) return undefined
  const axes = toAxes(literalsOf(axis), input.shape)
  if (!axes || !leaves(input, axes)) return undefined
  const keeps = attrs.bool('keep_dims', false)
  const shape = input.shape.flatMap((size, d) => (axes.includes(d) ? (keeps ? [one] : []) : [size]))
  return derive([input], shape)
}

/** The product of sizes is a size. */
const product: Rule = (inputs, context) => {
  const [input, axis] = inputs
  const elements = elementsOf(input)
  const isWhole = input?.shape?.length === 1 && [0, -1].includes(literalAt(axis) ?? 1)
  if (elements && isWhole) return sizes([multiply(elements)], !context.attrs.bool('keep_dims', false))
  return reduce(inputs, context)
}

const pickExtreme: Rule = ([input, dimension]) => {
  if (!input?.shape) return undefined
  const axis = toAxis(literalAt(dimension), input.shape.length)
  if (axis === undefined || !leaves(input, [axis])) return undefined
  return derive([input], input.shape.toSpliced(axis, 1))
}

/** Along the last axis. */
const alongLast: Rule = ([input]) => {
  if (!input?.shape || !leaves(input, [input.shape.length - 1])) return undefined
  return derive([input], input.shape)
}

/** Along the axes that the second input names. */
const alongAxes: Rule = ([input, axis]) => {
  if (!input?.shape) return undefined
  const axes = toAxes(literalsOf(axis), input.shape)
  return axes && leaves(input, axes) ? derive([input], input.shape) : undefined
}

function best(input: Fact | undefined, k: Known, { fresh }: RuleContext): Known | readonly Fact[] {
  if (!input?.shape || input.shape.length === 0 || k?.depends !== 'nothing') return undefined
  const last = input.shape.length - 1
  const count = elementsOf(k)?.[0] ?? fresh()
  const found = leaves(input, [last]) ? derive([input], input.shape.with(last, count)) : undefined
  return found && [found, found]
}

/** The matrices of the last two axes. */
const alongMatrix: Rule = ([input, ...rest]) => {
  if (!input?.shape || rest.some(({ depends }) => depends !== 'nothing')) return undefined
  const rank = input.shape.length
  return leaves(input, [rank - 2, rank - 1]) ? derive([input], input.shape) : undefined
}

/**
 * Training mode computes the statistics of each channel over all of the others' axes. Keras normalises layers by it, with
 * each row a channel; where the rows are the batch, only inference keeps them apart.
 */
const batchNorm: Rule = (inputs, { attrs }) => {
  const [input, ...statistics] = inputs
  if (input?.shape?.length !== 4) return undefined
  const areConstant = statistics.every(({ depends }) => depends === 'nothing')
  if (areConstant && (isLeading(input) ? !attrs.bool('is_training', true) : input.depends === 'nothing'))
    return derive([input], input.shape)
  if (!attrs.bool('is_training', true)) return undefined
  const isByChannel =
    input.depends === 'rows' && input.axis === 1 && attrs.string('data_format', 'NHWC') === 'NCHW'
  const areByChannel = statistics.every(
    ({ depends, shape }) => depends === 'nothing' || (depends === 'rows' && shape.length === 1),
  )
  return isByChannel && areByChannel ? rows(input.shape) : undefined
}

export const axisRules: RuleTable = {
  ...forOps('Sum Mean Max Min All Any EuclideanNorm', reduce),
  Prod: product,
  ...forOps('ArgMax ArgMin', pickExtreme),
  ...forOps('Softmax LogSoftmax', alongLast),
  ...forOps('Cumsum Cumprod CumulativeLogsumexp ReverseV2', alongAxes),
  TopKV2: ([input, k], context) => best(input, k, context),
  TopK: ([input], context) => best(input, sizes([literal(context.attrs.int('k'))], true), context),
  MatrixBandPart: alongMatrix,
  ...forOps('FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3', batchNorm),
}
