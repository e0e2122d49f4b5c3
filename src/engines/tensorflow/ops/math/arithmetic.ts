/**
 * The four operations, largest and smallest: the loops most graphs spend their time in. Each is written out, so that the
 * compiler sees one kind of array and no call (a shared loop that calls a function per element is several times slower).
 */

import type { BroadcastPlan } from '../../../../tensor/broadcast.js'
import type { Kernel } from '../../op.js'
import type { FloatArray, NumberArray } from './arguments.js'
import { binary, eachComplex, eachLong, largerLong, smallerLong } from './binary.js'
import { divideComplex, multiplyComplex } from './complex-arithmetic.js'

/** Sums of integers wrap around as they are stored. */
export const add: Kernel = binary({
  float: addFloats,
  double: addNumbers,
  int: addNumbers,
  long: eachLong((a, b) => a + b),
  complex: eachComplex((a, b, out, at) => {
    out[at] = a.re + b.re
    out[at + 1] = a.im + b.im
  }),
})

export const subtract: Kernel = binary({
  float: subtractFloats,
  double: subtractNumbers,
  int: subtractNumbers,
  long: eachLong((a, b) => a - b),
  complex: eachComplex((a, b, out, at) => {
    out[at] = a.re - b.re
    out[at + 1] = a.im - b.im
  }),
})

export const multiply: Kernel = binary({
  float: multiplyFloats,
  double: multiplyNumbers,
  int: multiplyInts,
  long: eachLong((a, b) => a * b),
  complex: eachComplex(multiplyComplex),
})

/** RealDiv: of floats and complex numbers only. */
export const divide: Kernel = binary({
  float: divideFloats,
  double: divideNumbers,
  complex: eachComplex(divideComplex),
})

/** NaN in either input gives NaN. */
export const maximum: Kernel = binary({
  float: maximumFloats,
  double: maximumNumbers,
  int: maximumNumbers,
  long: eachLong(largerLong),
})

export const minimum: Kernel = binary({
  float: minimumFloats,
  double: minimumNumbers,
  int: minimumNumbers,
  long: eachLong(smallerLong),
})

function addFloats(a: FloatArray, b: FloatArray, out: FloatArray, plan: BroadcastPlan): void {
  const { rows, width, aStep, bStep, aStarts, bStarts } = plan
  for (let r = 0, k = 0; r < rows; r++) {
    const end = k + width
    for (let i = aStarts[r]!, j = bStarts[r]!; k < end; k++, i += aStep, j += bStep) out[k] = a[i]! + b[j]!
  }
}

function addNumbers(a: NumberArray, b: NumberArray, out: NumberArray, plan: BroadcastPlan): void {
  const { rows, width, aStep, bStep, aStarts, bStarts } = plan
  for (let r = 0, k = 0; r < rows; r++) {
    const end = k + width
    for (let i = aStarts[r]!, j = bStarts[r]!; k < end; k++, i += aStep, j += bStep) out[k] = a[i]! + b[j]!
  }
}

function subtractFloats(a: FloatArray, b: FloatArray, out: FloatArray, plan: BroadcastPlan): void {
  const { rows, width, aStep, bStep, aStarts, bStarts } = plan
  for (let r = 0, k = 0; r < rows; r++) {
    const end = k + width
    for (let i = aStarts[r]!, j = bStarts[r]!; k < end; k++, i += aStep, j += bStep) out[k] = a[i]! - b[j]!
  }
}

function subtractNumbers(a: NumberArray, b: NumberArray, out: NumberArray, plan: BroadcastPlan): void {
  const { rows, width, aStep, bStep, aStarts, bStarts } = plan
  for (let r = 0, k = 0; r < rows; r++) {
    const end = k + width
    for (let i = aStarts[r]!, j = bStarts[r]!; k < end; k++, i += aStep, j += bStep) out[k] = a[i]! - b[j]!
  }
}

function multiplyFloats(a: FloatArray, b: FloatArray, out: FloatArray, plan: BroadcastPlan): void {
  const { rows, width, aStep, bStep, aStarts, bStarts } = plan
  for (let r = 0, k = 0; r < rows; r++) {
    const end = k + width
    for (let i = aStarts[r]!, j = bStarts[r]!; k < end; k++, i += aStep, j += bStep) out[k] = a[i]! * b[j]!
  }
}

function multiplyNumbers(a: NumberArray, b: NumberArray, out: NumberArray, plan: BroadcastPlan): void {
  const { rows, width, aStep, bStep, aStarts, bStarts } = plan
  for (let r = 0, k = 0; r < rows; r++) {
    const end = k + width
    for (let i = aStarts[r]!, j = bStarts[r]!; k < end; k++, i += aStep, j += bStep) out[k] = a[i]! * b[j]!
  }
}

export function divideFloats(a: FloatArray, b: FloatArray, out: FloatArray, plan: BroadcastPlan): void {
  const { rows, width, aStep, bStep, aStarts, bStarts } = plan
  for (let r = 0, k = 0; r < rows; r++) {
    const end = k + width
    for (let i = aStarts[r]!, j = bStarts[r]!; k < end; k++, i += aStep, j += bStep) out[k] = a[i]! / b[j]!
  }
}

export function divideNumbers(a: NumberArray, b: NumberArray, out: NumberArray, plan: BroadcastPlan): void {
  const { rows, width, aStep, bStep, aStarts, bStarts } = plan
  for (let r = 0, k = 0; r < rows; r++) {
    const end = k + width
    for (let i = aStarts[r]!, j = bStarts[r]!; k < end; k++, i += aStep, j += bStep) out[k] = a[i]! / b[j]!
  }
}

// The larger is chosen by a mask over its bits: Math.max has branches, which mispredict (three times as slow on values in no order).

function maximumFloats(a: FloatArray, b: FloatArray, out: FloatArray, plan: BroadcastPlan): void {
  const { rows, width, aStep, bStep, aStarts, bStarts } = plan
  const [aBits, bBits, outBits] = [bitsOf(a), bitsOf(b), bitsOf(out)]
  for (let r = 0, k = 0; r < rows; r++) {
    const end = k + width
    for (let i = aStarts[r]!, j = bStarts[r]!; k < end; k++, i += aStep, j += bStep) {
      const x = a[i]!
      const mask = -(Number(x > b[j]!) | Number(Number.isNaN(x)))
      outBits[k] = (aBits[i]! & mask) | (bBits[j]! & ~mask)
    }
  }
}

function maximumNumbers(a: NumberArray, b: NumberArray, out: NumberArray, plan: BroadcastPlan): void {
  const { rows, width, aStep, bStep, aStarts, bStarts } = plan
  for (let r = 0, k = 0; r < rows; r++) {
    const end = k + width
    for (let i = aStarts[r]!, j = bStarts[r]!; k < end; k++, i += aStep, j += bStep)
      out[k] = Math.max(a[i]!, b[j]!)
  }
}

function minimumFloats(a: FloatArray, b: FloatArray, out: FloatArray, plan: BroadcastPlan): void {
  const { rows, width, aStep, bStep, aStarts, bStarts } = plan
  const [aBits, bBits, outBits] = [bitsOf(a), bitsOf(b), bitsOf(out)]
  for (let r = 0, k = 0; r < rows; r++) {
    const end = k + width
    for (let i = aStarts[r]!, j = bStarts[r]!; k < end; k++, i += aStep, j += bStep) {
      const x = a[i]!
      const mask = -(Number(x < b[j]!) | Number(Number.isNaN(x)))
      outBits[k] = (aBits[i]! & mask) | (bBits[j]! & ~mask)
    }
  }
}

function minimumNumbers(a: NumberArray, b: NumberArray, out: NumberArray, plan: BroadcastPlan): void {
  const { rows, width, aStep, bStep, aStarts, bStarts } = plan
  for (let r = 0, k = 0; r < rows; r++) {
    const end = k + width
    for (let i = aStarts[r]!, j = bStarts[r]!; k < end; k++, i += aStep, j += bStep)
      out[k] = Math.min(a[i]!, b[j]!)
  }
}

/** The low 32 bits of products: what narrower integers keep of them, too. */
function multiplyInts(a: NumberArray, b: NumberArray, out: NumberArray, plan: BroadcastPlan): void {
  const { rows, width, aStep, bStep, aStarts, bStarts } = plan
  for (let r = 0, k = 0; r < rows; r++) {
    const end = k + width
    for (let i = aStarts[r]!, j = bStarts[r]!; k < end; k++, i += aStep, j += bStep)
      out[k] = Math.imul(a[i]!, b[j]!)
  }
}

function bitsOf({ buffer, byteOffset, length }: FloatArray): Int32Array {
  return new Int32Array(buffer, byteOffset, length)
}
