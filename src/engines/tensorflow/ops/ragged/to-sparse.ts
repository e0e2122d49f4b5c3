/** Ragged tensors as sparse ones: each value at the place it has in the dense tensor. */

import { sizeOf } from '../../../../tensor/tensor.js'
import type { AnyTensor, Kernel } from '../../op.js'
import { spend } from '../../run-limits.js'
import { inputAt, invalid } from '../array/arguments.js'
import { newScratch } from '../new-data.js'
import { fromSparse } from '../sparse/sparse-tensor.js'
import { readNestedSplits, rowIdsOf, widestRow } from './row-partition.js'

export const raggedToSparse: Kernel = (inputs, { attrs }) => {
  const depth = attrs.int('RAGGED_RANK')
  const values = inputAt(inputs, depth)
  const rows = values.shape[0]
  if (depth < 1 || rows === undefined)
    throw invalid('a ragged tensor has splits, and values of rank 1 at least')
  const splits = readNestedSplits(
    Array.from({ length: depth }, (_, d) => inputAt(inputs, d)),
    rows,
  )
  const inner = values.shape.slice(1)
  const block = sizeOf(inner)
  const rank = depth + values.shape.length
  const count = rows * block
  const at = newScratch(count * rank)
  const place = placeOfRows(splits)
  for (let i = 0; i < count; i++) {
    spend(rank)
    const row = block === 1 ? i : Math.floor(i / block)
    for (let d = 0; d <= depth; d++) at[i * rank + d] = place[d]![row]!
    for (let d = rank - 1, rest = i % block; d > depth; d--) {
      at[i * rank + d] = rest % inner[d - depth - 1]!
      rest = Math.floor(rest / inner[d - depth - 1]!)
    }
  }
  const shape = [splits[0]!.length - 1, ...splits.map(widestRow), ...inner]
  return fromSparse({ at, count, rank, values: flat(values, count), shape })
}

function flat(values: AnyTensor, count: number): AnyTensor {
  return { ...values, shape: [count] }
}

/** For each dimension up to the values' rows, the coordinate of each of those rows. */
function placeOfRows(splits: readonly ArrayLike<number>[]): readonly Float64Array[] {
  // From the innermost dimension out: `owners` is the row of this dimension that each value row is part of.
  const rows = splits.at(-1)![splits.at(-1)!.length - 1]!
  let owners = newScratch(rows)
  for (let i = 0; i < rows; i++) owners[i] = i
  const places: Float64Array[] = []
  for (const each of splits.toReversed()) {
    const ids = rowIdsOf(each)
    const place = newScratch(rows)
    const parents = newScratch(rows)
    spend(2 * rows)
    for (let i = 0; i < rows; i++) {
      parents[i] = ids[owners[i]!]!
      place[i] = owners[i]! - each[parents[i]!]!
    }
    places.unshift(place)
    owners = parents
  }
  return [owners, ...places]
}
