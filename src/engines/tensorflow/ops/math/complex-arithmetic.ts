/** Functions of complex numbers, each writing its pair into `out[at]` and `out[at + 1]`. */

import type { NumberArray } from './arguments.js'
import type { Complex, ComplexFunction } from './binary.js'

export const multiplyComplex: ComplexFunction = (a, b, out, at) => {
  out[at] = a.re * b.re - a.im * b.im
  out[at + 1] = a.re * b.im + a.im * b.re
}

/** Scaled by the larger part of the divisor, so that its square cannot overflow (Smith 1962). */
export const divideComplex: ComplexFunction = (a, b, out, at) => {
  if (Math.abs(b.re) >= Math.abs(b.im)) {
    const ratio = b.im / b.re
    const scale = b.re + b.im * ratio
    out[at] = (a.re + a.im * ratio) / scale
    out[at + 1] = (a.im - a.re * ratio) / scale
  } else {
    const ratio = b.re / b.im
    const scale = b.re * ratio + b.im
    out[at] = (a.re * ratio + a.im) / scale
    out[at + 1] = (a.im * ratio - a.re) / scale
  }
}

export type UnaryComplexFunction = (x: Complex, out: NumberArray, at: number) => void

export const negateComplex: UnaryComplexFunction = (x, out, at) => {
  out[at] = -x.re
  out[at + 1] = -x.im
}

export const squareComplex: UnaryComplexFunction = (x, out, at) => multiplyComplex(x, x, out, at)

const unit: Complex = { re: 1, im: 0 }
export const reciprocalComplex: UnaryComplexFunction = (x, out, at) => divideComplex(unit, x, out, at)

export const conjugate: UnaryComplexFunction = (x, out, at) => {
  out[at] = x.re
  out[at + 1] = -x.im
}

export const expComplex: UnaryComplexFunction = (x, out, at) => {
  const size = Math.exp(x.re)
  out[at] = size * Math.cos(x.im)
  out[at + 1] = size * Math.sin(x.im)
}

export const logComplex: UnaryComplexFunction = (x, out, at) => {
  out[at] = Math.log(Math.hypot(x.re, x.im))
  out[at + 1] = Math.atan2(x.im, x.re)
}

/** The root with a real part that is not negative. */
export const sqrtComplex: UnaryComplexFunction = (x, out, at) => {
  const size = Math.hypot(x.re, x.im)
  const larger = Math.sqrt((size + Math.abs(x.re)) / 2)
  const smaller = larger === 0 ? 0 : Math.abs(x.im) / (2 * larger)
  const sign = x.im < 0 || Object.is(x.im, -0) ? -1 : 1
  out[at] = x.re >= 0 ? larger : smaller
  out[at + 1] = sign * (x.re >= 0 ? smaller : larger)
}
