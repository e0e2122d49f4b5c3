/** Crossed features: of each row every combination of one value per column, the last column's changing fastest. */

import { RecserveError } from '../../../../core/errors.js'
import type { Strings, StringTensor } from '../../../../tensor/strings.js'
import { tensor } from '../../../../tensor/tensor.js'
import { concatenateFingerprints } from '../../hashing/farm-hash.js'
import type { AnyTensor } from '../../op.js'
import { claimTensor, spend } from '../../run-limits.js'
import { invalid } from '../array/arguments.js'
import { checkLength, newData, newScratch } from '../new-data.js'
import { type Column, type HashedColumn, operationsPerHash, toText } from './columns.js'

/** The combinations of row r are numbered `offsets[r]` up to `offsets[r + 1]`. */
export interface Crossed {
  readonly values: AnyTensor
  readonly offsets: Float64Array
}

type Rows = Pick<Column, 'offsets'>

/** @throws RecserveError `invalid_argument` where columns have different numbers of rows */
function countCombinations(columns: readonly Rows[]): Float64Array {
  // Of no columns at all there are no rows.
  const length = columns[0]?.offsets.length ?? 1
  for (const { offsets } of columns) {
    if (offsets.length !== length)
      throw invalid(`Expected batch size ${length - 1} got ${offsets.length - 1}`)
  }
  const counts = newScratch(length)
  for (let row = 0; row + 1 < length; row++) {
    spend(columns.length)
    let product = 1
    for (const { offsets } of columns) product *= offsets[row + 1]! - offsets[row]!
    counts[row + 1] = counts[row]! + product
  }
  return counts
}

/** Counts through the combinations of one row. */
class Odometer {
  /** Of each column the value it is at. */
  readonly at: Int32Array
  readonly #columns: readonly Rows[]
  #row = 0

  constructor(columns: readonly Rows[]) {
    this.#columns = columns
    this.at = new Int32Array(columns.length)
  }

  start(row: number): void {
    this.#row = row
    for (let c = 0; c < this.at.length; c++) this.at[c] = this.#columns[c]!.offsets[row]!
  }

  /** To the next combination. @returns the first column that changed; -1 after the last combination */
  next(): number {
    for (let c = this.#columns.length - 1; c >= 0; c--) {
      const { offsets } = this.#columns[c]!
      if (++this.at[c]! < offsets[this.#row + 1]!) return c
      this.at[c] = offsets[this.#row]!
    }
    return -1
  }
}

export interface Hashing {
  /** What combinations are hashed onto; undefined: the first column's value is the first hash. */
  readonly seed: bigint | undefined
  /** 0 or less: hashes are cut to what a non-negative int64 holds. */
  readonly buckets: bigint
}

const maxInt64 = 2n ** 63n - 1n

/** Combinations as int64 hashes or buckets. */
export function crossHashes(columns: readonly HashedColumn[], { seed, buckets }: Hashing): Crossed {
  const offsets = countCombinations(columns)
  const values = newData('int64', [offsets.at(-1)!])
  const modulus = buckets > 0n ? buckets : maxInt64
  const odometer = new Odometer(columns)
  // Of the columns up to each: what did not change is not hashed again.
  const prefixes = new BigUint64Array(columns.length)
  for (let row = 0; row + 1 < offsets.length; row++) {
    odometer.start(row)
    for (let i = offsets[row]!, from = 0; i < offsets[row + 1]!; i++, from = odometer.next()) {
      spend(operationsPerHash)
      for (let c = from; c < columns.length; c++) {
        const value = columns[c]!.hashes[odometer.at[c]!]!
        const before = c === 0 ? seed : prefixes[c - 1]!
        prefixes[c] = before === undefined ? value : concatenateFingerprints(before, value)
      }
      values[i] = prefixes[columns.length - 1]! % modulus
    }
  }
  return { values: tensor('int64', [values.length], values), offsets }
}

/** Combinations as strings, the columns' joined by a separator. */
export function crossTexts(columns: readonly Column[], separator: Uint8Array): Crossed {
  const offsets = countCombinations(columns)
  const texts = columns.map((column) => ({ ...column, values: toText(column.values).data }))
  const total = offsets.at(-1)!
  checkLength('string', [total])
  const bytes = newBytes(countBytes(texts, offsets) + total * separator.length * (columns.length - 1))
  const ends = newData('uint32', [total + 1])
  const odometer = new Odometer(columns)
  let end = 0
  for (let row = 0; row + 1 < offsets.length; row++) {
    odometer.start(row)
    for (let i = offsets[row]!; i < offsets[row + 1]!; i++, odometer.next()) {
      for (let c = 0; c < texts.length; c++) {
        const { values } = texts[c]!
        if (c > 0) end = write(bytes, end, { from: separator, start: 0, stop: separator.length })
        const at = odometer.at[c]!
        end = write(bytes, end, {
          from: values.bytes,
          start: values.offsets[at]!,
          stop: values.offsets[at + 1]!,
        })
      }
      ends[i + 1] = end
    }
  }
  const data: Strings = { length: total, bytes, offsets: ends }
  return { values: { dtype: 'string', shape: [total], data } satisfies StringTensor, offsets }
}

interface Piece {
  readonly from: Uint8Array
  readonly start: number
  readonly stop: number
}

/** @returns where the piece ends */
function write(bytes: Uint8Array, at: number, { from, start, stop }: Piece): number {
  spend(1 + stop - start)
  for (let i = start; i < stop; i++) bytes[at + i - start] = from[i]!
  return at + stop - start
}

interface TextColumn {
  readonly values: Strings
  readonly offsets: ArrayLike<number>
}

/** Without separators: each value is as often in a row's combinations as there are of the other columns. */
function countBytes(columns: readonly TextColumn[], combinations: Float64Array): number {
  let total = 0
  for (let row = 0; row + 1 < combinations.length; row++) {
    const count = combinations[row + 1]! - combinations[row]!
    spend(columns.length)
    for (const { values, offsets } of columns) {
      if (count === 0) continue
      const [from, to] = [offsets[row]!, offsets[row + 1]!]
      total += (count / (to - from)) * (values.offsets[to]! - values.offsets[from]!)
    }
  }
  return total
}

function newBytes(length: number): Uint8Array {
  if (length >= 2 ** 32) throw new RecserveError('resource_exhausted', 'a tensor of strings is over 4 GiB')
  claimTensor('string', [length], length)
  return new Uint8Array(length)
}
