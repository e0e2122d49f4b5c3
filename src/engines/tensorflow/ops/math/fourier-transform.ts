/** The discrete Fourier transform of one line of complex numbers, of any length, in double precision. */

import { spend } from '../../run-limits.js'
import { newScratch } from '../new-data.js'

/** Transforms lines of `length`; made once, as the factors take longer than a line does. */
export interface Transform {
  readonly length: number
  /** In place: `length` pairs. `isInverse`: with the other sign, and divided by the length. */
  run(line: Float64Array, isInverse: boolean): void
}

export function createTransform(length: number): Transform {
  const forward = length > 0 && (length & (length - 1)) === 0 ? powerOfTwo(length) : anyLength(length)
  return {
    length,
    run(line, isInverse) {
      if (!isInverse) return forward(line)
      // The inverse is the forward transform between two conjugations.
      for (let i = 1; i < line.length; i += 2) line[i] = -line[i]!
      forward(line)
      for (let i = 0; i < line.length; i += 2) {
        line[i] = line[i]! / length
        line[i + 1] = -line[i + 1]! / length
      }
    },
  }
}

/** exp(-2 pi i k / length) for k below `count`. */
function roots(length: number, count: number, power: (k: number) => number): Float64Array {
  spend(count)
  const factors = newScratch(2 * count)
  for (let k = 0; k < count; k++) {
    const turn = (-2 * Math.PI * power(k)) / length
    factors[2 * k] = Math.cos(turn)
    factors[2 * k + 1] = Math.sin(turn)
  }
  return factors
}

/** Cooley and Tukey's, in place: order by reversed bits, then join halves. */
function powerOfTwo(length: number): (line: Float64Array) => void {
  const factors = roots(length, length / 2, (k) => k)
  return (line) => {
    reverseBits(line, length)
    for (let half = 1; half < length; half *= 2) {
      const stride = length / (2 * half)
      for (let start = 0; start < length; start += 2 * half) {
        spend(half)
        for (let k = 0; k < half; k++) {
          const a = 2 * (start + k)
          const b = a + 2 * half
          const re = factors[2 * k * stride]!
          const im = factors[2 * k * stride + 1]!
          const x = line[b]! * re - line[b + 1]! * im
          const y = line[b]! * im + line[b + 1]! * re
          line[b] = line[a]! - x
          line[b + 1] = line[a + 1]! - y
          line[a] = line[a]! + x
          line[a + 1] = line[a + 1]! + y
        }
      }
    }
  }
}

function reverseBits(line: Float64Array, length: number): void {
  for (let i = 1, j = 0; i < length; i++) {
    let bit = length >> 1
    for (; j & bit; bit >>= 1) j ^= bit
    j ^= bit
    if (i < j) {
      for (const part of [0, 1]) {
        const kept = line[2 * i + part]!
        line[2 * i + part] = line[2 * j + part]!
        line[2 * j + part] = kept
      }
    }
  }
}

/** Up to this length the definition is as fast as Bluestein's algorithm. */
const shortest = 32

function anyLength(length: number): (line: Float64Array) => void {
  return length <= shortest ? byDefinition(length) : bluestein(length)
}

function byDefinition(length: number): (line: Float64Array) => void {
  const factors = roots(length, length, (k) => k)
  return (line) => {
    const x = line.slice()
    for (let k = 0; k < length; k++) {
      let re = 0
      let im = 0
      for (let j = 0; j < length; j++) {
        const at = 2 * ((j * k) % length)
        re += x[2 * j]! * factors[at]! - x[2 * j + 1]! * factors[at + 1]!
        im += x[2 * j]! * factors[at + 1]! + x[2 * j + 1]! * factors[at]!
      }
      line[2 * k] = re
      line[2 * k + 1] = im
    }
  }
}

/** As a convolution with a chirp, which transforms of a power of two compute (Bluestein 1970). */
function bluestein(length: number): (line: Float64Array) => void {
  // k * k modulo 2 * length, for the sake of the cosine's accuracy.
  const chirp = roots(2 * length, length, (k) => (k * k) % (2 * length))
  const padded = createTransform(2 ** Math.ceil(Math.log2(2 * length - 1)))
  const filter = newScratch(2 * padded.length)
  for (let k = 0; k < length; k++) {
    for (const at of [k, (padded.length - k) % padded.length]) {
      filter[2 * at] = chirp[2 * k]!
      filter[2 * at + 1] = -chirp[2 * k + 1]!
    }
  }
  padded.run(filter, false)
  const work = newScratch(filter.length)
  return (line) => {
    work.fill(0)
    multiplyPairs(line, chirp, work, length)
    padded.run(work, false)
    multiplyPairs(work, filter, work, padded.length)
    padded.run(work, true)
    multiplyPairs(work, chirp, line, length)
  }
}

function multiplyPairs(a: Float64Array, b: Float64Array, out: Float64Array, count: number): void {
  for (let i = 0; i < 2 * count; i += 2) {
    const re = a[i]! * b[i]! - a[i + 1]! * b[i + 1]!
    out[i + 1] = a[i]! * b[i + 1]! + a[i + 1]! * b[i]!
    out[i] = re
  }
}
