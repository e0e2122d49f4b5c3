/** Values of a graph that is being specialised: whole, or still in the parts that its sides give, as long as ops allow it. */
import { isOne, literalOf, rowDegree, type Size } from '../row-wise/size.js'
import { type DraftEdge, isEach, joinSides, type Side } from './draft.js'

export type Shape = readonly Size[]

/** A tensor that some node gives. */
export interface Whole {
  readonly kind: 'whole'
  readonly edge: DraftEdge
  readonly side: Side
  /** As the graph has it for all items; undefined where a constant's is not known. */
  readonly shape: Shape | undefined
  /** Axes, that of the rows apart, along which the node gives one entry that stands for all. */
  readonly stretched: ReadonlySet<number>
}

/** A sum, one term for each side. */
export interface Terms {
  readonly kind: 'terms'
  readonly terms: readonly Whole[]
  readonly shape: Shape
}

export interface Part {
  readonly value: Whole | Terms
  /** Along the axis, in the order of the part's entries. */
  readonly places: readonly number[]
}

/** A concatenation. */
export interface Parts {
  readonly kind: 'parts'
  readonly axis: number
  readonly parts: readonly Part[]
  readonly shape: Shape
}

/** A matrix: another value, of rank 3 or more, with all axes but the last one as one. */
export interface Flat {
  readonly kind: 'flat'
  readonly inner: Whole | Terms | Parts
  readonly shape: Shape
}

/** Integers that follow from the number of rows. */
export interface Count {
  readonly kind: 'count'
  readonly elements: readonly Size[]
  readonly isScalar: boolean
  readonly dtype: 'int32' | 'int64'
}

export type Split = Whole | Terms | Parts | Flat | Count

/** Says that a graph cannot be specialised. Not an error of anybody: the graph runs as it is. */
export class Unsplittable extends Error {}

export function rowAxisOf(shape: Shape | undefined): number | undefined {
  const axis = shape?.findIndex((size) => rowDegree(size) > 0) ?? -1
  return axis < 0 ? undefined : axis
}

/** Without a row for each item: a constant. */
export const isConstant = (value: Split | undefined): value is Whole =>
  value?.kind === 'whole' && value.side === 'constant' && rowAxisOf(value.shape) === undefined

/** Of one row that stands for those of all items. */
export const isOnce = ({ side, shape }: Whole): boolean => !isEach(side) && rowAxisOf(shape) !== undefined

export function sidesOf(value: Split): readonly Side[] {
  switch (value.kind) {
    case 'whole':
      return [value.side]
    case 'terms':
      return value.terms.map(({ side }) => side)
    case 'parts':
      return value.parts.flatMap((part) => sidesOf(part.value))
    case 'flat':
      return sidesOf(value.inner)
    case 'count':
      return []
  }
}

export const sideOf = (value: Split): Side => joinSides(sidesOf(value))

/** The sizes as numbers; undefined where one is none. */
export function literals(shape: Shape): readonly number[] | undefined {
  const numbers = shape.map(literalOf)
  return numbers.every((number) => number !== undefined) ? numbers : undefined
}

/** The same node seen as a tensor of another shape that it is repeated to; undefined where it is not of that rank. */
export function stretchTo(value: Whole, shape: Shape): Whole | undefined {
  const own = value.shape
  if (own?.length !== shape.length || rowAxisOf(own) !== rowAxisOf(shape)) return undefined
  const rows = rowAxisOf(shape)
  const isThin = (d: number) => value.stretched.has(d) || isOne(own[d]!)
  const stretched = shape.flatMap((size, d) => (d !== rows && isThin(d) && !isOne(size) ? [d] : []))
  return { ...value, shape, stretched: new Set(stretched) }
}
