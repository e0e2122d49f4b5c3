/** Sparse tensors reduced over dimensions; what has no entry takes no part. */

import { RecserveError } from '../../../../core/errors.js'
import type { NumericType } from '../../../../tensor/dtype.js'
import { roundAllTo } from '../../../../tensor/float16.js'
import { sizeOf, type Tensor, tensor } from '../../../../tensor/tensor.js'
import type { AnyTensor, Kernel, OpTable } from '../../op.js'
import { spend } from '../../run-limits.js'
import { inputAt, invalid, toVector } from '../array/arguments.js'
import type { Combination } from '../array/combine.js'
import { newData, newScratch } from '../new-data.js'
import { segments } from '../segment/dense.js'
import { rowMajorOrder, toRowMajor } from './order.js'
import {
  type Coordinates,
  compareEntries,
  flatPositions,
  fromSparse,
  readSparse,
  type SparseTensor,
  takeElements,
  takeEntries,
} from './sparse-tensor.js'

/** What is left of each entry's place, and of the shape. */
export interface Projection extends Coordinates {
  readonly shape: readonly number[]
}

/** Reduced dimensions of size 1, or gone. */
function project(sparse: SparseTensor, axes: readonly number[], keepsDims: boolean): Projection {
  const { at, count, rank, shape } = sparse
  const reduced = new Set(
    axes.map((axis) => {
      if (axis >= -rank && axis < rank) return axis < 0 ? axis + rank : axis
      throw invalid(`Invalid reduction dimension ${axis}, for input with ${rank} dimension(s)`)
    }),
  )
  const kept = shape.map((_, d) => d).filter((d) => keepsDims || !reduced.has(d))
  const projected = newScratch(count * kept.length)
  const width = kept.length
  for (let k = 0; k < width; k++) {
    const d = kept[k]!
    if (reduced.has(d)) continue
    spend(count)
    for (let i = 0; i < count; i++) projected[i * width + k] = at[i * rank + d]!
  }
  return {
    at: projected,
    count,
    rank: kept.length,
    shape: kept.map((d) => (reduced.has(d) ? 1 : shape[d]!)),
  }
}

function requireNumbers({ values }: SparseTensor): Tensor<NumericType> {
  if (values.dtype === 'string' || values.dtype === 'bool')
    throw invalid(`reductions are of numbers, got ${values.dtype}`)
  return values
}

function readReduction(inputs: readonly AnyTensor[], keepsDims: boolean) {
  const sparse = readSparse(inputAt(inputs, 0), inputAt(inputs, 1), inputAt(inputs, 2))
  const axes = toVector(inputAt(inputs, 3), 'reduction_axes')
  return { values: requireNumbers(sparse), projection: project(sparse, axes, keepsDims) }
}

/** A dense tensor, zero where nothing was. */
function toDense(combination: Combination): Kernel {
  return (inputs, { attrs }) => {
    const { values, projection } = readReduction(inputs, attrs.bool('keep_dims', false))
    const { shape } = projection
    const count = sizeOf(shape)
    const places = flatPositions(projection, shape)
    const outside = places.find((place) => !(place >= 0 && place < count))
    if (outside !== undefined) {
      // TensorFlow's code for this, too.
      const text = `Obtained a write index of ${outside} which is outside of bounds of [0, ${count})`
      throw new RecserveError('internal', text)
    }
    const grouping = { combination, count, empty: 0, fromFirst: true }
    return [{ ...segments(values, places, grouping), shape }]
  }
}

/** For each entry of a row-major list the number of its place, equal places having one. */
function groupIds(coordinates: Coordinates): { readonly ids: Float64Array; readonly count: number } {
  const ids = newScratch(coordinates.count)
  let last = -1
  for (let i = 0; i < coordinates.count; i++) {
    spend(coordinates.rank)
    if (i === 0 || compareEntries(coordinates, i, coordinates, i - 1) !== 0) last++
    ids[i] = last
  }
  return { ids, count: last + 1 }
}

function toSparse(combination: Combination): Kernel {
  return (inputs, { attrs }) => {
    const { values, projection } = readReduction(inputs, attrs.bool('keep_dims', false))
    return toSums(projection, values, combination)
  }
}

/** Entries at one place made one, in row-major order. */
export function toSums(
  entries: Projection,
  values: Tensor<NumericType>,
  combination: Combination,
): readonly AnyTensor[] {
  const order = rowMajorOrder(entries)
  const ordered = order ? takeEntries(entries, order) : entries
  const sorted = order ? (takeElements(values, order) as Tensor<NumericType>) : values
  const { ids, count } = groupIds(ordered)
  const firsts = newData('int32', [count])
  for (let i = ids.length - 1; i >= 0; i--) firsts[ids[i]!] = i
  const sums = segments(sorted, ids, { combination, count, empty: 0, fromFirst: true })
  return fromSparse({ ...takeEntries(ordered, firsts), values: sums, shape: entries.shape })
}

/** Over the entries of each row of the last dimension. Values come out in the order of their places. */
const softmax: Kernel = (inputs) => {
  const sparse = readSparse(inputAt(inputs, 0), inputAt(inputs, 1), inputAt(inputs, 2))
  const { count, rank } = sparse
  if (rank < 2) throw invalid(`Input should have rank >= 2, but got: ${rank}`)
  if (!/float/.test(sparse.values.dtype)) throw invalid(`a softmax is of floats, got ${sparse.values.dtype}`)
  const { at, values, shape } = toRowMajor(sparse)
  const { dtype, data } = values as Tensor<'float32'>
  const { ids } = groupIds(project({ at, count, rank, values, shape }, [rank - 1], false))
  const out = newData(dtype, [count])
  for (let from = 0; from < count; ) {
    let to = from + 1
    while (to < count && ids[to] === ids[from]) to++
    spend(to - from)
    softmaxRange(data, out, { from, to })
    from = to
  }
  return [tensor(dtype, [count], roundAllTo(dtype, out) as typeof out)]
}

/** Exponents are taken relative to the largest, which keeps them finite. */
function softmaxRange(
  x: Float32Array,
  out: Float32Array,
  { from, to }: { readonly from: number; readonly to: number },
): void {
  let largest = Number.NEGATIVE_INFINITY
  for (let i = from; i < to; i++) largest = Math.max(largest, x[i]!)
  let sum = 0
  for (let i = from; i < to; i++) {
    out[i] = Math.exp(x[i]! - largest)
    sum += out[i]!
  }
  for (let i = from; i < to; i++) out[i]! /= sum
}

export const reductionOps: OpTable = {
  SparseReduceSum: { kernel: toDense('add') },
  SparseReduceMax: { kernel: toDense('max') },
  SparseReduceSumSparse: { kernel: toSparse('add') },
  SparseReduceMaxSparse: { kernel: toSparse('max') },
  SparseSoftmax: { kernel: softmax },
}
