/** FarmHash's Fingerprint64, which TensorFlow hashes strings with: buckets, crosses, fingerprints. */
import { add, multiply, readHalf, readWord, rotateRight, word } from './words.js'

const k0 = 0xc3a5c85c97cb3127n
const k1 = 0xb492b66fbe98f273n
const k2 = 0x9ae16a3b2f90404fn
const seed = 81n
const catFactor = 0xc6a4a7935bd1e995n

/**
 * A hash that never changes: the same on every machine and in every release.
 *
 * Source: farmhashna::Hash64 (google/farmhash, src/farmhash.cc), which Fingerprint64 is defined to be.
 *
 * @returns an unsigned 64-bit integer
 */
export function fingerprint64(bytes: Uint8Array): bigint {
  const { length } = bytes
  if (length <= 16) return hashUpTo16(bytes)
  if (length <= 32) return hashUpTo32(bytes)
  return length <= 64 ? hashUpTo64(bytes) : hashLong(bytes)
}

/**
 * One fingerprint of two, in order: how TensorFlow hashes what is crossed.
 *
 * Source: FingerprintCat64 (tensorflow/core/platform/fingerprint.h).
 */
export function concatenateFingerprints(first: bigint, second: bigint): bigint {
  const crossed = first ^ catFactor ^ multiply(shiftMix(multiply(second, catFactor)), catFactor)
  return shiftMix(multiply(shiftMix(multiply(crossed, catFactor)), catFactor))
}

function hashUpTo16(bytes: Uint8Array): bigint {
  const { length } = bytes
  const mul = add(k2, BigInt(2 * length))
  if (length >= 8) {
    const a = add(readWord(bytes, 0), k2)
    const b = readWord(bytes, length - 8)
    const c = add(multiply(rotateRight(b, 37n), mul), a)
    const d = multiply(add(rotateRight(a, 25n), b), mul)
    return mixPair(c, d, mul)
  }
  if (length >= 4) {
    const a = BigInt(length + readHalf(bytes, 0) * 8)
    return mixPair(a, BigInt(readHalf(bytes, length - 4)), mul)
  }
  if (length === 0) return k2
  const y = BigInt(bytes[0]! + (bytes[length >> 1]! << 8))
  const z = BigInt(length + (bytes[length - 1]! << 2))
  return multiply(shiftMix(multiply(y, k2) ^ multiply(z, k0)), k2)
}

function hashUpTo32(bytes: Uint8Array): bigint {
  const { length } = bytes
  const mul = add(k2, BigInt(2 * length))
  const a = multiply(readWord(bytes, 0), k1)
  const b = readWord(bytes, 8)
  const c = multiply(readWord(bytes, length - 8), mul)
  const d = multiply(readWord(bytes, length - 16), k2)
  return mixPair(mixFirst(a, b, c, d), mixSecond(a, add(b, k2), c), mul)
}

function hashUpTo64(bytes: Uint8Array): bigint {
  const { length } = bytes
  const mul = add(k2, BigInt(2 * length))
  const a = multiply(readWord(bytes, 0), k2)
  const b = readWord(bytes, 8)
  const c = multiply(readWord(bytes, length - 8), mul)
  const d = multiply(readWord(bytes, length - 16), k2)
  const y = mixFirst(a, b, c, d)
  const z = mixPair(y, mixSecond(a, add(b, k2), c), mul)
  const e = multiply(readWord(bytes, 16), mul)
  const f = readWord(bytes, 24)
  const g = multiply(add(y, readWord(bytes, length - 32)), mul)
  const h = multiply(add(z, readWord(bytes, length - 24)), mul)
  return mixPair(mixFirst(e, f, g, h), mixSecond(e, add(f, a), g), mul)
}

/** 56 bytes of state, as the words x, y, z and two pairs v, w. */
interface LongState {
  x: bigint
  y: bigint
  z: bigint
  v: readonly [bigint, bigint]
  w: readonly [bigint, bigint]
}

function hashLong(bytes: Uint8Array): bigint {
  const y = add(multiply(seed, k1), 113n)
  const z = multiply(shiftMix(add(multiply(y, k2), 113n)), k2)
  const x = add(multiply(seed, k2), readWord(bytes, 0))
  const state: LongState = { x, y, z, v: [0n, 0n], w: [0n, 0n] }
  const rest = (bytes.length - 1) & 63
  const end = bytes.length - 1 - rest
  for (let at = 0; at < end; at += 64) absorb(state, bytes, { at, mul: k1, factor: 1n })
  return finish(state, bytes, BigInt(rest))
}

/** The last 64 bytes again, then all into one word. */
function finish(state: LongState, bytes: Uint8Array, rest: bigint): bigint {
  const mul = add(k1, (state.z & 0xffn) << 1n)
  const w = add(state.w[0], rest)
  const v = add(state.v[0], w)
  state.v = [v, state.v[1]]
  state.w = [add(w, v), state.w[1]]
  absorb(state, bytes, { at: bytes.length - 64, mul, factor: 9n })
  const first = add(add(mixPair(state.v[0], state.w[0], mul), multiply(shiftMix(state.y), k0)), state.z)
  return mixPair(first, add(mixPair(state.v[1], state.w[1], mul), state.x), mul)
}

interface Round {
  readonly at: number
  readonly mul: bigint
  /** Of what is mixed across: 1 but in the last round. */
  readonly factor: bigint
}

function absorb(state: LongState, bytes: Uint8Array, { at, mul, factor }: Round): void {
  const { v, w } = state
  let x = add(add(state.x, state.y), add(v[0], readWord(bytes, at + 8)))
  x = multiply(rotateRight(x, 37n), mul)
  let y = add(add(state.y, v[1]), readWord(bytes, at + 48))
  y = multiply(rotateRight(y, 42n), mul)
  x ^= multiply(w[1], factor)
  y = add(y, add(multiply(v[0], factor), readWord(bytes, at + 40)))
  const z = multiply(rotateRight(add(state.z, w[0]), 33n), mul)
  state.v = weakHash32(bytes, at, { a: multiply(v[1], mul), b: add(x, w[0]) })
  state.w = weakHash32(bytes, at + 32, { a: add(z, w[1]), b: add(y, readWord(bytes, at + 16)) })
  state.x = z
  state.y = y
  state.z = x
}

/** 48 bytes, two of the words seeds, into 16. */
function weakHash32(
  bytes: Uint8Array,
  at: number,
  seeds: { readonly a: bigint; readonly b: bigint },
): readonly [bigint, bigint] {
  const last = readWord(bytes, at + 24)
  const first = add(seeds.a, readWord(bytes, at))
  let b = rotateRight(add(add(seeds.b, first), last), 21n)
  const sum = add(add(first, readWord(bytes, at + 8)), readWord(bytes, at + 16))
  b = add(b, rotateRight(sum, 44n))
  return [add(sum, last), add(b, first)]
}

const mixFirst = (a: bigint, b: bigint, c: bigint, d: bigint) =>
  add(add(rotateRight(add(a, b), 43n), rotateRight(c, 30n)), d)

const mixSecond = (a: bigint, b: bigint, c: bigint) => add(add(a, rotateRight(b, 18n)), c)

function mixPair(u: bigint, v: bigint, mul: bigint): bigint {
  const a = shiftMix(multiply(u ^ v, mul))
  const b = shiftMix(multiply(v ^ a, mul))
  return multiply(b, mul)
}

const shiftMix = (value: bigint) => word(value ^ (value >> 47n))
