/** Crossed columns of features, as hashes, buckets or strings: the ops behind `tf.sparse.cross` and crossed feature columns. */

import { stringAt } from '../../../../tensor/strings.js'
import { fingerprint64 } from '../../hashing/farm-hash.js'
import { type SipKey, sipHash } from '../../hashing/sip-hash.js'
import type { AnyTensor, Attributes, Kernel, OpContext, OpTable } from '../../op.js'
import { spend } from '../../run-limits.js'
import { inputAt, invalid, requireOne, requireScalar } from '../array/arguments.js'
import { newScratch } from '../new-data.js'
import { type Column, hashAll, hashStrings, toDenseColumn, toSparseColumn } from './columns.js'
import { type Crossed, crossHashes, crossTexts, type Hashing } from './combinations.js'
import { fromSparse, readSparse } from './sparse-tensor.js'

/** The list arguments that all these ops begin with, and where the next input is. */
function readColumns(inputs: readonly AnyTensor[], { attrs }: OpContext) {
  const count = attrs.int('N')
  const sparse = Array.from({ length: count }, (_, i) =>
    toSparseColumn(
      readSparse(inputAt(inputs, i), inputAt(inputs, count + i), inputAt(inputs, 2 * count + i)),
    ),
  )
  const end = 3 * count + attrs.types('dense_types').length
  const dense = Array.from({ length: end - 3 * count }, (_, i) =>
    toDenseColumn(inputAt(inputs, 3 * count + i)),
  )
  return { sparse, dense, end }
}

/** Combinations of a row side by side: a matrix as wide as the row with most. */
function toMatrix({ values, offsets }: Crossed): readonly AnyTensor[] {
  const rows = offsets.length - 1
  const count = offsets[rows]!
  const at = newScratch(2 * count)
  let widest = 0
  for (let row = 0; row < rows; row++) {
    widest = Math.max(widest, offsets[row + 1]! - offsets[row]!)
    for (let i = offsets[row]!; i < offsets[row + 1]!; i++) {
      spend(2)
      at[2 * i] = row
      at[2 * i + 1] = i - offsets[row]!
    }
  }
  return fromSparse({ at, count, rank: 2, values, shape: [rows, widest] })
}

/** Of the ops that do not take one. */
export const separatorV1 = new TextEncoder().encode('_X_')

/** TensorFlow's message names dtypes by number: 7 is string, 9 int64. */
function refuseIntegers(columns: readonly Column[]): void {
  if (columns.some(({ values }) => values.dtype !== 'string'))
    throw invalid('Input values should be of internal type 7 but received 9')
}

const cross: Kernel = (inputs, context) => {
  const { attrs } = context
  const { sparse, dense } = readColumns(inputs, context)
  const columns = [...sparse, ...dense]
  if (attrs.type('internal_type') === 'string') refuseIntegers(columns)
  if (attrs.type('out_type') === 'string') return toMatrix(crossTexts(columns, separatorV1))
  const hashed = columns.map((column) => hashStrings(column, fingerprint64))
  return toMatrix(crossHashes(hashed, readHashing(attrs)))
}

/** As the attributes of the older ops say. */
export function readHashing(attrs: Attributes): Hashing {
  const buckets = BigInt(attrs.int('num_buckets'))
  if (buckets < 0n) throw invalid(`num_buckets must be >= 0, got ${buckets}`)
  return { seed: BigInt.asUintN(64, BigInt(attrs.int('hash_key'))), buckets }
}

const crossV2: Kernel = (inputs, context) => {
  const { sparse, dense, end } = readColumns(inputs, context)
  const separator = requireScalar(inputAt(inputs, end), 'Input separator')
  if (separator.dtype !== 'string') throw invalid(`the separator is a string, got ${separator.dtype}`)
  return toMatrix(crossTexts([...sparse, ...dense], stringAt(separator.data, 0)))
}

const crossIntoBuckets: Kernel = (inputs, context) => {
  const { sparse, dense, end } = readColumns(inputs, context)
  const buckets = requireOne(inputAt(inputs, end), 'Input num_buckets').data
  const isStrong = requireOne(inputAt(inputs, end + 1), 'Input strong_hash').data
  const salt = inputAt(inputs, end + 2).data
  if (!(buckets instanceof BigInt64Array) || !(isStrong instanceof Uint8Array))
    throw invalid('Input num_buckets should be an int64 and strong_hash a bool')
  if (!(salt instanceof BigInt64Array) || salt.length !== 2)
    throw invalid(`Input "salt" must have length 2 and be of int64, but has length ${salt.length}`)
  const key: SipKey = [BigInt.asUintN(64, salt[0]!), BigInt.asUintN(64, salt[1]!)]
  const hash = isStrong[0] === 1 ? (bytes: Uint8Array) => sipHash(bytes, key) : fingerprint64
  const hashed = [
    ...sparse.map((column) => hashAll(column, hash)),
    ...dense.map((column) => hashStrings(column, hash)),
  ]
  return toMatrix(crossHashes(hashed, { seed: undefined, buckets: buckets[0]! }))
}

export const crossOps: OpTable = {
  SparseCross: { kernel: cross },
  SparseCrossV2: { kernel: crossV2 },
  SparseCrossHashed: { kernel: crossIntoBuckets },
}
