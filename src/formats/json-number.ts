/** Numbers of JSON text, from bytes to float32 without a string between: the inner loop of the JSON readers. */

/** Correctly rounded powers of ten, 10^0 to 10^270. */
const powersOfTen = Float64Array.from({ length: 271 }, (_, power) => Number(`1e${power}`))

/** More digits than this, leading zeros included, go to `Number`; Python's `repr` never writes more than 22. */
const maxFastDigits = 25

/**
 * How far the fast value may be from the true one, relatively. Its first 15 digits are exact; each of the at most 10
 * others costs two roundings, the power of ten one, scaling one, these products one: under 32 of 2^-53.
 */
const tolerance = 2 ** -48

const minus = 0x2d
const plus = 0x2b
const point = 0x2e
const zero = 0x30

/** One number of JSON's grammar (RFC 8259 section 6). Reused: each `scan` writes over the last. */
export class NumberToken {
  /** First byte after the number, or the one that does not belong where the number is ill-formed. */
  stop = 0
  isValid = false
  /** Whether it has neither fraction nor exponent. */
  isInteger = false
  isNegative = false
  /** How many digits stand before the exponent. */
  digits = 0
  /** Those digits as an integer: exact up to 15 of them. */
  mantissa = 0
  /** The value is `mantissa * 10 ** exponent`. */
  exponent = 0

  /** Reads from `start` on; needs a byte that is no digit (0 will do) after the last byte of text. */
  scan(bytes: Uint8Array, start: number): void {
    this.isNegative = bytes[start] === minus
    const first = this.isNegative ? start + 1 : start
    let mantissa = 0
    let at = first
    let digit = bytes[at]! - zero
    for (; digit >= 0 && digit <= 9; digit = bytes[++at]! - zero) mantissa = mantissa * 10 + digit
    this.digits = at - first
    this.exponent = 0
    this.isValid = this.digits === 1 || (this.digits > 1 && bytes[first] !== zero)
    this.isInteger = true
    if (digit === point - zero) {
      const fraction = ++at
      digit = bytes[at]! - zero
      for (; digit >= 0 && digit <= 9; digit = bytes[++at]! - zero) mantissa = mantissa * 10 + digit
      this.digits += at - fraction
      this.exponent = fraction - at
      this.isValid &&= at > fraction
      this.isInteger = false
    }
    this.mantissa = mantissa
    this.stop = at
    if ((bytes[at]! | 0x20) === 0x65) this.scanExponent(bytes, at + 1)
  }

  private scanExponent(bytes: Uint8Array, start: number): void {
    const isNegative = bytes[start] === minus
    const first = isNegative || bytes[start] === plus ? start + 1 : start
    let power = 0
    let at = first
    let digit = bytes[at]! - zero
    // Past 99999 the value is 0 or infinite anyway, and `toFloat32` asks `Number`.
    for (; digit >= 0 && digit <= 9; digit = bytes[++at]! - zero)
      if (power < 99_999) power = power * 10 + digit
    this.exponent += isNegative ? -power : power
    this.isValid &&= at > first
    this.isInteger = false
    this.stop = at
  }

  /**
   * The number as a float32: what `Math.fround(Number(text))` says, infinite where the text is too large.
   *
   * @param bytes what was scanned, `start` as given to `scan`
   */
  toFloat32(bytes: Buffer, start: number): number {
    const { digits, exponent, mantissa } = this
    if (digits <= maxFastDigits && exponent >= -270 && exponent <= 270) {
      const value = exponent < 0 ? mantissa / powersOfTen[-exponent]! : mantissa * powersOfTen[exponent]!
      const low = Math.fround(value * (1 - tolerance))
      // Rounding is monotonic: where both ends round to one float32, so does the true value between them.
      if (low === Math.fround(value * (1 + tolerance))) return this.isNegative ? -low : low
    }
    return Math.fround(this.toNumber(bytes, start))
  }

  /** The number as a double. */
  toNumber(bytes: Buffer, start: number): number {
    return Number(this.text(bytes, start))
  }

  text(bytes: Buffer, start: number): string {
    return bytes.toString('latin1', start, this.stop)
  }
}
