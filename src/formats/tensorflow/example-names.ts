import { type Strings, stringAt } from '../../tensor/strings.js'

/** FNV-1a (Fowler, Noll, Vo), 32 bits. */
const fnvBasis = 0x811c9dc5
const fnvPrime = 0x01000193

/** Feature names by their bytes, so that a name inside a message is found without making a string of it. */
export class ExampleNames {
  readonly count: number
  readonly #names: readonly Uint8Array[]
  /** Open addressing, at most half full: the name's index, or -1. */
  readonly #slots: Int32Array

  /** Of two equal names the last one counts, as in TensorFlow. */
  constructor(names: readonly Uint8Array[]) {
    this.count = names.length
    this.#names = names
    let size = 2
    while (size < 2 * names.length) size *= 2
    this.#slots = new Int32Array(size).fill(-1)
    for (const [index, name] of names.entries()) this.#slots[this.#slotOf(name, 0, name.length)] = index
  }

  /** Index of the name at [start, end) of the bytes; -1 where it is none of these. */
  find(bytes: Uint8Array, start: number, end: number): number {
    return this.#slots[this.#slotOf(bytes, start, end)]!
  }

  #slotOf(bytes: Uint8Array, start: number, end: number): number {
    let hash = fnvBasis
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ bytes[at]!, fnvPrime)
    const mask = this.#slots.length - 1
    let slot = (hash ^ (hash >>> 16)) & mask
    while (this.#slots[slot] !== -1 && !this.#isName(this.#slots[slot]!, bytes, start, end)) {
      slot = (slot + 1) & mask
    }
    return slot
  }

  // Offsets are passed as they are: this is the inner loop of parsing.
  #isName(index: number, bytes: Uint8Array, start: number, end: number): boolean {
    const name = this.#names[index]!
    if (name.length !== end - start) return false
    for (let i = 0; i < name.length; i++) if (name[i] !== bytes[start + i]) return false
    return true
  }
}

/** Each element by itself. */
export function toNameList(strings: Strings): Uint8Array[] {
  return Array.from({ length: strings.length }, (_, i) => stringAt(strings, i))
}
