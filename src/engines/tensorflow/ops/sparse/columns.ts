/** Features that are crossed: for each row of a batch some values, integers or strings, however they came. */

import { type StringTensor, stringAt, toStrings } from '../../../../tensor/strings.js'
import { sizeOf } from '../../../../tensor/tensor.js'
import type { AnyTensor } from '../../op.js'
import { claimPlaces, spend } from '../../run-limits.js'
import { invalid, shapeText } from '../array/arguments.js'
import { newData, newScratch } from '../new-data.js'
import type { SparseTensor } from './sparse-tensor.js'

/** Values of row r: `offsets[r]` up to `offsets[r + 1]`. */
export interface Column {
  readonly values: AnyTensor
  readonly offsets: ArrayLike<number>
}

export function toDenseColumn(input: AnyTensor): Column {
  const [rows, width] = input.shape
  if (rows === undefined || width === undefined || input.shape.length !== 2)
    throw invalid(`Dense inputs should be a matrix but received shape ${shapeText(input.shape)}`)
  const offsets = newScratch(rows + 1)
  for (let r = 0; r <= rows; r++) offsets[r] = r * width
  return { values: input, offsets }
}

/** Entries are taken in order: one whose row comes before the one before it ends the column. */
export function toSparseColumn({ at, count, rank, shape, values }: SparseTensor): Column {
  if (rank !== 2) throw invalid(`shape should imply a 2D tensor, but got shape: ${shapeText(shape)}`)
  const offsets = newScratch(shape[0]! + 1)
  let next = 0
  for (let row = 0; row < shape[0]!; row++) {
    while (next < count && at[next * rank] === row) next++
    offsets[row + 1] = next
  }
  spend(count + offsets.length)
  return { values, offsets }
}

/** Values of row r as 64 bits each: `offsets[r]` up to `offsets[r + 1]`. */
export interface HashedColumn {
  readonly hashes: BigUint64Array
  readonly offsets: ArrayLike<number>
}

type HashBytes = (bytes: Uint8Array) => bigint

/** Strings hashed, integers as they are. */
export function hashStrings({ values, offsets }: Column, hash: HashBytes): HashedColumn {
  const { data, dtype, shape } = values
  if (data instanceof BigInt64Array) {
    return { hashes: new BigUint64Array(data.buffer, data.byteOffset, data.length), offsets }
  }
  if (!('bytes' in data)) throw invalid(`crosses are of int64 or strings, got ${dtype}`)
  const hashes = newData('uint64', [sizeOf(shape)])
  for (let i = 0; i < hashes.length; i++) {
    spend(operationsPerHash + data.offsets[i + 1]! - data.offsets[i]!)
    hashes[i] = hash(stringAt(data, i))
  }
  return { hashes, offsets }
}

/**
 * Of an integer, SparseCrossHashed hashes the first 4 of its 8 bytes: it takes the size of the dtype's number for that of the
 * dtype (tensorflow/core/kernels/sparse_cross_op.cc, KeyedSparseTensorColumn).
 */
const hashedBytes = 4

/** Strings hashed, and the lower halves of integers too. */
export function hashAll(column: Column, hash: HashBytes): HashedColumn {
  const { values, offsets } = column
  const { data } = values
  if (!(data instanceof BigInt64Array)) return hashStrings(column, hash)
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  const hashes = newData('uint64', [data.length])
  for (let i = 0; i < hashes.length; i++) {
    spend(operationsPerHash)
    const from = i * BigInt64Array.BYTES_PER_ELEMENT
    hashes[i] = hash(bytes.subarray(from, from + hashedBytes))
  }
  return { hashes, offsets }
}

/** What making a big integer's hash costs, in simple operations. */
export const operationsPerHash = 64

/** Integers in decimal. */
export function toText(values: AnyTensor): StringTensor {
  if (values.dtype === 'string') return values
  const { data, dtype, shape } = values
  if (!(data instanceof BigInt64Array)) throw invalid(`crosses are of int64 or strings, got ${dtype}`)
  claimPlaces(placesPerText * data.length)
  return {
    dtype: 'string',
    shape,
    data: toStrings(
      Array.from(data, (value) => {
        spend(operationsPerHash)
        return String(value)
      }),
    ),
  }
}

/** Of an integer's text and its bytes, in places of a list. */
const placesPerText = 32
