/** Ops that move elements: joins, shapes and look-ups, whose parts stay apart. */

import { type Fact, literalAt, literalsOf, toAxis } from '../row-wise/fact.js'
import { isEqual, isOne, literal, literalOf } from '../row-wise/size.js'
import type { Rewrite, RewriteCall, RewriteTable } from './rewrite.js'
import {
  isConstant,
  literals,
  type Part,
  type Parts,
  rowAxisOf,
  type Shape,
  type Split,
  sideOf,
  sidesOf,
} from './value.js'

/** A concatenation of values of several sides is left to whoever can do without it. */
const concat: Rewrite = ({ inputs, facts, shape, builder }) => {
  const axis = toAxis(literalAt(facts.at(-1)), shape.length)
  const given = inputs.slice(0, -1)
  const sides = new Set(given.map((input) => sideOf(input)))
  const isMixed = sides.size > 1 || given.some((input) => input.kind === 'parts' || input.kind === 'terms')
  if (axis === undefined || rowAxisOf(shape) !== 0 || axis === 0 || !isMixed) return undefined
  const parts: Part[] = []
  let from = 0
  for (const input of given) {
    if (input.kind === 'count') return undefined
    const size = literalOf(
      shapeOf(input, facts[given.indexOf(input)])?.[axis] ?? { factor: 0, symbols: ['?'] },
    )
    if (size === undefined) return undefined
    parts.push(...partsOf(input, { axis, from, size }, builder))
    from += size
  }
  return { kind: 'parts', axis, parts, shape }
}

const shapeOf = (input: Split, fact: Fact | undefined): Shape | undefined =>
  (input.kind === 'count' ? undefined : input.shape) ?? fact?.shape

function partsOf(
  input: Exclude<Split, { readonly kind: 'count' }>,
  { axis, from, size }: { readonly axis: number; readonly from: number; readonly size: number },
  builder: RewriteCall['builder'],
): readonly Part[] {
  if (input.kind === 'parts' && input.axis === axis)
    return input.parts.map((part) => ({ ...part, places: part.places.map((place) => from + place) }))
  const places = Array.from({ length: size }, (_, i) => from + i)
  if (input.kind === 'terms') return [{ value: input, places }]
  const whole = builder.toWhole(input)
  return [{ value: whole.stretched.has(axis) ? builder.toFull(whole) : whole, places }]
}

/** To the same elements for each row: parts along axis 1 keep theirs. */
function reshapeParts(input: Parts, shape: Shape, builder: RewriteCall['builder']): Split | undefined {
  const [own, wanted] = [input.shape.slice(1), shape.slice(1)].map(literals)
  if (own === undefined || wanted === undefined || input.axis !== 1) return undefined
  if (!isEqual(shape[0]!, input.shape[0]!)) return undefined
  const each = own.slice(1).reduce((product, size) => product * size, 1)
  const isMerged = wanted.length === 1
  const isLonger =
    own.every((size, d) => wanted[d] === size) && wanted.slice(own.length).every((size) => size === 1)
  if (!isMerged && !isLonger) return undefined
  const parts = input.parts.map(({ value, places }) => {
    const full = builder.toFull(value)
    const rest = isMerged ? [literal(places.length * each)] : [literal(places.length), ...shape.slice(2)]
    const all = isMerged
      ? places.flatMap((place) => Array.from({ length: each }, (_, i) => place * each + i))
      : places
    return { value: builder.reshape(full, [full.shape![0]!, ...rest]), places: all }
  })
  return { kind: 'parts', axis: 1, parts, shape }
}

const reshape: Rewrite = ({ inputs: [input], shape, builder }) => {
  if (input === undefined || input.kind === 'count' || input.shape === undefined) return undefined
  if (isConstant(input)) return undefined
  if (input.kind === 'flat' && isSame(input.inner.shape!, shape)) return input.inner
  if (input.kind === 'parts') {
    const found = reshapeParts(input, shape, builder)
    if (found) return found
  }
  const isFlattened =
    input.shape.length >= 3 && shape.length === 2 && isSame(input.shape.slice(-1), shape.slice(-1))
  if (input.kind !== 'flat' && isFlattened && rowAxisOf(input.shape) === 0)
    return { kind: 'flat', inner: input, shape }
  return builder.reshape(builder.toFull(input), shape)
}

const isSame = (a: Shape, b: Shape) => a.length === b.length && a.every((size, d) => isEqual(size, b[d]!))

/** New axes of size 1 at the end. */
const addAxes: Rewrite = ({ op, inputs: [input], facts, shape, builder }) => {
  if (input?.kind !== 'parts' || !isSame(input.shape, shape.slice(0, input.shape.length))) return undefined
  const isWhole = op === 'ExpandDims' || (literalsOf(facts[3])?.every((step) => step === 1) ?? false)
  return isWhole && shape.slice(input.shape.length).every(isOne)
    ? reshapeParts(input, shape, builder)
    : undefined
}

/** What is repeated along an axis of one entry is repeated by whoever reads it. */
const tile: Rewrite = ({ inputs: [input], facts, shape, builder }) => {
  const times = literalsOf(facts[1])
  if (input === undefined || input.kind === 'count' || times === undefined) return undefined
  const whole = builder.toWhole(input)
  const rows = rowAxisOf(whole.shape)
  if (!whole.shape || rows === undefined) return undefined
  const isSimple = times.every((count, d) => count === 1 || (d !== rows && isOne(whole.shape![d]!)))
  if (!isSimple) return undefined
  const stretched = new Set([...whole.stretched, ...times.flatMap((count, d) => (count > 1 ? [d] : []))])
  return { ...whole, shape, stretched }
}

/** Rows of a constant table by indices of both sides: those of each side by themselves. */
const gather: Rewrite = (call) => {
  const { op, attrs, inputs, facts, builder, shape } = call
  const [table, indices] = inputs
  const axis = op === 'GatherV2' ? literalAt(facts[2]) : 0
  if (indices?.kind !== 'parts' || axis !== 0 || attrs.int('batch_dims', 0) !== 0) return undefined
  if (table === undefined || !isConstant(table)) return undefined
  const rest = shape.slice(indices.shape.length)
  return builder.mapParts(
    indices,
    (part) => {
      const own = builder.toFull(part.value)
      const edges = [table, own, ...inputs.slice(2)]
      const { edge, side } = builder.apply(call, edges)
      return { kind: 'whole', edge, side, shape: [...own.shape!, ...rest], stretched: new Set() }
    },
    { axis: indices.axis, shape },
  )
}

/** A sum along the axis of the parts is one of sums. */
const total: Rewrite = (call) => {
  const { op, attrs, inputs, facts, builder, shape } = call
  const [input] = inputs
  if (input?.kind !== 'parts' || attrs.type('T', 'float32') !== 'float32') return undefined
  const axes = literalsOf(facts[1])?.map((axis) => toAxis(axis, input.shape.length))
  if (axes?.length !== 1 || axes[0] !== input.axis) return undefined
  const count = literalOf(input.shape[input.axis]!)
  if (count === undefined || new Set(sidesOf(input)).size < 2) return undefined
  const sums = input.parts.map((part) => {
    const { edge, side } = builder.apply({ ...call, op: 'Sum' }, [
      builder.toFull(part.value),
      ...inputs.slice(1),
    ])
    const whole = { kind: 'whole' as const, edge, side, shape, stretched: new Set<number>() }
    if (op === 'Sum') return whole
    const share = builder.draft.float(1 / count)
    return { ...whole, edge: builder.emit('Mul', [edge, share], side, {}) }
  })
  return builder.addTerms(sums, shape)
}

export const layoutRewrites: RewriteTable = {
  ConcatV2: concat,
  Reshape: reshape,
  ExpandDims: addAxes,
  StridedSlice: addAxes,
  Tile: tile,
  GatherV2: gather,
  ResourceGather: gather,
  Sum: total,
  Mean: total,
}
