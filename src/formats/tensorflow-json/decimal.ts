/**
 * Floating-point numbers as TensorFlow Serving writes them (json_tensor.cc, WriteDecimal): printf's `%.6g` where that reads
 * back as the same number, else `%.9g` (float32) or `%.17g` (float64); `.0` after what looks like an integer.
 */
import type { ByteWriter } from './byte-writer.js'

const zero = 0x30
const point = 0x2e

/** Longest text: sign, 17 digits, point, `e-308`; or four zeros after the point instead of the exponent. */
const maxBytes = 26

/** Powers of ten that a double holds exactly. */
const powers = Float64Array.from({ length: 23 }, (_, power) => Number(`1e${power}`))

export function writeFloat32(out: ByteWriter, value: number): void {
  out.reserve(maxBytes)
  const size = writeSign(out, value)
  if (size === undefined) return
  // Here scaling by a power of ten is one rounding of exact operands.
  if (size < 1e-13 || size >= 1e22) {
    writeSlowly(out, size, { digits: 9, round: Math.fround })
    return
  }
  const exponent = decimalExponent(size)
  const nine = roundScaled(size, exponent)
  const rest = nine % 1000
  // Two float32 are over 59 units of the ninth digit apart, so six digits can only read back where the rest is small.
  if ((rest < 64 || rest > 936) && writeSix(out, size, exponent)) return
  if (nine === 1e9) writeDigits(out, 1e8, 9, exponent + 1)
  else writeDigits(out, nine, 9, exponent)
}

export function writeFloat64(out: ByteWriter, value: number): void {
  out.reserve(maxBytes)
  const size = writeSign(out, value)
  if (size !== undefined) writeSlowly(out, size, { digits: 17, round: (read) => read })
}

/** Writes the sign, and all of what is no number or zero; else gives the absolute value. */
function writeSign(out: ByteWriter, value: number): number | undefined {
  if (Number.isNaN(value)) {
    out.ascii('NaN')
    return undefined
  }
  if (value < 0 || Object.is(value, -0)) out.put(0x2d)
  if (value === 0) out.ascii('0.0')
  else if (Number.isFinite(value)) return Math.abs(value)
  else out.ascii('Infinity')
  return undefined
}

const float = new Float32Array(1)
const bits = new Uint32Array(float.buffer)

/** log10(2), times 2^12. */
const log2 = 1233

/** The n of 10^n <= size < 10^(n+1), for a float32 from 1e-13 on. */
function decimalExponent(size: number): number {
  float[0] = size
  const guess = (((bits[0]! >>> 23) - 127) * log2) >> 12
  // The power of two tells n up to one.
  if (size >= powerOfTen(guess + 1)) return guess + 1
  return size < powerOfTen(guess) ? guess - 1 : guess
}

const negativePowers = powers.map((power) => 1 / power)

const powerOfTen = (exponent: number): number =>
  exponent >= 0 ? powers[exponent]! : negativePowers[-exponent]!

const scale = (size: number, power: number): number =>
  power >= 0 ? size * powers[power]! : size / powers[-power]!

/** Nine digits as an integer, ties to even as printf has it. */
function roundScaled(size: number, exponent: number): number {
  const scaled = scale(size, 8 - exponent)
  const low = Math.floor(scaled)
  const rest = scaled - low - 0.5
  if (rest > 1e-6) return low + 1
  if (rest < -1e-6) return low
  return Number(exactDigits(size, 9).digits)
}

/** Writes six digits where they read back as the same float32. */
function writeSix(out: ByteWriter, size: number, exponent: number): boolean {
  const six = Math.round(scale(size, 5 - exponent))
  if (Math.fround(scale(six, exponent - 5)) !== size) return false
  if (six === 1e6) writeDigits(out, 1e5, 6, exponent + 1)
  else writeDigits(out, six, 6, exponent)
  return true
}

interface Form {
  readonly digits: number
  readonly round: (value: number) => number
}

function writeSlowly(out: ByteWriter, size: number, { digits, round }: Form): void {
  const [six, sixExponent] = size.toExponential(5).split('e') as [string, string]
  if (round(Number(`${six}e${sixExponent}`)) === size) {
    writeDigits(out, Number(six.replace('.', '')), 6, Number(sixExponent))
    return
  }
  const exact = exactDigits(size, digits)
  // Digits beyond 2^53 are written in two parts.
  const text = exact.digits.replace(/0+$/, '')
  writeText(out, text, { precision: digits, exponent: exact.exponent })
}

/** The first `count` digits, ties to even, of a positive number. */
function exactDigits(size: number, count: number): { digits: string; exponent: number } {
  const [mantissa, exponent] = size.toExponential(count - 1).split('e') as [string, string]
  const digits = mantissa.replace('.', '')
  // JavaScript rounds ties up; this is one where all digits are `count` and a last 5.
  const [exact] = size.toExponential(99).split('e') as [string]
  const tail = exact.replace('.', '').slice(count)
  const isOdd = Number(digits.at(-1)) % 2 === 1
  if (!/^50*$/.test(tail) || !isOdd) return { digits, exponent: Number(exponent) }
  return { digits: String(BigInt(digits) - 1n), exponent: Number(exponent) }
}

/** Lays out an integer of `precision` digits, the first of them standing for 10^exponent. */
function writeDigits(out: ByteWriter, integer: number, precision: number, exponent: number): void {
  let count = precision
  let rest = integer | 0
  while (count > 1 && rest % 10 === 0) {
    rest = (rest / 10) | 0
    count--
  }
  if (exponent < -4 || exponent >= precision) {
    writeText(out, String(rest), { precision, exponent })
    return
  }
  const { bytes, length } = out
  if (exponent < 0) {
    // 0.000ddd
    const start = length + 1 - exponent
    for (let i = length; i < start; i++) bytes[i] = zero
    bytes[length + 1] = point
    putDigits(bytes, rest, start, count, count)
    out.length = start + count
    return
  }
  const whole = exponent + 1
  if (count > whole) {
    putDigits(bytes, rest, length, count, whole)
    out.length = length + count + 1
    return
  }
  putDigits(bytes, rest, length, count, count)
  for (let i = count; i < whole; i++) bytes[length + i] = zero
  bytes[length + whole] = point
  bytes[length + whole + 1] = zero
  out.length = length + whole + 2
}

/** Puts `count` digits from `at` on, with a point after the first `whole` of them where there are more. */
function putDigits(bytes: Uint8Array, integer: number, at: number, count: number, whole: number): void {
  let rest = integer
  let place = at + count - (whole < count ? 0 : 1)
  for (let i = count; i > whole; i--) {
    const next = (rest / 10) | 0
    bytes[place--] = zero + rest - 10 * next
    rest = next
  }
  if (whole < count) bytes[place--] = point
  while (place >= at) {
    const next = (rest / 10) | 0
    bytes[place--] = zero + rest - 10 * next
    rest = next
  }
}

/** Lays out digits without zeros at the end, the first of them standing for 10^exponent. */
function writeText(
  out: ByteWriter,
  digits: string,
  { precision, exponent }: { readonly precision: number; readonly exponent: number },
): void {
  if (exponent < -4 || exponent >= precision) {
    const power = String(Math.abs(exponent)).padStart(2, '0')
    const tail = digits.length > 1 ? `.${digits.slice(1)}` : ''
    out.ascii(`${digits[0]}${tail}e${exponent < 0 ? '-' : '+'}${power}`)
  } else if (exponent < 0) out.ascii(`0.${'0'.repeat(-exponent - 1)}${digits}`)
  else if (digits.length <= exponent + 1) out.ascii(`${digits.padEnd(exponent + 1, '0')}.0`)
  else out.ascii(`${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`)
}
