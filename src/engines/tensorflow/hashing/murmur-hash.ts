/** The hash of TensorFlow's oldest bucket op: MurmurHash64A with a fixed seed. */
import { multiply, readWord, word } from './words.js'

const factor = 0xc6a4a7935bd1e995n
const defaultSeed = 0xdecafcaffen

/**
 * TensorFlow's `Hash64` (tensorflow/core/platform/hash.cc), from Austin Appleby's MurmurHash64A.
 *
 * @returns an unsigned 64-bit integer
 */
export function murmurHash64(bytes: Uint8Array): bigint {
  const whole = bytes.length - (bytes.length % 8)
  let hash = word(defaultSeed ^ multiply(BigInt(bytes.length), factor))
  for (let at = 0; at < whole; at += 8) {
    const mixed = multiply(shiftMix(multiply(readWord(bytes, at), factor)), factor)
    hash = multiply(hash ^ mixed, factor)
  }
  if (whole < bytes.length) hash = multiply(hash ^ restOf(bytes, whole), factor)
  return shiftMix(multiply(shiftMix(hash), factor))
}

function restOf(bytes: Uint8Array, from: number): bigint {
  let rest = 0n
  for (let i = from; i < bytes.length; i++) rest |= BigInt(bytes[i]!) << BigInt(8 * (i - from))
  return rest
}

const shiftMix = (value: bigint) => word(value ^ (value >> 47n))
