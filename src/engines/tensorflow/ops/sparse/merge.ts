/** Two sparse tensors of one shape, entry by entry: where only one has an entry the other is zero. */

import type { NumericType } from '../../../../tensor/dtype.js'
import { isComplex } from '../../../../tensor/tensor.js'
import type { AnyTensor, Kernel, OpTable } from '../../op.js'
import { spend } from '../../run-limits.js'
import { inputAt, invalid, requireScalar, shapeText } from '../array/arguments.js'
import { add, maximum, minimum } from '../math/arithmetic.js'
import { newData, newScratch } from '../new-data.js'
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

interface Pair {
  readonly a: SparseTensor
  readonly b: SparseTensor
}

function readPair(inputs: readonly AnyTensor[]): Pair {
  const a = readSparse(inputAt(inputs, 0), inputAt(inputs, 1), inputAt(inputs, 2))
  const b = readSparse(inputAt(inputs, 3), inputAt(inputs, 4), inputAt(inputs, 5))
  if (a.rank !== b.rank) {
    throw invalid(
      `Operands do not have the same ranks; got shapes: ${shapeText(a.shape)} and ${shapeText(b.shape)}`,
    )
  }
  const differing = a.shape.findIndex((size, d) => size !== b.shape[d])
  if (differing >= 0) {
    const sizes = `${a.shape[differing]} and ${b.shape[differing]}`
    throw invalid(`Operands' shapes do not match: got ${sizes} for dimension ${differing}`)
  }
  return { a, b }
}

/** Entries of both in order, each with its number in a and in b: -1 where it is in the other only. */
interface Union extends Coordinates {
  readonly inA: Int32Array
  readonly inB: Int32Array
}

/** As TensorFlow merges them: both are taken to be row-major. */
function unite(a: Coordinates, b: Coordinates): Union {
  const { rank } = a
  const room = a.count + b.count
  const inA = newData('int32', [room])
  const inB = newData('int32', [room])
  const at = newScratch(room * rank)
  let count = 0
  for (let i = 0, j = 0; i < a.count || j < b.count; count++) {
    spend(rank)
    const step = i === a.count ? 1 : j === b.count ? -1 : compareEntries(a, i, b, j)
    const [source, entry] = step <= 0 ? [a, i] : [b, j]
    for (let d = 0; d < rank; d++) at[count * rank + d] = source.at[entry * rank + d]!
    inA[count] = step <= 0 ? i++ : -1
    inB[count] = step >= 0 ? j++ : -1
  }
  return {
    at: at.subarray(0, count * rank),
    count,
    rank,
    inA: inA.subarray(0, count),
    inB: inB.subarray(0, count),
  }
}

function entrywise(compute: Kernel): Kernel {
  return (inputs, context) => {
    const { a, b } = readPair(inputs)
    requireWithin(a, a.shape)
    requireWithin(b, b.shape)
    const union = unite(a, b)
    const sides = [takeElements(a.values, union.inA), takeElements(b.values, union.inB)]
    return [toIndices(union), ...compute(sides, context)]
  }
}

/** A sum that is smaller than the threshold is no entry; what only one of the two has stays as it is. */
const addSparse: Kernel = (inputs, context) => {
  const { a, b } = readPair(inputs)
  const threshold = requireScalar(inputAt(inputs, 6), 'thresh')
  const union = unite(a, b)
  const [sums] = add([takeElements(a.values, union.inA), takeElements(b.values, union.inB)], context)
  const least = Number((threshold.data as ArrayLike<number | bigint>)[0])
  const picks = keptEntries(union, sums!, least)
  return fromSparse({
    ...takeEntries(union, picks),
    values: takeElements(sums!, picks),
    shape: a.shape,
  })
}

/** A sum that is no number is not kept either. */
function keptEntries({ inA, inB, count }: Union, { dtype, data }: AnyTensor, least: number): Int32Array {
  const numbers = data as ArrayLike<number | bigint>
  const isPair = isComplex(dtype as NumericType)
  const picks = newData('int32', [count])
  let kept = 0
  for (let i = 0; i < count; i++) {
    spend(1)
    const magnitude = isPair
      ? Math.hypot(numbers[2 * i] as number, numbers[2 * i + 1] as number)
      : Math.abs(Number(numbers[i]))
    if (inA[i]! < 0 || inB[i]! < 0 || least <= magnitude) picks[kept++] = i
  }
  return picks.subarray(0, kept)
}

export const mergeOps: OpTable = {
  SparseAdd: { kernel: addSparse },
  SparseSparseMaximum: { kernel: entrywise(maximum) },
  SparseSparseMinimum: { kernel: entrywise(minimum) },
}
