/**
 * Numbers as C's printf writes them: conversions d, e, f and g with flags, width and precision (ISO C, "The fprintf
 * function"). Digits are exact: a double is an integer times a power of two, which is rounded half to even.
 */
import { RecserveError } from '../../../../core/errors.js'

export interface Conversion {
  readonly kind: 'd' | 'e' | 'f' | 'g'
  /** One of `-`, `+`, `#`, `0` and a blank, or none. */
  readonly flag: string
  /** At least so many characters; undefined: as many as there are. */
  readonly width: number | undefined
  /** Undefined: 6. */
  readonly precision: number | undefined
}

/** A double has no more digits behind the point than this. */
const maxExactDigits = 1074
/** Longer texts of one element serve nobody. */
const maxTextLength = 2 ** 20

/** @throws RecserveError `resource_exhausted` for a width or a precision beyond a million */
export function checkConversion({ width = 0, precision = 0 }: Conversion): void {
  const longest = Math.max(width, precision)
  if (longest <= maxTextLength) return
  throw new RecserveError(
    'resource_exhausted',
    `an element is written with at most ${maxTextLength} characters, not ${longest}`,
  )
}

/** @param conversion that has been checked */
export function printNumber(value: number | bigint, conversion: Conversion): string {
  const { flag, width = 0 } = conversion
  const isNegative = value < 0 || Object.is(value, -0)
  const sign = isNegative ? '-' : flag === '+' || flag === ' ' ? flag : ''
  const isNumber = typeof value === 'bigint' || Number.isFinite(value)
  const digits = magnitudeText(value, conversion)
  if (flag === '-') return (sign + digits).padEnd(width)
  if (flag === '0' && isNumber) return sign + digits.padStart(width - sign.length, '0')
  return (sign + digits).padStart(width)
}

function magnitudeText(value: number | bigint, conversion: Conversion): string {
  if (typeof value === 'bigint' || conversion.kind === 'd') return String(value).replace('-', '')
  if (Number.isNaN(value)) return 'nan'
  const magnitude = Math.abs(value)
  if (magnitude === Number.POSITIVE_INFINITY) return 'inf'
  const { kind, flag, precision = 6 } = conversion
  const keepsPoint = flag === '#'
  if (kind === 'f') return fixedText(magnitude, precision, keepsPoint)
  if (kind === 'e') return scientificText(magnitude, precision, keepsPoint)
  return shorterText(magnitude, precision, keepsPoint)
}

function fixedText(magnitude: number, precision: number, keepsPoint: boolean): string {
  const exact = Math.min(precision, maxExactDigits)
  const digits = scaled(magnitude, exact)
    .toString()
    .padStart(exact + 1, '0')
  const whole = digits.slice(0, digits.length - exact)
  const fraction = digits.slice(digits.length - exact).padEnd(precision, '0')
  return fraction || keepsPoint ? `${whole}.${fraction}` : whole
}

function scientificText(magnitude: number, precision: number, keepsPoint: boolean): string {
  const { digits, exponent } = significant(magnitude, precision + 1)
  const fraction = digits.slice(1)
  const power = String(Math.abs(exponent)).padStart(2, '0')
  const point = fraction || keepsPoint ? '.' : ''
  return `${digits[0]}${point}${fraction}e${exponent < 0 ? '-' : '+'}${power}`
}

/** `%g`: the scientific form for exponents that are small or as large as the precision, without zeros at the end. */
function shorterText(magnitude: number, precision: number, keepsZeros: boolean): string {
  const count = precision || 1
  const { exponent } = significant(magnitude, count)
  const isFixed = exponent >= -4 && exponent < count
  const text = isFixed
    ? fixedText(magnitude, count - 1 - exponent, keepsZeros)
    : scientificText(magnitude, count - 1, keepsZeros)
  if (keepsZeros || !text.includes('.')) return text
  return text.replace(/\.?0*(e.*)?$/, '$1')
}

/** The first digits, rounded, and the exponent of the very first. */
function significant(magnitude: number, count: number): { digits: string; exponent: number } {
  const exact = Math.min(count, maxExactDigits)
  if (magnitude === 0) return { digits: '0'.repeat(count), exponent: 0 }
  let exponent = Math.floor(Math.log10(magnitude))
  let digits = scaled(magnitude, exact - 1 - exponent).toString()
  // The logarithm may be off by one, and rounding may give a digit more.
  while (digits.length !== exact) {
    exponent += digits.length > exact ? 1 : -1
    digits = scaled(magnitude, exact - 1 - exponent).toString()
  }
  return { digits: digits.padEnd(count, '0'), exponent }
}

/** `magnitude * 10^decimals` as an integer, rounded half to even. */
function scaled(magnitude: number, decimals: number): bigint {
  const { mantissa, exponent } = partsOf(magnitude)
  let numerator = mantissa
  let denominator = 1n
  if (decimals >= 0) numerator *= 10n ** BigInt(decimals)
  else denominator *= 10n ** BigInt(-decimals)
  if (exponent >= 0) numerator <<= BigInt(exponent)
  else denominator <<= BigInt(-exponent)
  const quotient = numerator / denominator
  const twice = 2n * (numerator % denominator)
  const roundsUp = twice > denominator || (twice === denominator && quotient % 2n === 1n)
  return roundsUp ? quotient + 1n : quotient
}

const view = new DataView(new ArrayBuffer(8))

/** `mantissa * 2^exponent`. */
function partsOf(magnitude: number): { mantissa: bigint; exponent: number } {
  view.setFloat64(0, magnitude)
  const bits = view.getBigUint64(0)
  const fraction = bits & 0xfffffffffffffn
  const biased = Number((bits >> 52n) & 0x7ffn)
  return biased === 0
    ? { mantissa: fraction, exponent: -1074 }
    : { mantissa: fraction | 0x10000000000000n, exponent: biased - 1075 }
}
