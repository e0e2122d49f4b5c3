/** Ops that pick by index or key, and what tells the sizes of a tensor. */
import {
  constant,
  derive,
  elementsOf,
  type Fact,
  isLeading,
  type Known,
  literalAt,
  literalsOf,
  type Shape,
  sizes,
  toAxis,
} from './fact.js'
import { forOps, type Rule, type RuleContext, type RuleTable } from './rule.js'
import { isEqual, literal, literalOf, multiply } from './size.js'
import { variableShape } from './variable-shape.js'

interface Picking {
  readonly axis: number
  readonly batchDims: number
}

function gather(params: Known, indices: Known, { axis, batchDims }: Picking): Known {
  if (!params?.shape || !indices?.shape) return undefined
  if (elementsOf(params) && literalsOf(indices))
    return gatherSizes(params, literalsOf(indices)!, indices.shape.length === 0)
  const shape = [
    ...params.shape.slice(0, axis),
    ...indices.shape.slice(batchDims),
    ...params.shape.slice(axis + 1),
  ]
  if (params.depends === 'nothing' && indices.depends === 'nothing') return derive([params], shape)
  if (params.depends === 'nothing')
    return isLeading(indices) && axis === 0 && batchDims === 0 ? derive([indices], shape) : undefined
  if (!isLeading(params) || axis === 0) return undefined
  if (indices.depends === 'nothing') return batchDims === 0 ? derive([params], shape) : undefined
  const isPaired = isLeading(indices) && batchDims > 0 && isEqual(params.shape[0]!, indices.shape[0]!)
  return isPaired ? derive([params], shape) : undefined
}

/** Sizes picked from a shape. */
function gatherSizes(params: Fact, picked: readonly number[], isScalar: boolean): Known {
  const found = picked.map((at) => elementsOf(params)![at])
  return params.shape?.length === 1 && found.every((size) => size !== undefined)
    ? sizes(found, isScalar)
    : undefined
}

const gatherV2: Rule = ([params, indices, axisFact], { attrs }) => {
  const axis = params?.shape && toAxis(literalAt(axisFact), params.shape.length)
  const batchDims = toAxis(attrs.int('batch_dims', 0), (indices?.shape?.length ?? 0) + 1)
  if (axis === undefined || batchDims === undefined || axis < batchDims) return undefined
  return gather(params, indices, { axis, batchDims })
}

/** The variable's rows that the indices name. */
const resourceGather: Rule = ([handle, indices], { attrs }) => {
  const shape = variableShape(handle)
  if (attrs.int('batch_dims', 0) !== 0) return undefined
  return shape && gather(constant(shape), indices, { axis: 0, batchDims: 0 })
}

/** Each index a row of its last axis. */
function gatherNd(params: Shape | undefined, indices: Known): Known {
  const depth = indices?.shape?.at(-1)
  const count = depth && literalOf(depth)
  if (!params || !indices?.shape || count === undefined || count > params.length) return undefined
  const isApart = indices.depends !== 'rows' || indices.axis < indices.shape.length - 1
  return isApart ? derive([indices], [...indices.shape.slice(0, -1), ...params.slice(count)]) : undefined
}

const oneHot: Rule = ([indices, depth, on, off], { attrs, fresh }) => {
  const areConstant = [depth, on, off].every((fact) => fact?.depends === 'nothing')
  if (!indices?.shape || !areConstant) return undefined
  const axis = toAxis(attrs.int('axis', -1), indices.shape.length + 1)
  if (axis === undefined) return undefined
  return derive([indices], indices.shape.toSpliced(axis, 0, elementsOf(depth)?.[0] ?? fresh()))
}

/** One value for each key; a table that the signature itself changes has other ops too, for which there is no rule. */
const findInTable: Rule = ([table, keys, fallback]) => {
  const isScalar = fallback?.depends === 'nothing' && fallback.shape?.length === 0
  return table?.depends === 'nothing' && keys && isScalar ? derive([keys], keys.shape) : undefined
}

const isConstant = (inputs: readonly Fact[]): boolean => inputs.every(({ depends }) => depends === 'nothing')

/** What is the same for every request, though not a function of its inputs alone. */
const read: Rule = (inputs) => (isConstant(inputs) ? constant() : undefined)

const integerTypes: ReadonlySet<string> = new Set(['int32', 'int64'])

const areIntegers = ({ attrs }: RuleContext): boolean => integerTypes.has(attrs.type('out_type', 'int32'))

/** As many integers as the limit says, where they count from 0. */
const range: Rule = (inputs, { fresh }) => {
  if (!isConstant(inputs)) return undefined
  const isCounting = literalAt(inputs[0]) === 0 && literalAt(inputs[2]) === 1
  return constant([(isCounting ? elementsOf(inputs[1])?.[0] : undefined) ?? fresh()])
}

const shapeOf: Rule = ([input], context) =>
  input?.shape && areIntegers(context) ? sizes(input.shape) : undefined

export const lookupRules: RuleTable = {
  GatherV2: gatherV2,
  Gather: ([params, indices]) => gather(params, indices, { axis: 0, batchDims: 0 }),
  ResourceGather: resourceGather,
  GatherNd: ([params, indices]) =>
    params?.depends === 'nothing' ? gatherNd(params.shape, indices) : undefined,
  ResourceGatherNd: ([handle, indices]) => gatherNd(variableShape(handle), indices),
  OneHot: oneHot,
  ...forOps('LookupTableFind LookupTableFindV2', findInTable),
  ...forOps('LookupTableSize LookupTableSizeV2', (inputs) => (isConstant(inputs) ? constant([]) : undefined)),
  ReadVariableOp: ([handle]) => (handle?.depends === 'nothing' ? constant(variableShape(handle)) : undefined),
  ...forOps('VariableV2 Variable', read),
  Shape: shapeOf,
  ShapeN: (inputs, context) => {
    const shapes = inputs.map((input) =>
      input.shape && areIntegers(context) ? sizes(input.shape) : undefined,
    )
    return shapes.every((shape) => shape !== undefined) ? shapes : undefined
  },
  Size: ([input], context) =>
    input?.shape && areIntegers(context) ? sizes([multiply(input.shape)], true) : undefined,
  Rank: ([input]) => (input?.shape ? sizes([literal(input.shape.length)], true) : undefined),
  Assert: (inputs) => (isConstant(inputs) ? [] : undefined),
  ...forOps('NoOp ControlTrigger', () => []),
  Range: range,
}
