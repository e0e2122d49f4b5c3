/** Functions of one number; those that most graphs spend time in are written out as loops. */

import type { Kernel } from '../../op.js'
import { type FloatArray, inputAt } from './arguments.js'
import {
  conjugate,
  expComplex,
  logComplex,
  negateComplex,
  reciprocalComplex,
  sqrtComplex,
  squareComplex,
} from './complex-arithmetic.js'
import { floatMap, mapComplex, mapLongs, mapNumbers, unary } from './unary.js'

export const abs: Kernel = unary({
  float: (x, out) => {
    for (let i = 0; i < x.length; i++) out[i] = Math.abs(x[i]!)
  },
  double: mapNumbers(Math.abs),
  int: mapNumbers(Math.abs),
  long: mapLongs((x) => (x < 0n ? -x : x)),
})

export const negate: Kernel = unary({
  float: (x, out) => {
    for (let i = 0; i < x.length; i++) out[i] = -x[i]!
  },
  double: mapNumbers((x) => -x),
  int: mapNumbers((x) => -x),
  long: mapLongs((x) => -x),
  complex: mapComplex(negateComplex),
})

export const square: Kernel = unary({
  float: (x, out) => {
    for (let i = 0; i < x.length; i++) out[i] = x[i]! * x[i]!
  },
  double: mapNumbers((x) => x * x),
  int: mapNumbers((x) => Math.imul(x, x)),
  long: mapLongs((x) => x * x),
  complex: mapComplex(squareComplex),
})

export const sign: Kernel = unary({
  float: mapNumbers(Math.sign),
  double: mapNumbers(Math.sign),
  int: mapNumbers(Math.sign),
  long: mapLongs((x) => (x > 0n ? 1n : x < 0n ? -1n : 0n)),
})

/** Half goes to the even neighbour; integers stay as they are. */
export const round: Kernel = (inputs, context) => {
  const input = inputAt(inputs, 0, context)
  return /^u?int/.test(input.dtype) ? [input] : rint(inputs, context)
}

export const rint: Kernel = floatMap(roundHalfEven)

export const exp: Kernel = unary({
  float: (x, out) => {
    for (let i = 0; i < x.length; i++) out[i] = Math.exp(x[i]!)
  },
  double: mapNumbers(Math.exp),
  complex: mapComplex(expComplex),
})

export const log: Kernel = floatMap(Math.log, logComplex)
export const reciprocal: Kernel = floatMap((x) => 1 / x, reciprocalComplex)

export const sqrt: Kernel = unary({
  float: (x, out) => {
    for (let i = 0; i < x.length; i++) out[i] = Math.sqrt(x[i]!)
  },
  double: mapNumbers(Math.sqrt),
  complex: mapComplex(sqrtComplex),
})

export const rsqrt: Kernel = unary({
  float: (x, out) => {
    for (let i = 0; i < x.length; i++) out[i] = 1 / Math.sqrt(x[i]!)
  },
  double: mapNumbers((x) => 1 / Math.sqrt(x)),
})

export const sigmoid: Kernel = unary({
  float: (x, out) => {
    for (let i = 0; i < x.length; i++) out[i] = 1 / (1 + Math.exp(-x[i]!))
  },
  double: mapNumbers((x) => 1 / (1 + Math.exp(-x))),
})

export const tanh: Kernel = unary({ float: tanhFloats, double: mapNumbers(Math.tanh) })

/** Conj of a real tensor is that tensor. */
export const conj: Kernel = (inputs, context) => {
  const input = inputAt(inputs, 0, context)
  return input.dtype.startsWith('complex') ? conjugateComplex(inputs, context) : [input]
}

const conjugateComplex = unary({ complex: mapComplex(conjugate) })

/** By one exponential, which is enough for float32 except near 0, where two terms of the series are. */
function tanhFloats(x: FloatArray, out: FloatArray): void {
  for (let i = 0; i < x.length; i++) {
    const value = x[i]!
    out[i] = Math.abs(value) < 1e-3 ? value - (value * value * value) / 3 : 1 - 2 / (Math.exp(2 * value) + 1)
  }
}

function roundHalfEven(x: number): number {
  const floor = Math.floor(x)
  const rest = x - floor
  // Infinities have no rest.
  if (Number.isNaN(rest)) return x
  // Math.ceil, not floor + 1: -0.3 is to become -0.
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? Math.ceil(x) : floor
}
