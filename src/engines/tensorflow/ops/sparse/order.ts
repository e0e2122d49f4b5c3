/** Entries of sparse tensors in row-major order: reordered, joined, cut. */

import type { AnyTensor, Kernel, OpTable } from '../../op.js'
import { claimPlaces, spend } from '../../run-limits.js'
import { inputAt, invalid, requireScalar, shapeText, toAxis, toInteger, toList } from '../array/arguments.js'
import { newData, newScratch } from '../new-data.js'
import { join } from '../rows.js'
import {
  type Coordinates,
  compareEntries,
  fromSparse,
  readSparse,
  requireWithin,
  type SparseTensor,
  takeElements,
  takeEntries,
  toIndices,
} from './sparse-tensor.js'

/** Entries by place, equal ones as they come; undefined where they are so already. */
export function rowMajorOrder(coordinates: Coordinates): Uint32Array | undefined {
  const { count, rank } = coordinates
  let isOrdered = true
  for (let i = 1; i < count && isOrdered; i++) {
    spend(rank)
    isOrdered = compareEntries(coordinates, i - 1, coordinates, i) <= 0
  }
  if (isOrdered) return undefined
  const order = newData('uint32', [count])
  for (let i = 0; i < count; i++) order[i] = i
  return order.sort((a, b) => {
    spend(rank)
    return compareEntries(coordinates, a, coordinates, b) || a - b
  })
}

export function toRowMajor(sparse: SparseTensor): SparseTensor {
  const order = rowMajorOrder(sparse)
  if (order === undefined) return sparse
  return { ...takeEntries(sparse, order), values: takeElements(sparse.values, order), shape: sparse.shape }
}

const reorder: Kernel = (inputs) => {
  const sparse = readSparse(inputAt(inputs, 0), inputAt(inputs, 1), inputAt(inputs, 2))
  const ordered = toRowMajor(sparse)
  return [toIndices(ordered), ordered.values]
}

/** Of the inputs of a list argument: indices, values and shapes, `count` of each. */
function readSparseList(inputs: readonly AnyTensor[], count: number): SparseTensor[] {
  return Array.from({ length: count }, (_, i) =>
    readSparse(inputAt(inputs, i), inputAt(inputs, count + i), inputAt(inputs, 2 * count + i)),
  )
}

/** Joined along one dimension, the others of one size. */
const concat: Kernel = (inputs, { attrs }) => {
  const count = attrs.int('N', inputs.length / 3)
  const parts = readSparseList(inputs, count)
  const first = parts[0]
  if (first === undefined) throw invalid('SparseConcat needs at least one input')
  const { rank } = first
  const axis = toAxis(attrs.int('concat_dim', 0), rank, 'concat dimension')
  for (const [i, { shape }] of parts.entries()) checkPart(i, shape, { first: first.shape, axis })
  const total = parts.reduce((sum, part) => sum + part.count, 0)
  const at = newScratch(total * rank)
  let end = 0
  let size = 0
  for (const part of parts) {
    spend(part.at.length)
    for (let i = 0; i < part.at.length; i++) at[end + i] = part.at[i]!
    for (let i = axis; i < part.at.length; i += rank) at[end + i]! += size
    end += part.at.length
    size += part.shape[axis]!
  }
  const values = join(
    parts.map((part) => part.values),
    [total],
  )
  return fromSparse(toRowMajor({ at, count: total, rank, values, shape: first.shape.with(axis, size) }))
}

function checkPart(
  i: number,
  shape: readonly number[],
  { first, axis }: { readonly first: readonly number[]; readonly axis: number },
): void {
  if (shape.length !== first.length) {
    throw invalid(
      `Ranks of all input tensors must match: expected ${first.length} but got ${shape.length} at position ${i}`,
    )
  }
  for (const [d, size] of shape.entries()) {
    if (d === axis || size === first[d]) continue
    throw invalid(
      `Input shapes must match: expected ${first[d]} for dimension ${d} but got ${size} at position ${i}`,
    )
  }
}

/** A part of the dense tensor, as far as there is one. */
interface Box {
  readonly start: readonly number[]
  readonly shape: readonly number[]
}

function cutBox(sparse: SparseTensor, { start, shape }: Box): SparseTensor {
  const { at, count, rank } = sparse
  const picks = newData('uint32', [count])
  let kept = 0
  for (let i = 0; i < count; i++) {
    spend(rank)
    let isInside = true
    for (let d = 0; d < rank && isInside; d++) {
      const offset = at[i * rank + d]! - start[d]!
      isInside = offset >= 0 && offset < shape[d]!
    }
    if (isInside) picks[kept++] = i
  }
  const inside = picks.subarray(0, kept)
  const moved = newScratch(kept * rank)
  for (let i = 0; i < kept; i++) {
    spend(rank)
    for (let d = 0; d < rank; d++) moved[i * rank + d] = at[inside[i]! * rank + d]! - start[d]!
  }
  return { at: moved, count: kept, rank, values: takeElements(sparse.values, inside), shape }
}

const slice: Kernel = (inputs) => {
  const sparse = readSparse(inputAt(inputs, 0), inputAt(inputs, 1), inputAt(inputs, 2))
  const [start, size] = [inputAt(inputs, 3), inputAt(inputs, 4)].map((input, i) => {
    const what = i === 0 ? 'start' : 'size'
    if (input.shape.length !== 1)
      throw invalid(`Input ${what} should be a vector but received shape ${shapeText(input.shape)}`)
    if (input.shape[0] !== sparse.rank)
      throw invalid(
        `Expected ${what} to be a vector of length ${sparse.rank} but got length ${input.shape[0]}`,
      )
    const sizes = toList(input)
    const negative = sizes.find((value) => value < 0)
    if (what === 'size' && negative !== undefined)
      throw invalid(`Input size should be non-negative, got ${negative}`)
    return sizes
  }) as [number[], number[]]
  const shape = sparse.shape.map((limit, d) => Math.max(0, Math.min(size[d]!, limit - start[d]!)))
  return fromSparse(cutBox(sparse, { start, shape }))
}

/** Of a part's three tensors with their shapes and views, in places of a list. */
const placesPerPart = 256
const operationsPerPart = 256

/** Parts of one size along a dimension; where that does not come out even the first ones are larger by one. */
const split: Kernel = (inputs, { attrs }) => {
  const given = toInteger(requireScalar(inputAt(inputs, 0), 'split_dim'), 'split_dim')
  const sparse = readSparse(inputAt(inputs, 1), inputAt(inputs, 2), inputAt(inputs, 3))
  const { rank, shape } = sparse
  requireWithin(sparse, shape)
  const axis = toAxis(given, rank, 'split_dim')
  const count = attrs.int('num_split')
  const size = shape[axis]!
  if (!(count >= 1 && count <= size)) {
    throw invalid(
      `Input num_split should be between 1 and the splitting dimension size (${size}), got ${count}`,
    )
  }
  claimPlaces(placesPerPart * count)
  let from = 0
  const parts = Array.from({ length: count }, (_, i) => {
    const width = Math.floor(size / count) + (i < size % count ? 1 : 0)
    const start = shape.map((_, d) => (d === axis ? from : 0))
    from += width
    spend(operationsPerPart)
    return fromSparse(cutBox(sparse, { start, shape: shape.with(axis, width) }))
  })
  return [0, 1, 2].flatMap((output) => parts.map((part) => part[output]!))
}

export const orderOps: OpTable = {
  SparseReorder: { kernel: reorder },
  SparseConcat: { kernel: concat },
  SparseSlice: { kernel: slice },
  SparseSplit: { kernel: split },
}
