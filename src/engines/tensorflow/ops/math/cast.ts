/** Cast between any two dtypes of numbers, as x86 processors answer where C leaves the answer open. */

import type { NumericType, TypedArray } from '../../../../tensor/dtype.js'
import type { Kernel } from '../../op.js'
import { newData } from '../new-data.js'
import { classOf, type LongArray, type NumberArray, numericAt, refuseType, result } from './arguments.js'
import { eachPiece } from './blocks.js'

export const cast: Kernel = (inputs, context) => {
  const input = numericAt(inputs, 0, context)
  const to = context.attrs.type('DstT')
  if (to === 'string' || to === 'resource' || to === 'variant') return refuseType(context, `a cast to ${to}`)
  if (to === input.dtype) return [input]
  return [result(to, input.shape, castData(input, to))]
}

type Source = ReturnType<typeof numericAt>

function castData({ dtype, shape, data }: Source, to: NumericType): ArrayBufferView {
  const out = newData(to, shape)
  eachPiece(data, out, (part, target) => castPart({ dtype, data: part }, target, to))
  return out
}

type Part = Pick<Source, 'dtype' | 'data'>

function castPart(input: Part, out: TypedArray, to: NumericType): void {
  const from = classOf(input.dtype)
  if (from === 'long') castLongs(input.data as LongArray, out, to)
  else {
    const isFloat = from === 'float' || from === 'double' || from === 'complex'
    const numbers = from === 'complex' ? realParts(input.data as NumberArray) : (input.data as NumberArray)
    if (classOf(to) === 'complex') castComplex(input, out as NumberArray)
    else if (isFloat) castFloats(numbers, out, to)
    else castInts(numbers, out, to)
  }
}

function realParts(pairs: NumberArray): NumberArray {
  const parts = new Float64Array(pairs.length / 2)
  for (let i = 0; i < parts.length; i++) parts[i] = pairs[2 * i]!
  return parts
}

function castComplex({ dtype, data }: Part, out: NumberArray): void {
  const x = data as NumberArray
  if (classOf(dtype) === 'complex') out.set(x)
  else for (let i = 0; i < x.length; i++) out[2 * i] = x[i]!
}

/** Integers of up to 32 bits, or truth values: what does not fit wraps around as it is stored. */
function castInts(x: NumberArray, out: NumberArray | LongArray, to: NumericType): void {
  if (out instanceof BigInt64Array || out instanceof BigUint64Array) {
    const words = wordsOf(out)
    for (let i = 0; i < x.length; i++) {
      words[2 * i] = x[i]!
      words[2 * i + 1] = x[i]! < 0 ? -1 : 0
    }
  } else if (to === 'bool') {
    for (let i = 0; i < x.length; i++) out[i] = x[i] ? 1 : 0
  } else {
    out.set(x)
  }
}

const intMin = -(2 ** 31)
const two32 = 2 ** 32
const two63 = 2 ** 63

/** Toward zero; out of range: the least integer of the register that the processor converts into, of which `out` keeps the low bits. */
function castFloats(x: NumberArray, out: NumberArray | LongArray, to: NumericType): void {
  if (out instanceof BigInt64Array) castToInt64(x, wordsOf(out as LongArray))
  else if (out instanceof BigUint64Array) castToUint64(x, wordsOf(out as LongArray))
  else if (to === 'bool') for (let i = 0; i < x.length; i++) out[i] = x[i] !== 0 ? 1 : 0
  else if (classOf(to) !== 'int') out.set(x)
  else if (to === 'uint32') for (let i = 0; i < x.length; i++) out[i] = toInt64(x[i]!)
  else for (let i = 0; i < x.length; i++) out[i] = toInt32(x[i]!)
}

function toInt32(x: number): number {
  return x > intMin - 1 && x < -intMin ? x : intMin
}

function toInt64(x: number): number {
  return x >= -two63 && x < two63 ? Math.trunc(x) : -two63
}

function castToInt64(x: NumberArray, words: Int32Array): void {
  for (let i = 0; i < x.length; i++) storeLong(words, i, toInt64(x[i]!))
}

/** Numbers from 2^63 up are converted less 2^63, and the highest bit is turned over. */
function castToUint64(x: NumberArray, words: Int32Array): void {
  for (let i = 0; i < x.length; i++) {
    const isLarge = x[i]! >= two63
    storeLong(words, i, toInt64(isLarge ? x[i]! - two63 : x[i]!))
    if (isLarge) words[2 * i + 1] = words[2 * i + 1]! ^ intMin
  }
}

/** The division is exact: `value` is an integer of at most 53 significant bits. */
function storeLong(words: Int32Array, index: number, value: number): void {
  const high = Math.floor(value / two32)
  words[2 * index] = value - high * two32
  words[2 * index + 1] = high
}

/** The two halves of each element, low half first (every machine Node.js runs on is little-endian). */
function wordsOf({ buffer, byteOffset, length }: LongArray): Int32Array {
  return new Int32Array(buffer, byteOffset, 2 * length)
}

function castLongs(x: LongArray, out: NumberArray | LongArray, to: NumericType): void {
  const words = wordsOf(x)
  const kind = classOf(to)
  if (out instanceof BigInt64Array || out instanceof BigUint64Array) wordsOf(out).set(words)
  else if (to === 'bool')
    for (let i = 0; i < x.length; i++) out[i] = words[2 * i]! | words[2 * i + 1]! ? 1 : 0
  else if (kind === 'int') for (let i = 0; i < x.length; i++) out[i] = words[2 * i]!
  else longsToFloats(x, out, kind === 'complex' ? 2 : 1)
}

/** Beyond 2^53 a float32 must not be rounded twice, by way of float64: bits that fall off leave a trace in the last one. */
function longsToFloats(x: LongArray, out: NumberArray, pair: number): void {
  const words = wordsOf(x)
  const isSigned = x instanceof BigInt64Array
  const isSingle = out instanceof Float32Array
  for (let i = 0; i < x.length; i++) {
    const low = words[2 * i]! >>> 0
    const high = isSigned ? words[2 * i + 1]! : words[2 * i + 1]! >>> 0
    if (!isSingle || (high < 2 ** 21 && high >= -(2 ** 21))) out[pair * i] = high * two32 + low
    else out[pair * i] = high * two32 + ((low & ~0xfff) >>> 0) + (low & 0xfff ? 0x800 : 0)
  }
}
