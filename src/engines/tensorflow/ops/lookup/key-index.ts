/**
 * Finds keys by their bytes without making a JavaScript string of each: an open-addressing hash table (Knuth, The Art of
 * Computer Programming, volume 3, section 6.4, algorithm L, linear probing).
 */
import { randomInt } from 'node:crypto'
import { spend } from '../../run-limits.js'
import { ByteRows } from './byte-rows.js'

/** Where the keys of a tensor lie. */
export interface Keys {
  readonly count: number
  readonly bytes: Uint8Array
  start(i: number): number
  end(i: number): number
}

const initialSlots = 64
/** Slots for each key, at least. */
const sparseness = 2
/** Of a lookup, in simple operations. */
const lookupWork = 16

/** Differs from process to process, so that nobody can prepare keys that meet. */
const seed = randomInt(2 ** 32 - 1)

/** Keys by the number of their row, in the order in which they came. */
export class KeyIndex {
  readonly #rows = new ByteRows()
  #hashes = new Int32Array(initialSlots)
  /** Row + 1; 0: free. A power of two long. */
  #slots = new Int32Array(initialSlots)

  get count(): number {
    return this.#rows.length
  }

  key(row: number): Uint8Array {
    return this.#rows.slice(row)
  }

  /** @returns the key's row, -1 where it is not known */
  find(keys: Keys, i: number): number {
    const [start, end] = [keys.start(i), keys.end(i)]
    spend(lookupWork + end - start)
    return this.#slots[this.#slotOf(keys.bytes, { start, end, hash: hashOf(keys.bytes, start, end) })]! - 1
  }

  /** @returns the key's row: `count` as it was before where the key is new */
  add(keys: Keys, i: number): number {
    const [start, end] = [keys.start(i), keys.end(i)]
    spend(lookupWork + end - start)
    const hash = hashOf(keys.bytes, start, end)
    const slot = this.#slotOf(keys.bytes, { start, end, hash })
    const known = this.#slots[slot]!
    if (known > 0) return known - 1
    const row = this.#rows.length
    this.#rows.push(keys.bytes.subarray(start, end))
    if (row >= this.#hashes.length) this.#hashes = widened(this.#hashes)
    this.#hashes[row] = hash
    this.#slots[slot] = row + 1
    if (sparseness * (row + 1) > this.#slots.length) this.#spread()
    return row
  }

  /** The slot that holds the key, or the free one where it would go. */
  #slotOf(
    bytes: Uint8Array,
    key: { readonly start: number; readonly end: number; readonly hash: number },
  ): number {
    const { start, end, hash } = key
    const slots = this.#slots
    const mask = slots.length - 1
    let slot = hash & mask
    for (let entry = slots[slot]!; entry > 0; entry = slots[slot]!) {
      if (this.#hashes[entry - 1] === hash && this.#isKey(entry - 1, { bytes, start, end })) return slot
      slot = (slot + 1) & mask
    }
    return slot
  }

  #isKey(
    row: number,
    key: { readonly bytes: Uint8Array; readonly start: number; readonly end: number },
  ): boolean {
    const { bytes, start, end } = key
    const from = this.#rows.start(row)
    if (this.#rows.end(row) - from !== end - start) return false
    const own = this.#rows.bytes
    for (let k = start, o = from; k < end; k++, o++) if (bytes[k] !== own[o]) return false
    return true
  }

  #spread(): void {
    const slots = new Int32Array(2 * this.#slots.length)
    const mask = slots.length - 1
    for (let row = 0; row < this.#rows.length; row++) {
      let slot = this.#hashes[row]! & mask
      while (slots[slot]! > 0) slot = (slot + 1) & mask
      slots[slot] = row + 1
    }
    spend(slots.length)
    this.#slots = slots
  }
}

function widened(old: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const wider = new Int32Array(2 * old.length)
  wider.set(old)
  return wider
}

/** Source: FNV-1a (Fowler, Noll, Vo) with a seed, finished as MurmurHash3 is so that low bits depend on all others. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = seed ^ 0x811c9dc5
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}
