/** Keys that sort as what they stand for (tensorflow/core/lib/strings/ordered_code.cc); bytes, one character each. */
import type { Extent } from './tensor-slice.js'

/** The key of a slice (tensorflow/core/util/saved_tensor_slice_util.cc, EncodeTensorNameSlice); names never begin with its \0. */
export function toSliceKey(name: string, extents: readonly Extent[]): string {
  const bounds = extents.flatMap(({ start, length }) => [signedCode(start), signedCode(length ?? -1)])
  return `\0${stringCode(name)}${unsignedCode(extents.length)}${bounds.join('')}`
}

function stringCode(name: string): string {
  const bytes = Buffer.from(name, 'utf8').toString('latin1')
  // A byte that would end the string, or be taken for infinity, is followed by its opposite.
  const escaped = Array.from(bytes, (byte) => (byte === '\0' ? '\0\xff' : byte === '\xff' ? '\xff\0' : byte))
  return `${escaped.join('')}\0\x01`
}

/** The number of bytes and the bytes, the highest first. */
function unsignedCode(value: number): string {
  const digits: number[] = []
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) digits.unshift(rest % 256)
  return String.fromCharCode(digits.length, ...digits)
}

/** Two's complement in as few bytes as leave room for a prefix of as many ones as there are bytes, inverted below zero. */
function signedCode(value: number): string {
  let length = 1
  while ((value < 0 ? -1 - value : value) >= 2 ** (7 * length - 1)) length++
  // With its sign in front, which the prefix is written over: from 9 bytes on it takes two bytes itself.
  const bits =
    BigInt.asUintN(8 * length, BigInt(value)) ^ (prefixBits(length) << BigInt(8 * Math.max(0, length - 2)))
  const bytes: number[] = []
  for (let i = length - 1; i >= 0; i--) bytes.push(Number((bits >> BigInt(8 * i)) & 0xffn))
  return String.fromCharCode(...bytes)
}

/** The prefix as the first byte where that is the only one, as the first two otherwise. */
function prefixBits(length: number): bigint {
  if (length === 1) return 0x80n
  return (0xffffn << BigInt(16 - length)) & 0xffffn
}
