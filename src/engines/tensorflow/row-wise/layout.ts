/** Ops that move elements without computing: shapes, joins and repetitions. */
import {
  broadcast,
  constant,
  derive,
  elementsOf,
  type Fact,
  isConsecutive,
  type Known,
  literalAt,
  literalsOf,
  rows,
  type Shape,
  sizes,
  toAxis,
} from './fact.js'
import type { Rule, RuleContext, RuleTable } from './rule.js'
import { divide, isEqual, isOne, literal, literalOf, multiply, one, rowDegree, type Size } from './size.js'

/** Where a row's elements are consecutive, they stay so in any shape that has a whole number of entries for each row. */
const reshape: Rule = ([input, target], context) => {
  const wanted = elementsOf(target)
  if (!input || !wanted) return undefined
  if (elementsOf(input)) return reshapeSizes(elementsOf(input)!, wanted)
  const shape = closeShape(input, wanted, context)
  const found = shape && derive([input], shape)
  return [input, found].every((fact) => fact?.depends !== 'rows' || isConsecutive(fact)) ? found : undefined
}

/** The shape with its -1 replaced; undefined where it may be one that the rows decide. */
function closeShape(input: Fact, wanted: Shape, { fresh }: RuleContext): Shape | undefined {
  const open = wanted.findIndex((size) => literalOf(size) === -1)
  if (open < 0) return wanted
  const others = multiply(wanted.toSpliced(open, 1))
  const rest = input.shape && divide(multiply(input.shape), others)
  const isCounted = input.depends !== 'rows' || rowDegree(others) > 0
  const size = rest ?? (isCounted ? fresh() : undefined)
  return size && wanted.with(open, size)
}

function reshapeSizes(elements: readonly Size[], wanted: readonly Size[]): Known {
  if (wanted.length > 1) return undefined
  return sizes(elements, wanted.length === 0)
}

const expand: Rule = ([input, dim]) => {
  if (!input?.shape) return undefined
  const axis = toAxis(literalAt(dim), input.shape.length + 1)
  if (axis === undefined) return undefined
  if (input.shape.length === 0 && elementsOf(input)) return sizes(elementsOf(input)!)
  return derive([input], input.shape.toSpliced(axis, 0, one))
}

/** A number of rows that it wants is refused of some requests and not of others, joined or cut. */
const ensureShape: Rule = ([input], { attrs }) => {
  const wanted = attrs.shape('shape')
  if (input?.depends !== 'rows' || wanted === undefined) return input
  const size = wanted[input.axis]
  return size === undefined || size < 0 ? input : undefined
}

/** Without axes a lone row would lose its own. */
const squeeze: Rule = ([input], { attrs }) => {
  const given = attrs.ints('squeeze_dims', [])
  if (!input?.shape || given.length === 0) return undefined
  const { shape } = input
  const axes = given.map((axis) => toAxis(axis, shape.length))
  if (elementsOf(input) && shape.length === 1) return sizes(elementsOf(input)!, true)
  const isRowAxis = (d: number) => rowDegree(shape[d]!) > 0
  if (!axes.every((axis) => axis !== undefined && !isRowAxis(axis))) return undefined
  return derive(
    [input],
    shape.filter((_, d) => !axes.includes(d)),
  )
}

const transpose: Rule = ([input, perm]) => {
  const order = literalsOf(perm)
  if (!input?.shape || order?.length !== input.shape.length) return undefined
  const shape = order.map((axis) => input.shape![axis])
  return shape.every((size) => size !== undefined) ? derive([input], shape) : undefined
}

const concat = (inputs: readonly Fact[], axisFact: Known, context: RuleContext): Known => {
  const first = inputs[0]?.shape
  if (first === undefined || axisFact === undefined) return undefined
  if (first.length === 1 && inputs.every((input) => elementsOf(input))) {
    return sizes(inputs.flatMap((input) => elementsOf(input)!))
  }
  const axis = toAxis(literalAt(axisFact), first.length)
  if (axis === undefined || !isApart(inputs, axis)) return undefined
  const shape = mergeShapes(inputs, axis)
  return (
    shape &&
    derive(
      inputs,
      shape.with(
        axis,
        sum(
          inputs.map((input) => input.shape![axis]!),
          context,
        ),
      ),
    )
  )
}

/** Whether joining along the axis keeps rows apart: all are of rows, which lie along another. */
function isApart(inputs: readonly Fact[], axis: number): boolean {
  if (!inputs.some(({ depends }) => depends === 'rows')) return true
  return inputs.every((input) => input.depends === 'rows' && input.axis !== axis)
}

/** Shapes of one rank that differ at most along the axis. */
function mergeShapes(inputs: readonly Fact[], axis: number): Shape | undefined {
  let merged: Shape | undefined = inputs[0]?.shape
  for (const { shape } of inputs.slice(1)) {
    if (!merged || shape?.length !== merged.length) return undefined
    const sizes: readonly (Size | undefined)[] = merged.map((size, d) =>
      d === axis ? size : agree(size, shape[d]!),
    )
    merged = sizes.every((size) => size !== undefined) ? sizes : undefined
  }
  return merged
}

/** One of two sizes that have to be equal. */
function agree(a: Size, b: Size): Size | undefined {
  if (isEqual(a, b)) return a
  if (rowDegree(a) > 0 || rowDegree(b) > 0) return undefined
  return literalOf(b) === undefined ? a : b
}

function sum(parts: readonly Size[], { fresh }: RuleContext): Size {
  const numbers = parts.map(literalOf)
  if (!numbers.every((number) => number !== undefined)) return fresh()
  return literal(numbers.reduce((total, number) => total + number, 0))
}

const pack: Rule = (inputs, context) => {
  const shapes = inputs.map(({ shape }) => shape)
  if (shapes.every((shape) => shape?.length === 0) && inputs.every((input) => elementsOf(input))) {
    return sizes(inputs.flatMap((input) => elementsOf(input)!))
  }
  const first = shapes[0]
  const axis = first && toAxis(context.attrs.int('axis', 0), first.length + 1)
  if (axis === undefined || !isApart(inputs, -1)) return undefined
  const shape = mergeShapes(inputs, -1)
  return shape && derive(inputs, shape.toSpliced(axis, 0, literal(inputs.length)))
}

/** More parts of a tensor are not told one by one. */
const maxParts = 1024

const unpack: Rule = ([input], { attrs }) => {
  const parts = attrs.int('num')
  if (!input?.shape || parts > maxParts) return undefined
  const elements = elementsOf(input)
  if (elements && input.shape.length === 1) return elements.map((size) => sizes([size], true))
  const axis = toAxis(attrs.int('axis', 0), input.shape.length)
  if (axis === undefined || rowDegree(input.shape[axis]!) > 0) return undefined
  const part = derive([input], input.shape.toSpliced(axis, 1))
  return part && Array.from({ length: parts }, () => part)
}

interface Splitting {
  readonly axis: Known
  readonly ways: number
  /** Of each part; undefined: all alike. */
  readonly parts?: readonly (Size | undefined)[] | undefined
}

function split(
  input: Known,
  { axis: given, ways, parts }: Splitting,
  { fresh }: RuleContext,
): readonly Fact[] | undefined {
  const shape = input?.shape
  const axis = shape && toAxis(literalAt(given), shape.length)
  if (axis === undefined || rowDegree(shape![axis]!) > 0 || ways > maxParts) return undefined
  const even = divide(shape![axis]!, literal(ways))
  const facts = Array.from({ length: ways }, (_, i) => {
    const known = parts ? parts[i] : even
    const size = known && literalOf(known) !== -1 ? known : fresh()
    return derive([input!], shape!.with(axis, size))
  })
  return facts.every((fact) => fact !== undefined) ? facts : undefined
}

/** A tensor without rows that is repeated for each row; one of rows is repeated along other axes. */
const tile: Rule = ([input, multiples]) => {
  const times = elementsOf(multiples)
  if (!input?.shape || times?.length !== input.shape.length) return undefined
  const shape = input.shape.map((size, d) => multiply([size, times[d]!]))
  if (input.depends === 'rows') return isOne(times[input.axis]!) ? derive([input], shape) : undefined
  if (input.depends === 'count') return undefined
  return times.every((size) => rowDegree(size) === 0) ? constant(shape) : rows(shape)
}

const fill: Rule = ([dims, value]) => {
  const shape = elementsOf(dims)
  if (!shape || value?.depends !== 'nothing') return undefined
  return shape.every((size) => rowDegree(size) === 0) ? constant(shape) : rows(shape)
}

const broadcastTo: Rule = ([input, target], { fresh }) => {
  const wanted = elementsOf(target)
  if (!input || !wanted || input.depends === 'count') return undefined
  const shape = broadcast([input.shape, wanted], fresh)
  if (shape?.length !== wanted.length) return undefined
  return shape.every((size) => rowDegree(size) === 0) ? constant(wanted) : rows(shape)
}

export const layoutRules: RuleTable = {
  Reshape: reshape,
  ExpandDims: expand,
  Squeeze: squeeze,
  Transpose: transpose,
  ConcatV2: (inputs, context) => concat(inputs.slice(0, -1), inputs.at(-1), context),
  Concat: (inputs, context) => concat(inputs.slice(1), inputs[0], context),
  Pack: pack,
  Unpack: unpack,
  Split: ([axis, input], context) => split(input, { axis, ways: context.attrs.int('num_split') }, context),
  SplitV: ([input, parts, axis], context) => {
    const ways = context.attrs.int('num_split')
    return parts?.depends === 'nothing'
      ? split(input, { axis, ways, parts: elementsOf(parts) ?? [] }, context)
      : undefined
  },
  Tile: tile,
  Fill: fill,
  BroadcastTo: broadcastTo,
  EnsureShape: ensureShape,
}
