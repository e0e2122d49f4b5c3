/**
 * Text as numbers, in the grammar of TensorFlow's `safe_strto32`, `safe_strtof` and their like
 * (tensorflow/core/platform/numbers.cc). Characters are bytes.
 */

export type NumberText = 'int32' | 'int64' | 'uint32' | 'uint64' | 'float32' | 'float64'

const limits = {
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint32: [0n, 2n ** 32n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
} as const

export type IntegerText = keyof typeof limits

const signed = /^[\t-\r ]*(-?\d+)[\t-\r ]*$/
const unsigned = /^[\t-\r ]*(\d+)[\t-\r ]*$/
const float = /^[\t-\r ]*([+-]?)(?:(inf)|(nan)|0x([\da-f]+)|((?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?))[\t-\r ]*$/i
const blank = /^[\t-\r ]+$/

/** Digits that an integer of 64 bits can have, zeros in front aside. */
const maxDigits = 20
/** TensorFlow copies floats into a buffer of so many bytes. */
const maxFloatLength = 31

/** Undefined where the text is no integer, or one beyond the dtype. */
export function parseInteger(text: string, dtype: IntegerText): bigint | undefined {
  const [least, most] = limits[dtype]
  const digits = (least < 0n ? signed : unsigned).exec(text)?.[1]
  if (digits === undefined) return undefined
  const short = digits.replace(/^(-?)0+(?=\d)/, '$1')
  if (short.length > maxDigits) return undefined
  const value = BigInt(short)
  return value >= least && value <= most ? value : undefined
}

/** Undefined where the text is no number. Hexadecimal integers are, and one beyond the largest is infinite; blanks are 0. */
export function parseFloating(text: string): number | undefined {
  if (text.length > maxFloatLength) return undefined
  const parts = float.exec(text)
  if (parts === null) return blank.test(text) ? 0 : undefined
  const [, sign, infinite, nan, hexadecimal, decimal] = parts
  if (nan) return Number.NaN
  const finite = () => Number(hexadecimal ? BigInt(`0x${hexadecimal}`) : decimal)
  const magnitude = infinite ? Number.POSITIVE_INFINITY : finite()
  return sign === '-' ? -magnitude : magnitude
}

export function parseNumber(text: string, dtype: NumberText): number | bigint | undefined {
  if (dtype === 'float32' || dtype === 'float64') return parseFloating(text)
  const value = parseInteger(text, dtype)
  return value === undefined || dtype.endsWith('64') ? value : Number(value)
}
