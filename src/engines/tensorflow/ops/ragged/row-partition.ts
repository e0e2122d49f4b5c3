/** How the rows of a ragged tensor lie in its values: splits, each row from one to the next. */

import type { AnyTensor } from '../../op.js'
import { spend } from '../../run-limits.js'
import { invalid, shapeText, toIntegers } from '../array/arguments.js'
import { newScratch } from '../new-data.js'

/**
 * Splits of a dimension whose rows are made of `count` values.
 *
 * @throws RecserveError `invalid_argument` unless they ascend from 0 to `count`
 */
export function readSplits(input: AnyTensor, count: number): ArrayLike<number> {
  const splits = readAscending(input)
  if (splits[0] !== 0) throw invalid(`Splits must start with 0, not with ${splits[0]}`)
  const last = splits[splits.length - 1]
  if (last !== count)
    throw invalid(`Splits must end with the number of values, got ${last} instead of ${count}`)
  return splits
}

/** At least one, none below the one before it. */
export function readAscending(input: AnyTensor): ArrayLike<number> {
  if (input.shape.length !== 1)
    throw invalid(`Ragged splits should be a vector, got ${shapeText(input.shape)}`)
  const splits = toIntegers(input)
  if (splits.length === 0) throw invalid('Splits must be non-empty')
  for (let i = 1; i < splits.length; i++) {
    spend(1)
    if (splits[i]! < splits[i - 1]!) throw invalid('Ragged splits should be non decreasing')
  }
  return splits
}

/**
 * The splits of every ragged dimension, the outermost first.
 *
 * @param count of the rows of the innermost values
 */
export function readNestedSplits(inputs: readonly AnyTensor[], count: number): ArrayLike<number>[] {
  return inputs.map((input, d) => {
    const next = inputs[d + 1]
    return readSplits(input, next ? (next.shape[0] ?? 0) - 1 : count)
  })
}

/** The row of each value. */
export function rowIdsOf(splits: ArrayLike<number>): Float64Array {
  const rows = splits.length - 1
  const ids = newScratch(splits[rows]!)
  for (let row = 0; row < rows; row++) {
    spend(1 + splits[row + 1]! - splits[row]!)
    ids.fill(row, splits[row]!, splits[row + 1]!)
  }
  return ids
}

/** Values in the longest row; 0 without rows. */
export function widestRow(splits: ArrayLike<number>): number {
  let widest = 0
  for (let row = 1; row < splits.length; row++) widest = Math.max(widest, splits[row]! - splits[row - 1]!)
  return widest
}
