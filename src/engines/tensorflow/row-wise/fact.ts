/** What is known of a value of a graph before any request: what it depends on, and its shape as far as anyone can tell. */
import { RecserveError } from '../../../core/errors.js'
import type { Value } from '../op.js'
import { isEqual, isOne, literal, literalOf, rowDegree, type Size } from './size.js'

export type Shape = readonly Size[]

/** The same for every request of the same row shapes, however many rows it has. */
export interface ConstantFact {
  readonly depends: 'nothing'
  readonly shape?: Shape | undefined
  /** Of integers that are sizes, of rank 0 or 1. */
  readonly elements?: readonly Size[] | undefined
  /** Where it is known before any request. */
  readonly value?: Value
}

/** Integers that follow from the number of rows alone. */
export interface CountFact {
  readonly depends: 'count'
  readonly shape: Shape
  readonly elements: readonly Size[]
}

/** One axis has `b` entries for each row of the request: those of row i, in a block at `i * b`, depend on row i alone. */
export interface RowsFact {
  readonly depends: 'rows'
  readonly shape: Shape
  /** The axis of the rows. */
  readonly axis: number
}

export type Fact = ConstantFact | CountFact | RowsFact

/** A rule's answer: undefined where nothing can be said. */
export type Known<F extends Fact = Fact> = F | undefined

export function constant(shape?: Shape): ConstantFact {
  return { depends: 'nothing', shape }
}

/** Rows of that shape; undefined for a shape that is none of rows. */
export function rows(shape: Shape): Known<RowsFact> {
  const axis = shape.findIndex((size) => rowDegree(size) > 0)
  const isOnly = axis >= 0 && shape.every((size, d) => rowDegree(size) === (d === axis ? 1 : 0))
  return isOnly && shape[axis]!.factor > 0 ? { depends: 'rows', shape, axis } : undefined
}

/** Whether a row's elements are consecutive in row-major order. */
export function isConsecutive({ shape, axis }: RowsFact): boolean {
  return shape.slice(0, axis).every(isOne)
}

/** Of a tensor with more elements none is told. */
export const maxSizes = 64

/**
 * Sizes as a scalar or a vector of integers.
 *
 * @throws RecserveError `resource_exhausted` for more than any shape has
 */
export function sizes(elements: readonly Size[], isScalar = false): Fact {
  const shape = isScalar ? [] : [literal(elements.length)]
  if (elements.length > maxSizes)
    throw new RecserveError('resource_exhausted', `${elements.length} sizes are no shape`)
  const depends = elements.some((size) => rowDegree(size) > 0) ? 'count' : 'nothing'
  return { depends, shape, elements }
}

/** Of that shape, by a function that keeps rows apart; undefined where what it reads says otherwise. */
export function derive(from: readonly Fact[], shape: Shape | undefined): Known {
  if (from.some(({ depends }) => depends === 'count')) return undefined
  if (from.some(({ depends }) => depends === 'rows')) return shape && rows(shape)
  // As long as there are rows, but not of them: no shape that a constant has for every request.
  return shape?.some((size) => rowDegree(size) > 0) ? undefined : constant(shape)
}

export function elementsOf(fact: Fact | undefined): readonly Size[] | undefined {
  return fact?.depends === 'rows' ? undefined : fact?.elements
}

/** The elements, where all of them are numbers. */
export function literalsOf(fact: Fact | undefined): readonly number[] | undefined {
  const numbers = elementsOf(fact)?.map(literalOf)
  return numbers?.every((number) => number !== undefined) ? numbers : undefined
}

export function literalAt(fact: Fact | undefined): number | undefined {
  return literalsOf(fact)?.[0]
}

/** Rows along the first axis. */
export function isLeading(fact: Fact | undefined): fact is RowsFact {
  return fact?.depends === 'rows' && fact.axis === 0
}

/** An axis counted from the front; undefined for one that is not there. */
export function toAxis(given: number | undefined, rank: number): number | undefined {
  if (given === undefined || given < -rank || given >= rank) return undefined
  return given < 0 ? given + rank : given
}

/** What two axes that are broadcast against each other become; undefined where the row count decides. */
export function mergeSizes(a: Size, b: Size, fresh: () => Size): Size | undefined {
  if (isEqual(a, b) || isOne(b)) return a
  if (isOne(a)) return b
  if (rowDegree(a) > 0 || rowDegree(b) > 0) return undefined
  const numbers = [literalOf(a), literalOf(b)].filter((number) => number !== undefined)
  if (numbers.length === 2) return undefined
  // A number other than 1 is the outcome, whatever the other is; else either may be the one that is repeated.
  return numbers.length === 1 ? literal(numbers[0]!) : fresh()
}

/** NumPy's broadcasting; undefined where a shape is not known or the row count decides. */
export function broadcast(shapes: readonly (Shape | undefined)[], fresh: () => Size): Shape | undefined {
  let result: Shape = []
  for (const shape of shapes) {
    if (shape === undefined) return undefined
    const rank = Math.max(shape.length, result.length)
    const merged = Array.from({ length: rank }, (_, d) => {
      const a = result[d - rank + result.length]
      const b = shape[d - rank + shape.length]
      return a && b ? mergeSizes(a, b, fresh) : (a ?? b)
    })
    if (!merged.every((size) => size !== undefined)) return undefined
    result = merged
  }
  return result
}
