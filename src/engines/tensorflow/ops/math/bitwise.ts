/** Ops on truth values and on the bits of integers. */

import { type NumericType, typedArrays } from '../../../../tensor/dtype.js'
import type { Kernel } from '../../op.js'
import { newData } from '../new-data.js'
import { classOf, type LongArray, type NumberArray, numericAt, refuseType, result } from './arguments.js'
import { binary, binaryFor, eachLong, eachNumber } from './binary.js'
import { eachPiece } from './blocks.js'
import { unary } from './unary.js'

export const logicalAnd: Kernel = binary({ bool: eachNumber((a, b) => a & b) })
export const logicalOr: Kernel = binary({ bool: eachNumber((a, b) => a | b) })

export const logicalNot: Kernel = unary({
  bool: (x, out) => {
    for (let i = 0; i < x.length; i++) out[i] = x[i] ? 0 : 1
  },
})

export const bitwiseAnd: Kernel = binary({
  int: eachNumber((a, b) => a & b),
  long: eachLong((a, b) => a & b),
})
export const bitwiseOr: Kernel = binary({ int: eachNumber((a, b) => a | b), long: eachLong((a, b) => a | b) })
export const bitwiseXor: Kernel = binary({
  int: eachNumber((a, b) => a ^ b),
  long: eachLong((a, b) => a ^ b),
})

export const invert: Kernel = unary({
  int: (x, out) => {
    for (let i = 0; i < x.length; i++) out[i] = ~x[i]!
  },
  long: (x, out) => {
    for (let i = 0; i < x.length; i++) out[i] = ~x[i]!
  },
})

/** A shift is kept between 0 and the last bit. */
export const leftShift: Kernel = binaryFor((dtype) => {
  const last = bitsOf(dtype) - 1
  return {
    int: eachNumber((a, b) => a << Math.min(Math.max(b, 0), last)),
    long: eachLong((a, b) => a << clampLong(b, last)),
  }
})

/** The sign of a signed integer is shifted in. */
export const rightShift: Kernel = binaryFor((dtype) => {
  const last = bitsOf(dtype) - 1
  const isUnsigned = dtype === 'uint32'
  return {
    int: eachNumber((a, b) => {
      const by = Math.min(Math.max(b, 0), last)
      return isUnsigned ? a >>> by : a >> by
    }),
    long: eachLong((a, b) => a >> clampLong(b, last)),
  }
})

/** How many bits are set, as uint8. */
export const populationCount: Kernel = (inputs, context) => {
  const { dtype, shape, data } = numericAt(inputs, 0, context)
  const kind = classOf(dtype)
  if (kind !== 'int' && kind !== 'long') refuseType(context, dtype)
  // As unsigned 32-bit words; narrower integers lose the bits their sign adds.
  const isLong = kind === 'long'
  const longs = data as LongArray
  const words = isLong
    ? new Uint32Array(longs.buffer, longs.byteOffset, 2 * longs.length)
    : (data as NumberArray)
  const mask = isLong ? 0xffffffff : 2 ** bitsOf(dtype) - 1
  const counts = newData('uint8', shape)
  const perElement = isLong ? 2 : 1
  eachPiece(words, counts, (from, to) => {
    for (let i = 0; i < from.length; i++) to[Math.floor(i / perElement)]! += bitCount(from[i]! & mask)
  })
  return [result('uint8', shape, counts)]
}

/** Sums neighbouring fields of 1, 2, 4 bits, then the four bytes by one product (Hacker's Delight 5-1). */
function bitCount(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555)
  const quads = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333)
  return Math.imul((quads + (quads >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

function bitsOf(dtype: NumericType): number {
  return (
    8 * (typedArrays as Readonly<Record<string, { BYTES_PER_ELEMENT: number }>>)[dtype]!.BYTES_PER_ELEMENT
  )
}

function clampLong(by: bigint, last: number): bigint {
  if (by < 0n) return 0n
  return by > BigInt(last) ? BigInt(last) : by
}
