/** How segment ids are read and checked. */

import type { AnyTensor } from '../../op.js'
import { invalid, shapeText, toIntegers } from '../array/arguments.js'

/** A vector of ascending ids, as long as the first axis of what it sorts. */
export function readSortedIds(input: AnyTensor, rows: number): ArrayLike<number> {
  if (input.shape.length !== 1) throw invalid(`segment_ids should be a vector, got ${shapeText(input.shape)}`)
  const ids = toIntegers(input)
  if (ids.length !== rows) {
    throw invalid(`segment_ids should be the same size as dimension 0 of input: ${ids.length} vs. ${rows}`)
  }
  if (ids.length > 0 && ids[0]! < 0) throw invalid('segment ids must be >= 0')
  for (let i = 1; i < ids.length; i++) {
    if (ids[i]! < ids[i - 1]!) throw invalid('segment ids are not increasing')
  }
  return ids
}

/** How many rows sorted ids name: up to the last one. */
export function segmentCount(ids: ArrayLike<number>): number {
  return ids.length === 0 ? 0 : ids[ids.length - 1]! + 1
}

/** The number of segments an op is told. */
export function readCount(input: AnyTensor): number {
  const values = toIntegers(input)
  if (values.length !== 1)
    throw invalid(`num_segments should be a scalar, not shape ${shapeText(input.shape)}`)
  if (values[0]! < 0) throw invalid(`Input num_segments == ${values[0]} must not be negative.`)
  return values[0]!
}
