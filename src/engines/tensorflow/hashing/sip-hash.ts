/** SipHash-2-4, a keyed hash: what nobody who lacks the key can find collisions for. */
import { add, readWord, rotateLeft, word } from './words.js'

/** Two words of the key, each unsigned 64 bits. */
export type SipKey = readonly [bigint, bigint]

/**
 * Source: Aumasson and Bernstein, "SipHash: a fast short-input PRF", section 2. TensorFlow's StringToHashBucketStrong is it.
 *
 * @returns an unsigned 64-bit integer
 */
export function sipHash(bytes: Uint8Array, [k0, k1]: SipKey): bigint {
  const state = BigUint64Array.of(
    k0 ^ 0x736f6d6570736575n,
    k1 ^ 0x646f72616e646f6dn,
    k0 ^ 0x6c7967656e657261n,
    k1 ^ 0x7465646279746573n,
  )
  const whole = bytes.length - (bytes.length % 8)
  for (let at = 0; at < whole; at += 8) absorb(state, readWord(bytes, at))
  absorb(state, lastWord(bytes, whole))
  state[2] = word(state[2]! ^ 0xffn)
  for (let i = 0; i < 4; i++) round(state)
  return word(state[0]! ^ state[1]! ^ state[2]! ^ state[3]!)
}

/** What is left over, zeros, and the length modulo 256 as the highest byte. */
function lastWord(bytes: Uint8Array, from: number): bigint {
  let low = 0
  let high = (bytes.length & 0xff) << 24
  for (let i = from; i < bytes.length; i++) {
    const shift = 8 * (i - from)
    if (shift < 32) low |= bytes[i]! << shift
    else high |= bytes[i]! << (shift - 32)
  }
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)
}

function absorb(state: BigUint64Array, message: bigint): void {
  state[3] = word(state[3]! ^ message)
  round(state)
  round(state)
  state[0] = word(state[0]! ^ message)
}

function round(state: BigUint64Array): void {
  let v0 = add(state[0]!, state[1]!)
  let v1 = word(rotateLeft(state[1]!, 13n) ^ v0)
  v0 = rotateLeft(v0, 32n)
  let v2 = add(state[2]!, state[3]!)
  let v3 = word(rotateLeft(state[3]!, 16n) ^ v2)
  v0 = add(v0, v3)
  v3 = word(rotateLeft(v3, 21n) ^ v0)
  v2 = add(v2, v1)
  v1 = word(rotateLeft(v1, 17n) ^ v2)
  v2 = rotateLeft(v2, 32n)
  state[0] = v0
  state[1] = v1
  state[2] = v2
  state[3] = v3
}
