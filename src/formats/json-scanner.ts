/** A pull scanner of JSON text (RFC 8259): the caller asks for what it expects, and anything else is refused. */

import { ChunkedFile, type ReadOptions } from './chunked-file.js'
import { JsonCursor } from './json-cursor.js'
import { NumberToken } from './json-number.js'
import { decodeString, findStringEnd } from './json-string.js'

const comma = 0x2c
const colon = 0x3a
const quote = 0x22
const openBrace = 0x7b
const closeBrace = 0x7d
const openBracket = 0x5b
const closeBracket = 0x5d

/**
 * Reads one JSON value from the file at `path`: `scan` must take it whole, nothing may follow it.
 *
 * @throws RecserveError `data_loss` where the bytes are no JSON, `failed_precondition` where they are JSON but not what
 * was asked for, and what `ChunkedFile.use` throws. The message gives base name, row and byte.
 */
export function scanFile<T>(
  path: string,
  options: ReadOptions,
  scan: (scanner: JsonScanner) => Promise<T>,
): Promise<T> {
  return ChunkedFile.use(path, options, async (file) => {
    const scanner = new JsonScanner(file)
    const result = await scan(scanner)
    scanner.finish()
    return result
  })
}

/** What can come next. */
export type JsonKind = 'object' | 'array' | 'string' | 'number' | 'word'

export class JsonScanner extends JsonCursor {
  readonly #number = new NumberToken()
  /** Whether nothing has been taken yet of the object or array begun last, so that no comma is due. */
  #isFresh = false

  beginObject(): void {
    this.#take(openBrace, 'an object')
  }

  /** Key of the object's next member, whose value must be taken next; undefined when the object has ended. */
  nextKey(): string | undefined {
    if (!this.#next(closeBrace)) return undefined
    if (this.peekByte() !== quote) this.illFormed('a key')
    const key = this.string()
    if (this.peekByte() !== colon) this.illFormed("':'")
    this.position++
    return key
  }

  beginArray(): void {
    this.#take(openBracket, 'an array')
  }

  /** Whether the array has another element, which must be taken next; false when the array has ended. */
  nextElement(): boolean {
    return this.#next(closeBracket)
  }

  /** Takes a number into `target[at]`, rounded as `Math.fround(Number(text))` does. */
  float32(target: Float32Array, at: number): void {
    this.#scanNumber('a finite number')
    const value = this.#number.toFloat32(this.bytes, this.position)
    if (!Number.isFinite(value)) this.#unfit('a number that a float32 can hold')
    target[at] = value
    this.position = this.#number.stop
  }

  number(): number {
    this.#scanNumber('a finite number')
    const value = this.#number.toNumber(this.bytes, this.position)
    if (!Number.isFinite(value)) this.#unfit('a number that a double can hold')
    this.position = this.#number.stop
    return value
  }

  /** Takes an integer from 0 to `limit - 1`; `1.0` and `1e0` are none. `limit` is at most 10^15. */
  integerBelow(limit: number): number {
    this.#scanNumber('an integer')
    const { isInteger, isNegative, digits, mantissa, stop } = this.#number
    if (!isInteger || isNegative || digits > 15 || mantissa >= limit) {
      this.#unfit(limit > 0 ? `an integer from 0 to ${limit - 1}` : 'none, as no value is allowed here')
    }
    this.position = stop
    return mantissa
  }

  /** Takes an integer of any size as its text. */
  integerText(): string {
    this.#scanNumber('an integer')
    if (!this.#number.isInteger) this.#unfit('an integer')
    const text = this.#number.text(this.bytes, this.position)
    this.position = this.#number.stop
    return text
  }

  /** Takes a string of at most 64 KiB. */
  string(): string {
    if (this.peekByte() !== quote) this.refuse('a string')
    let stop = findStringEnd(this.bytes, this.position + 1)
    while (stop === this.file.end && this.refillToken('string')) stop = findStringEnd(this.bytes, 1)
    if (this.bytes[stop] !== quote)
      this.illFormed(`'"' or a character (control bytes are written as escapes)`, stop)
    this.checkLength('string', stop)
    const text = decodeString(this.bytes, this.position + 1, stop)
    if (typeof text !== 'string') this.failAt('data_loss', `found ${text.reason}, in a string`, text.at)
    this.position = stop + 1
    return text
  }

  /** Takes `true`, `false` or `null`. */
  word(): boolean | null {
    this.peekByte()
    const word = this.wordHere()
    if (word !== 'true' && word !== 'false' && word !== 'null') this.refuse('a value')
    this.position += word.length
    return word === 'null' ? null : word === 'true'
  }

  /** What comes next, by its first byte; the rest is checked when it is taken. */
  peek(): JsonKind {
    const byte = this.peekByte()
    if (byte === openBrace) return 'object'
    if (byte === openBracket) return 'array'
    if (byte === quote) return 'string'
    return isNumeric(byte) ? 'number' : 'word'
  }

  /** @throws RecserveError `data_loss` where anything follows the value */
  finish(): void {
    this.peekByte()
    if (this.position < this.file.end) this.illFormed('the end of the file')
  }

  #take(bracket: number, expected: string): void {
    if (this.peekByte() !== bracket) this.refuse(expected)
    this.position++
    this.#isFresh = true
  }

  #next(close: number): boolean {
    const byte = this.peekByte()
    const isFresh = this.#isFresh
    this.#isFresh = false
    if (byte !== close && isFresh) return true
    if (byte !== close && byte !== comma) this.illFormed(close === closeBrace ? "',' or '}'" : "',' or ']'")
    this.position++
    return byte === comma
  }

  #scanNumber(expected: string): void {
    const byte = this.peekByte()
    this.#number.scan(this.bytes, this.position)
    while (this.#number.stop === this.file.end && this.refillToken('number')) this.#number.scan(this.bytes, 0)
    this.checkLength('number', this.#number.stop)
    if (this.#number.isValid) return
    if (!isNumeric(byte) || this.wordHere() !== undefined) this.refuse(expected)
    this.failAt('data_loss', 'found an ill-formed number', this.position)
  }

  /** Refuses the number scanned last. */
  #unfit(expected: string): never {
    const text = this.#number.text(this.bytes, this.position)
    const found = text.length > 40 ? `${text.slice(0, 40)}…` : text
    this.failAt('failed_precondition', `found ${found}, expected ${expected}`, this.position)
  }
}

/** Whether a byte begins a number: `-` or a digit. */
function isNumeric(byte: number): boolean {
  return byte === 0x2d || (byte >= 0x30 && byte <= 0x39)
}
