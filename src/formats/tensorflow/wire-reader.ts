import { isUtf8 } from 'node:buffer'
import { RecserveError } from '../../core/errors.js'
import type { Int64 } from './message-type.js'

/**
 * Reads protobuf's wire format (protobuf.dev/programming-guides/encoding) from untrusted bytes. protobufjs's reader would
 * make inexact numbers of large 64-bit integers, and its errors do not say where. Nothing is read beyond `end`.
 * Throws RecserveError `data_loss` with the file's base name and the byte.
 */
export class WireReader {
  /** Base name of the file, for messages. */
  readonly name: string
  offset = 0
  /** Where the message at hand ends. */
  end: number
  readonly #bytes: Uint8Array
  readonly #text: Buffer
  readonly #view: DataView
  /** The last varint in two halves. */
  #low = 0
  #high = 0

  constructor(bytes: Uint8Array, name: string) {
    this.name = name
    this.end = bytes.length
    // Never a Buffer, whose slice is no copy.
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  /** Field number times 8, plus the wire type. */
  tag(): number {
    const at = this.offset
    this.#varint()
    if (this.#high !== 0 || this.#low < 8) this.fail('a field has no valid number', at)
    return this.#low
  }

  uint32(): number {
    this.#varint()
    return this.#low >>> 0
  }

  /** Of a longer varint the low 32 bits, as protobuf has it. */
  int32(): number {
    this.#varint()
    return this.#low | 0
  }

  bool(): boolean {
    this.#varint()
    return (this.#low | this.#high) !== 0
  }

  uint64(): Int64 {
    this.#varint()
    if (this.#high < 2 ** 21) return this.#high * 2 ** 32 + this.#low
    return (BigInt(this.#high) << 32n) | BigInt(this.#low)
  }

  int64(): Int64 {
    this.#varint()
    const high = this.#high | 0
    // From -2^53 (exact) up to 2^53 - 1.
    if (high >= -(2 ** 21) && high < 2 ** 21) return high * 2 ** 32 + this.#low
    return BigInt.asIntN(64, (BigInt(this.#high) << 32n) | BigInt(this.#low))
  }

  fixed32(): number {
    return this.#view.getUint32(this.#take(4), true)
  }

  float(): number {
    return this.#view.getFloat32(this.#take(4), true)
  }

  double(): number {
    return this.#view.getFloat64(this.#take(8), true)
  }

  /** How many bytes follow; so many are there. */
  length(): number {
    const at = this.offset
    this.#varint()
    if (this.#high !== 0 || this.#low > this.end - this.offset) {
      const found = this.#high * 2 ** 32 + this.#low
      this.fail(`${found} bytes should follow, but ${this.end - this.offset} are left`, at)
    }
    return this.#low
  }

  string(): string {
    const length = this.length()
    const at = this.#take(length)
    const text = this.#text.toString('utf8', at, at + length)
    if (text.includes('\ufffd') && !isUtf8(this.#bytes.subarray(at, at + length))) {
      this.fail('a string is not UTF-8', at)
    }
    return text
  }

  /** A copy where it is small, so that a few of them do not keep a whole file in memory; a view otherwise. */
  bytes(): Uint8Array {
    const length = this.length()
    const at = this.#take(length)
    return length <= 4096 ? this.#bytes.slice(at, at + length) : this.#bytes.subarray(at, at + length)
  }

  skip(wireType: number): void {
    if (wireType === 0) this.#varint()
    else if (wireType === 1) this.#take(8)
    else if (wireType === 2) this.#take(this.length())
    else if (wireType === 5) this.#take(4)
    // Groups (3 and 4) are older than any of the messages we read.
    else this.fail(`a field has the wire type ${wireType}`)
  }

  fail(text: string, at = this.offset): never {
    throw new RecserveError('data_loss', `${this.name}: ${text} (at byte ${at})`)
  }

  #take(length: number): number {
    const at = this.offset
    if (length > this.end - at) this.fail(`${length} bytes are needed, but ${this.end - at} are left`)
    this.offset += length
    return at
  }

  #varint(): void {
    const begin = this.offset
    const bytes = this.#bytes
    let low = 0
    let high = 0
    for (let i = 0; i < 10; i++) {
      if (this.offset >= this.end) this.fail('a number has no end', begin)
      const byte = bytes[this.offset++]!
      const bits = byte & 0x7f
      if (i < 4) low |= bits << (7 * i)
      else if (i === 4) {
        low |= bits << 28
        high = bits >>> 4
      } else high |= bits << (7 * i - 32)
      if (byte < 0x80) {
        this.#low = low >>> 0
        this.#high = high >>> 0
        return
      }
    }
    this.fail('a number has no end', begin)
  }
}
