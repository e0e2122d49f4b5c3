/** Functions of two numbers beyond the four operations. */

import { RecserveError } from '../../../../core/errors.js'
import type { Kernel } from '../../op.js'
import { binary, binaryFor, eachComplex, eachLong, eachNumber } from './binary.js'
import { divideComplex, multiplyComplex } from './complex-arithmetic.js'

const floats = (compute: (a: number, b: number) => number): Kernel =>
  binary({ float: eachNumber(compute), double: eachNumber(compute) })

/** A kernel for each function of two floats. */
export const floatFunction = floats

export const squaredDifference: Kernel = binary({
  float: eachNumber((a, b) => Math.fround(a - b) ** 2),
  double: eachNumber((a, b) => (a - b) ** 2),
  int: eachNumber((a, b) => Math.imul(a - b, a - b)),
  long: eachLong((a, b) => (a - b) * (a - b)),
  complex: eachComplex((a, b, out, at) => {
    out[at] = (a.re - b.re) ** 2 + (a.im - b.im) ** 2
    out[at + 1] = 0
  }),
})

/** 0 wherever the divisor is 0. */
export const divNoNan: Kernel = binary({
  float: eachNumber((a, b) => (b === 0 ? 0 : a / b)),
  double: eachNumber((a, b) => (b === 0 ? 0 : a / b)),
  complex: eachComplex((a, b, out, at) => {
    if (b.re !== 0 || b.im !== 0) divideComplex(a, b, out, at)
  }),
})

/** 0 wherever the second is 0, even against NaN and infinity. */
export const mulNoNan: Kernel = binary({
  float: eachNumber((a, b) => (b === 0 ? 0 : a * b)),
  double: eachNumber((a, b) => (b === 0 ? 0 : a * b)),
  complex: eachComplex((a, b, out, at) => {
    if (b.re !== 0 || b.im !== 0) multiplyComplex(a, b, out, at)
  }),
})

export const xdivy: Kernel = floats((x, y) => (x === 0 ? 0 : x / y))
export const xlogy: Kernel = floats((x, y) => (x === 0 ? 0 : x * Math.log(y)))
export const xlog1py: Kernel = floats((x, y) => (x === 0 ? 0 : x * Math.log1p(y)))
export const atan2: Kernel = floats(Math.atan2)

/** Of integers: by repeated squaring, wrapping around. */
export const pow: Kernel = binaryFor((_dtype, { op, node }) => {
  const negative = (): never => {
    const text = 'Integers to negative integer powers are not allowed'
    throw new RecserveError('invalid_argument', `${op} '${node}': ${text}`)
  }
  return {
    float: eachNumber(power),
    double: eachNumber(power),
    int: eachNumber((a, b) => (b < 0 ? negative() : intPower(a, b))),
    long: eachLong((a, b) => (b < 0n ? negative() : longPower(a, b))),
  }
})

/** As C's `pow`: JavaScript answers NaN for 1 to NaN and for 1 and -1 to infinity. */
function power(a: number, b: number): number {
  if (a === 1 || (a === -1 && Math.abs(b) === Number.POSITIVE_INFINITY)) return 1
  return a ** b
}

function intPower(base: number, exponent: number): number {
  let product = 1
  for (let square = base, rest = exponent; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) product = Math.imul(product, square)
    square = Math.imul(square, square)
  }
  return product
}

function longPower(base: bigint, exponent: bigint): bigint {
  let product = 1n
  for (let square = base, rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) product = BigInt.asIntN(64, product * square)
    square = BigInt.asIntN(64, square * square)
  }
  return product
}
