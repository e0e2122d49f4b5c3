/** Where string kernels write their results: elements one after another, of which neither number nor size need be known. */
import { RecserveError } from '../../../../core/errors.js'
import type { StringTensor } from '../../../../tensor/strings.js'
import { claimTensor } from '../../run-limits.js'

/** Positions are unsigned 32-bit integers; twice as much could not be grown into. */
const maxBytes = 2 ** 31

/**
 * Bytes of strings under construction. Room is claimed from the run's budget as it grows.
 */
export class StringsBuilder {
  #bytes: Uint8Array
  #length = 0
  #offsets: Uint32Array
  #count = 0

  /** @param expected elements and bytes that are likely to come */
  constructor(expected: { readonly elements?: number; readonly bytes?: number } = {}) {
    const { elements = 0, bytes = 0 } = expected
    claimTensor('string', [elements], 4 * elements + bytes)
    this.#bytes = new Uint8Array(bytes)
    this.#offsets = new Uint32Array(elements + 1)
  }

  /** How many elements have been ended. */
  get count(): number {
    return this.#count
  }

  /** Bytes of the element that is being written. */
  get written(): number {
    return this.#length - this.#offsets[this.#count]!
  }

  /** Adds to the element that is being written. */
  write(bytes: Uint8Array): void {
    const at = this.#grow(bytes.length)
    this.#bytes.set(bytes, at)
  }

  writeByte(byte: number): void {
    const at = this.#grow(1)
    this.#bytes[at] = byte
  }

  /** Text whose characters are bytes: U+0000 to U+00FF. */
  writeLatin1(text: string): void {
    const at = this.#grow(text.length)
    for (let i = 0; i < text.length; i++) this.#bytes[at + i] = text.charCodeAt(i)
  }

  /** The element that is being written is complete. */
  end(): void {
    const next = this.#count + 1
    if (next >= this.#offsets.length) this.#offsets = grown(this.#offsets, 2 * next + 1)
    this.#offsets[next] = this.#length
    this.#count = next
  }

  add(bytes: Uint8Array): void {
    this.write(bytes)
    this.end()
  }

  finish(shape: readonly number[]): StringTensor {
    const bytes = this.#bytes.subarray(0, this.#length)
    const offsets = this.#offsets.subarray(0, this.#count + 1)
    return { dtype: 'string', shape, data: { length: this.#count, bytes, offsets } }
  }

  /** Makes room at the end. @returns where it begins */
  #grow(by: number): number {
    const at = this.#length
    const needed = at + by
    if (needed > this.#bytes.length) {
      if (needed > maxBytes) {
        throw new RecserveError('resource_exhausted', `OOM when allocating ${needed} bytes of strings`)
      }
      this.#bytes = grown(this.#bytes, Math.min(Math.max(2 * needed, 64), maxBytes))
    }
    this.#length = needed
    return at
  }
}

function grown<A extends Uint8Array | Uint32Array>(old: A, length: number): A {
  claimTensor('string', [length], length * old.BYTES_PER_ELEMENT)
  const wider = new (old.constructor as new (length: number) => A)(length)
  wider.set(old)
  return wider
}
