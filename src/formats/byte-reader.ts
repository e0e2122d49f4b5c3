import { type Code, RecserveError } from '../core/errors.js'

/**
 * Reads untrusted bytes from front to back, little-endian (as every platform that Node's engines run on is). Nothing is
 * allocated before it is known that so many bytes are there. Throws RecserveError `data_loss` with the file's base name
 * and the byte.
 */
export class ByteReader {
  /** Base name of the file, for messages. */
  readonly name: string
  /** Place of the next byte. */
  offset = 0
  readonly #bytes: Uint8Array
  readonly #view: DataView

  constructor(bytes: Uint8Array, name: string) {
    this.name = name
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get remaining(): number {
    return this.#bytes.length - this.offset
  }

  uint8(what: string): number {
    return this.#view.getUint8(this.#take(1, what))
  }

  int32(what: string): number {
    return this.#view.getInt32(this.#take(4, what), true)
  }

  uint64(what: string): bigint {
    return this.#view.getBigUint64(this.#take(8, what), true)
  }

  /** Characters of one byte each; those that do not print as `\xhh`, so that a message may show them. */
  text(length: number, what: string): string {
    const at = this.#take(length, what)
    return Array.from(this.#bytes.subarray(at, at + length), (byte) =>
      byte > 0x20 && byte < 0x7f && byte !== 0x5c
        ? String.fromCharCode(byte)
        : `\\x${byte.toString(16).padStart(2, '0')}`,
    ).join('')
  }

  /** A uint64 that says how many elements follow, or at least how many there is room for. */
  count(what: string, elementBytes: number): number {
    const at = this.offset
    const count = this.uint64(what)
    if (count * BigInt(elementBytes) > BigInt(this.remaining)) {
      this.fail(`${what}: ${count} of ${elementBytes} bytes each, but ${this.remaining} bytes are left`, at)
    }
    return Number(count)
  }

  /** Copies `target.length` floats into `target`. */
  float32s(target: Float32Array, what: string): void {
    const at = this.#take(target.byteLength, what)
    const bytes = new Uint8Array(target.buffer, target.byteOffset, target.byteLength)
    bytes.set(this.#bytes.subarray(at, at + bytes.length))
  }

  /**
   * Copies `target.length` int64 into doubles.
   *
   * @throws RecserveError `failed_precondition` for one that is below 0 or above 2^53 - 1: it may be meant so
   */
  safeIntegers(target: Float64Array, what: string): void {
    const begin = this.#take(8 * target.length, what)
    for (let j = 0, at = begin; j < target.length; j++, at += 8) {
      // Two halves: a bigint for each would take twenty times as long.
      const high = this.#view.getUint32(at + 4, true)
      if (high >= 2 ** 21) {
        const found = this.#view.getBigInt64(at, true)
        this.fail(`${what}: ${found} is not from 0 to 2^53 - 1`, at, 'failed_precondition')
      }
      target[j] = high * 2 ** 32 + this.#view.getUint32(at, true)
    }
  }

  skip(length: number, what: string): void {
    this.#take(length, what)
  }

  fail(text: string, at = this.offset, code: Code = 'data_loss'): never {
    throw new RecserveError(code, `${this.name}: ${text} (at byte ${at})`)
  }

  #take(length: number, what: string): number {
    const at = this.offset
    if (length > this.remaining) {
      this.fail(`${what}: the file ends, ${length} bytes are needed and ${this.remaining} are left`)
    }
    this.offset += length
    return at
  }
}
