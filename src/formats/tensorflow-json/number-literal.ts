/** Numbers of JSON text as rapidjson takes them, which tell an integer literal from others. */
import { NumberToken } from '../json-number.js'
import { parseError } from './parse-error.js'

const minus = 0x2d
const letterI = 0x49
const letterN = 0x4e
const plus = 0x2b
const point = 0x2e
const zero = 0x30

/** A decimal exponent above this is refused (rapidjson 1.1.0, reader.h, ParseNumber). */
const maxExponent = 308
/** An integer literal may not grow beyond ten times this. */
const largestPrefix = Number.MAX_VALUE / 10

/** One number, `NaN`, `Inf` or `Infinity` included. Reused: each `read` writes over the last. */
export class NumberLiteral extends NumberToken {
  /** NaN or an infinity where one of those words was read; else undefined. */
  word: number | undefined

  /**
   * Reads from `start` on.
   *
   * @throws RecserveError `invalid_argument` where no number begins there
   */
  read(bytes: Buffer, start: number): void {
    this.word = undefined
    this.scan(bytes, start)
    if (!this.isValid) this.#readOdd(bytes, start)
    else if (this.digits > maxExponent || this.exponent > 0) this.#checkSize(bytes, start)
  }

  /** The value as a double: an integer literal -0 is 0, as in rapidjson. */
  toDouble(bytes: Buffer, start: number): number {
    if (this.word !== undefined) return this.word
    return this.isInteger && this.mantissa === 0 ? 0 : this.toNumber(bytes, start)
  }

  /** The value as a float32. */
  toFloat(bytes: Buffer, start: number): number {
    if (this.word !== undefined) return this.word
    return this.isInteger && this.mantissa === 0 ? 0 : this.toFloat32(bytes, start)
  }

  /** The value of an integer literal with any number of digits. */
  toInteger(bytes: Buffer, start: number): bigint {
    return this.digits <= 15
      ? BigInt(this.isNegative ? -this.mantissa : this.mantissa)
      : BigInt(this.text(bytes, start))
  }

  /** A word, a leading zero before other digits (which then belong to the next token), or a fault. */
  #readOdd(bytes: Buffer, start: number): void {
    const first = bytes[start] === minus ? start + 1 : start
    const byte = bytes[first]!
    if (byte === letterN || byte === letterI) {
      this.#readWord(bytes, start, first)
      return
    }
    if (byte < zero || byte > zero + 9) throw parseError('Invalid value.', first)
    if (byte === zero && isDigit(bytes[first + 1]!)) {
      this.stop = first + 1
      this.isInteger = true
      this.digits = 1
      this.mantissa = 0
      this.exponent = 0
      return
    }
    throw missingDigits(bytes, first)
  }

  #readWord(bytes: Buffer, start: number, first: number): void {
    const isNone = bytes[first] === letterN
    this.stop = expectLetters(bytes, first, isNone ? 'NaN' : 'Inf')
    if (!isNone && bytes[this.stop] === 0x69) this.stop = expectLetters(bytes, this.stop, 'inity')
    this.isInteger = false
    this.word = isNone ? Number.NaN : first > start ? -Infinity : Infinity
  }

  #checkSize(bytes: Buffer, start: number): void {
    const tooLarge = this.isInteger
      ? Math.abs(Number(bytes.toString('latin1', start, this.stop - 1))) >= largestPrefix
      : this.exponent > maxExponent
    if (tooLarge) throw parseError('Number too big to be stored in double.', start)
  }
}

/** The fault of a number that begins with a digit at `first`. */
function missingDigits(bytes: Uint8Array, first: number): Error {
  let at = first
  while (isDigit(bytes[at]!)) at++
  if (bytes[at] === point) {
    if (!isDigit(bytes[++at]!)) return parseError('Miss fraction part in number.', at)
    while (isDigit(bytes[at]!)) at++
  }
  // What is left is an `e` without digits.
  at++
  return parseError('Miss exponent in number.', bytes[at] === minus || bytes[at] === plus ? at + 1 : at)
}

const isDigit = (byte: number): boolean => byte >= zero && byte <= zero + 9

/** Position after the letters; the fault is where the first other one stands. */
export function expectLetters(bytes: Uint8Array, from: number, letters: string): number {
  for (let i = 0; i < letters.length; i++) {
    if (bytes[from + i] !== letters.charCodeAt(i)) throw parseError('Invalid value.', from + i)
  }
  return from + letters.length
}
