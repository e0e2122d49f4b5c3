/** Ops that take a part of a tensor along its axes, or put a margin around it. */
import { derive, elementsOf, type Fact, type Known, literalsOf, type Shape, sizes } from './fact.js'
import type { Rule, RuleContext, RuleTable } from './rule.js'
import { isEqual, literal, literalOf, one, rowDegree, type Size } from './size.js'

interface Bounds {
  /** Undefined: from the start, to the end. */
  readonly begin: Size | undefined
  readonly end: Size | undefined
  readonly stride: number
}

/** What a slice does at one place of its specification. */
type Place = { readonly kind: 'new' | 'ellipsis' | 'shrink' } | ({ readonly kind: 'range' } & Bounds)

const hasBit = (mask: number, i: number): boolean => ((mask >> i) & 1) === 1

function toPlaces(
  [begin, end, strides]: readonly Known[],
  { attrs }: RuleContext,
): readonly Place[] | undefined {
  const steps = literalsOf(strides)
  if (!steps || begin?.depends !== 'nothing' || !end || end.depends === 'rows') return undefined
  const mask = (name: string) => attrs.int(`${name}_mask`, 0)
  return steps.map((stride, i): Place => {
    if (hasBit(mask('ellipsis'), i)) return { kind: 'ellipsis' }
    if (hasBit(mask('new_axis'), i)) return { kind: 'new' }
    if (hasBit(mask('shrink_axis'), i)) return { kind: 'shrink' }
    // A bound that nobody knows is as good as none at all for the size, but not for the axis of the rows.
    const bound = (of: Fact, name: string) =>
      hasBit(mask(name), i) ? undefined : (elementsOf(of)?.[i] ?? open)
    return { kind: 'range', begin: bound(begin, 'begin'), end: bound(end, 'end'), stride }
  })
}

/** A bound that is known to nobody. */
const open: Size = { factor: Number.NaN, symbols: [] }

function isWhole(size: Size, { begin, end, stride }: Bounds): boolean {
  const isFromStart = begin === undefined || literalOf(begin) === 0
  return stride === 1 && isFromStart && (end === undefined || isEqual(end, size))
}

/** As NumPy slices an axis of known size. */
function rangeSize(size: Size, bounds: Bounds, fresh: () => Size): Size {
  const [length, begin, end] = [size, bounds.begin ?? literal(0), bounds.end ?? size].map(literalOf)
  const { stride } = bounds
  if (isWhole(size, bounds)) return size
  if (length === undefined || begin === undefined || end === undefined || !(stride > 0)) return fresh()
  if (Number.isNaN(begin) || Number.isNaN(end)) return fresh()
  const clamp = (at: number) => Math.min(length, Math.max(0, at < 0 ? at + length : at))
  return literal(Math.max(0, Math.ceil((clamp(end) - clamp(begin)) / stride)))
}

const stridedSlice: Rule = ([input, ...spec], context) => {
  const places = toPlaces(spec, context)
  if (!input?.shape || !places) return undefined
  if (elementsOf(input) && input.shape.length === 1) return sliceSizes(elementsOf(input)!, spec, places)
  const used = places.filter(({ kind }) => kind === 'range' || kind === 'shrink').length
  const shape: Size[] = []
  let d = 0
  const take = (count: number) => {
    shape.push(...input.shape!.slice(d, d + count))
    d += count
  }
  for (const place of places) {
    if (place.kind === 'new') shape.push(one)
    else if (place.kind === 'ellipsis') take(Math.max(0, input.shape.length - used))
    else {
      const size = input.shape[d++]
      if (size === undefined || !isAllowed(size, place)) return undefined
      if (place.kind === 'range') shape.push(rangeSize(size, place, context.fresh))
    }
  }
  take(input.shape.length - d)
  return derive([input], shape)
}

/** The axis of the rows is taken whole, and no part of another is as long as there are rows. */
function isAllowed(size: Size, place: Place): boolean {
  if (place.kind !== 'range') return rowDegree(size) === 0
  if (isWhole(size, place)) return true
  return [size, place.begin, place.end].every((each) => each === undefined || rowDegree(each) === 0)
}

/** Which of the sizes a slice takes. */
function sliceSizes(elements: readonly Size[], [begin]: readonly Known[], places: readonly Place[]): Known {
  const [place] = places
  if (places.length !== 1 || place === undefined) return undefined
  if (place.kind === 'shrink') {
    const at = literalsOf(begin)?.[0]
    const size = at === undefined ? undefined : elements.at(at)
    return size && sizes([size], true)
  }
  if (place.kind !== 'range' || place.stride !== 1) return undefined
  const bound = (size: Size | undefined, fallback: number) => (size ? literalOf(size) : fallback)
  const [from, to] = [bound(place.begin, 0), bound(place.end, elements.length)]
  const areKnown = from !== undefined && to !== undefined && !Number.isNaN(from) && !Number.isNaN(to)
  return areKnown ? sizes(elements.slice(from, to)) : undefined
}

const slice: Rule = ([input, begin, size], { fresh }) => {
  if (!input?.shape || begin?.depends !== 'nothing' || !size || size.depends === 'rows') return undefined
  const starts = elementsOf(begin)
  const counts = elementsOf(size)
  if (elementsOf(input))
    return sliceOfSizes(elementsOf(input)!, literalsOf(begin)?.[0], literalsOf(size)?.[0])
  const shape = input.shape.map((own, d): Size | undefined => {
    const [start, count] = [starts?.[d], counts?.[d]]
    const isFromStart = start !== undefined && literalOf(start) === 0
    const isToEnd = count !== undefined && (literalOf(count) === -1 || isEqual(count, own))
    if (isFromStart && isToEnd) return own
    if (rowDegree(own) > 0 || (count && rowDegree(count) > 0)) return undefined
    return count && literalOf(count) !== -1 ? count : fresh()
  })
  return shape.every((axis) => axis !== undefined) ? derive([input], shape) : undefined
}

function sliceOfSizes(
  elements: readonly Size[],
  start: number | undefined,
  count: number | undefined,
): Known {
  if (start === undefined || count === undefined || start < 0) return undefined
  return sizes(elements.slice(start, count < 0 ? undefined : start + count))
}

/** Margins before and after each axis, none around the rows. */
const pad: Rule = ([input, paddings, value], { fresh }) => {
  const margins = marginsOf(paddings)
  if (!input?.shape || !margins || (value && value.depends !== 'nothing')) return undefined
  const shape = input.shape.map((size, d): Size | undefined => {
    const margin = margins[2 * d]! + margins[2 * d + 1]!
    if (margin === 0 || Number.isNaN(margin)) return margin === 0 ? size : undefined
    if (rowDegree(size) > 0) return undefined
    const number = literalOf(size)
    return number === undefined ? fresh() : literal(number + margin)
  })
  return shape.every((axis) => axis !== undefined) ? derive([input], shape as Shape) : undefined
}

function marginsOf(paddings: Known): readonly number[] | undefined {
  const value = paddings?.depends === 'nothing' ? paddings.value : undefined
  if (value?.dtype !== 'int32' && value?.dtype !== 'int64') return undefined
  const margins = Array.from((value as { readonly data: ArrayLike<number | bigint> }).data, Number)
  return margins.every((margin) => margin >= 0) ? margins : undefined
}

export const sliceRules: RuleTable = {
  StridedSlice: stridedSlice,
  Slice: slice,
  Pad: pad,
  PadV2: pad,
  MirrorPad: pad,
}
