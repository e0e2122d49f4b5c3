/**
 * Sparse tensors as ops take and give them: coordinates (int64 [entries, rank]), values [entries] and a dense shape [rank].
 * Whatever a sparse op is for, it reads its three tensors here, so that no kernel meets coordinates that do not fit the rest.
 */

import { sizeOf } from '../../../../tensor/tensor.js'
import type { AnyTensor } from '../../op.js'
import { spend } from '../../run-limits.js'
import { fromIntegers, invalid, shapeText, toIntegers, toList } from '../array/arguments.js'
import { openElements } from '../array/elements.js'
import { copyWords } from '../array/moves.js'
import { newScratch } from '../new-data.js'

/** Where the entries are. */
export interface Coordinates {
  /** Entry i at `at[i * rank]` up to `at[(i + 1) * rank]`. */
  readonly at: ArrayLike<number>
  readonly count: number
  readonly rank: number
}

export interface SparseTensor extends Coordinates {
  readonly values: AnyTensor
  /** Of the dense tensor that this one is of. */
  readonly shape: readonly number[]
}

/** Entry by entry, coordinates within the shape or not. */
export function readCoordinates(indices: AnyTensor): Coordinates {
  const [count, rank] = indices.shape
  if (count === undefined || rank === undefined || indices.shape.length !== 2) {
    throw invalid(`Input indices should be a matrix but received shape ${shapeText(indices.shape)}`)
  }
  return { at: toIntegers(indices), count, rank }
}

/** @throws RecserveError `invalid_argument` for a shape that is not a vector of sizes */
export function readDenseShape(input: AnyTensor): number[] {
  if (input.shape.length !== 1) {
    throw invalid(`Input shape should be a vector but received shape ${shapeText(input.shape)}`)
  }
  const shape = toList(input)
  const negative = shape.findIndex((size) => size < 0)
  if (negative >= 0) throw invalid(`Dimension ${negative} of the shape must be >= 0, not ${shape[negative]}`)
  return shape
}

/** @throws RecserveError `invalid_argument` where the three do not belong together */
export function readSparse(indices: AnyTensor, values: AnyTensor, denseShape: AnyTensor): SparseTensor {
  const coordinates = readCoordinates(indices)
  if (values.shape.length !== 1) {
    throw invalid(`Input values should be a vector but received shape ${shapeText(values.shape)}`)
  }
  const { count, rank } = coordinates
  if (values.shape[0] !== count) {
    throw invalid(
      `Number of elements (${values.shape[0]}) must match the number of rows of indices (${count})`,
    )
  }
  const shape = readDenseShape(denseShape)
  if (shape.length !== rank) {
    throw invalid(`Index rank ${rank} and shape rank ${shape.length} do not match`)
  }
  return { ...coordinates, values, shape }
}

/** `[1,2]`: where an entry is. */
export function entryText({ at, rank }: Coordinates, entry: number): string {
  return shapeText(Array.from({ length: rank }, (_, d) => at[entry * rank + d]!))
}

function isWithin({ at, rank }: Coordinates, entry: number, shape: readonly number[]): boolean {
  for (let d = 0; d < rank; d++) {
    const index = at[entry * rank + d]!
    if (!(index >= 0 && index < shape[d]!)) return false
  }
  return true
}

/**
 * Which element of the dense tensor, row-major, each entry is; of one out of bounds, what its coordinates come to all the same.
 *
 * @throws RecserveError `invalid_argument` where a double could not count the elements
 */
export function flatPositions({ at, count, rank }: Coordinates, shape: readonly number[]): Float64Array {
  requireCountable(shape)
  const positions = newScratch(count)
  for (let i = 0; i < count; i++) {
    spend(rank)
    let position = 0
    for (let d = 0; d < rank; d++) position = position * shape[d]! + at[i * rank + d]!
    positions[i] = position
  }
  return positions
}

/** As `flatPositions`. @throws RecserveError `invalid_argument` for an entry out of bounds, too */
export function densePositions(coordinates: Coordinates, shape: readonly number[]): Float64Array {
  requireWithin(coordinates, shape)
  return flatPositions(coordinates, shape)
}

/** @throws RecserveError `invalid_argument` for a shape of more elements than a double can count */
export function requireCountable(shape: readonly number[]): number {
  const size = sizeOf(shape)
  if (size <= Number.MAX_SAFE_INTEGER) return size
  throw invalid(`the dense shape ${shapeText(shape)} has more than 2^53 elements, which are not counted here`)
}

function outOfBounds(coordinates: Coordinates, entry: number, shape: readonly number[]) {
  const text = `indices[${entry}] = ${entryText(coordinates, entry)} is out of bounds`
  return invalid(`${text}: need 0 <= index < ${shapeText(shape)}`)
}

/** @throws RecserveError `invalid_argument` unless every entry is within the shape */
export function requireWithin(coordinates: Coordinates, shape: readonly number[]): void {
  for (let i = 0; i < coordinates.count; i++) {
    spend(coordinates.rank)
    if (!isWithin(coordinates, i, shape)) throw outOfBounds(coordinates, i, shape)
  }
}

/** @throws RecserveError `invalid_argument` unless entries are within the shape, row-major and none of them twice */
export function requireOrdered(coordinates: Coordinates, shape: readonly number[]): void {
  for (let i = 0; i < coordinates.count; i++) {
    spend(coordinates.rank)
    if (!isWithin(coordinates, i, shape)) throw outOfBounds(coordinates, i, shape)
    const step = i === 0 ? 1 : compareEntries(coordinates, i, coordinates, i - 1)
    if (step > 0) continue
    const text = `indices[${i}] = ${entryText(coordinates, i)} is`
    throw invalid(
      step === 0
        ? `${text} repeated`
        : `${text} out of order. Many sparse ops require sorted indices.\n` +
            '    Use `tf.sparse.reorder` to create a correctly ordered copy.\n\n',
    )
  }
}

/** Below zero: entry i of a comes before entry j of b, row-major. Both of one rank. */
export function compareEntries(a: Coordinates, i: number, b: Coordinates, j: number): number {
  const { rank } = a
  for (let d = 0; d < rank; d++) {
    const difference = a.at[i * rank + d]! - b.at[j * rank + d]!
    if (difference !== 0) return difference
  }
  return 0
}

/** Chosen elements of a vector in a new order; zero, false or the empty string for -1. */
export function takeElements(values: AnyTensor, picks: ArrayLike<number>): AnyTensor {
  const elements = openElements([values])
  const { unit } = elements
  const shape = [picks.length]
  const out = elements.create(shape)
  for (let i = 0; i < picks.length; i++) {
    spend(unit)
    if (picks[i]! >= 0) copyWords(elements.sources[0]!, picks[i]! * unit, out, i * unit, unit)
  }
  return elements.toTensor(shape, out)
}

/** Chosen entries in a new order. */
export function takeEntries({ at, rank }: Coordinates, picks: ArrayLike<number>): Coordinates {
  const taken = newScratch(picks.length * rank)
  for (let i = 0; i < picks.length; i++) {
    spend(rank)
    for (let d = 0; d < rank; d++) taken[i * rank + d] = at[picks[i]! * rank + d]!
  }
  return { at: taken, count: picks.length, rank }
}

export function toIndices({ at, count, rank }: Coordinates): AnyTensor {
  return fromIntegers('int64', [count, rank], at)
}

/** The three tensors that are an op's outputs. */
export function fromSparse(sparse: SparseTensor): readonly [AnyTensor, AnyTensor, AnyTensor] {
  const { values, shape } = sparse
  return [toIndices(sparse), values, fromIntegers('int64', [shape.length], shape)]
}
