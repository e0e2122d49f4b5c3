/** Decimal literals of up to 19 digits to the nearest double, without a string between. */

const minus = 0x2d
const point = 0x2e
const zero = 0x30
const letterE = 0x65

/** Powers of ten that a double holds exactly. */
const powers = Float64Array.from({ length: 23 }, (_, power) => Number(`1e${power}`))

/** Digits that a double always holds exactly. */
const headDigits = 15
/** Digits beyond those: their product with 10^4 and 2^53 still fits twice a double's precision. */
const tailDigits = 4

/** Far more than four roundings, relatively. */
const tolerance = 2 ** -48

/** Veltkamp's constant: splits a double into two halves whose products are exact. */
const splitter = 2 ** 27 + 1

/** A place in bytes that end with one that is no digit. */
interface Place {
  readonly bytes: Uint8Array
  at: number
}

/**
 * Steps over a literal such as `7` or `-0.12345678901234567` and gives its value.
 *
 * @returns NaN, and stays, at any that has an exponent, more digits (integers: than 15) or an odd form, and (one in a
 * thousand million) where it is not certain which double is the nearest
 * @param isFloat32 the value will be rounded to float32: any double that rounds to the same one will do
 */
export function takeDecimal(place: Place, isFloat32 = false): number {
  const { bytes } = place
  const isNegative = bytes[place.at] === minus
  const first = isNegative ? place.at + 1 : place.at
  let at = first
  let head = 0
  let digit = bytes[at]! - zero
  for (; digit >= 0 && digit <= 9; digit = bytes[++at]! - zero) head = head * 10 + digit
  const whole = at - first
  if (whole === 0 || whole > headDigits || (whole > 1 && bytes[first] === zero)) return Number.NaN
  if (digit !== point - zero) {
    if ((bytes[at]! | 0x20) === letterE) return Number.NaN
    place.at = at
    // The integer -0 is 0 to rapidjson.
    return isNegative ? 0 - head : head
  }
  const fractionAt = ++at
  // Zeros in front are no digits of the value.
  if (head === 0) while (bytes[at] === zero) at++
  const headEnd = at + headDigits - (head === 0 ? 0 : whole)
  digit = bytes[at]! - zero
  for (; digit >= 0 && digit <= 9 && at < headEnd; digit = bytes[++at]! - zero) head = head * 10 + digit
  const tailAt = at
  let tail = 0
  for (; digit >= 0 && digit <= 9; digit = bytes[++at]! - zero) tail = tail * 10 + digit
  const fraction = at - fractionAt
  const tooLong = fraction > 22 || at - tailAt > tailDigits
  if (fraction === 0 || tooLong || (bytes[at]! | 0x20) === letterE) return Number.NaN
  const divisor = powers[fraction]!
  let value = head / divisor
  if (at > tailAt) {
    const shift = powers[at - tailAt]!
    value = (head * shift + tail) / divisor
    if (!isFloat32 || !isNearest(value)) value = divideLong(head, shift, tail, divisor)
    if (Number.isNaN(value)) return value
  }
  place.at = at
  return isNegative ? -value : value
}

/** Whether a value that four roundings led to is as good as the true one once it is a float32. */
function isNearest(value: number): boolean {
  return Math.fround(value * (1 - tolerance)) === Math.fround(value * (1 + tolerance))
}

/** (head * shift + tail) / divisor: with a remainder, in twice the precision of a double. */
function divideLong(head: number, shift: number, tail: number, divisor: number): number {
  const product = head * shift
  const low = productError(head, shift, product) + tail
  const high = product + low
  const quotient = high / divisor
  const back = quotient * divisor
  const rest = high - back - productError(quotient, divisor, back) + (low - (high - product))
  const correction = rest / divisor
  // The correction is right to far more than 2^-40 of itself: where both ends round to one double, so does the value.
  const least = quotient + correction * (1 - 2 ** -40)
  return least === quotient + correction * (1 + 2 ** -40) ? least : Number.NaN
}

/** What `product`, which is a * b rounded, lacks. */
function productError(a: number, b: number, product: number): number {
  const aBig = a * splitter
  const aHigh = aBig - (aBig - a)
  const aLow = a - aHigh
  const bBig = b * splitter
  const bHigh = bBig - (bBig - b)
  const bLow = b - bHigh
  return aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow)
}
