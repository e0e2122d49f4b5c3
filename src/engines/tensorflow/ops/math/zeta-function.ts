/** Hurwitz' zeta function and what is made of it, in double precision. */

import { digamma, lgamma } from './gamma-function.js'

/** (2k)! / B2k: the Euler-Maclaurin terms (Cephes, zeta.c). */
const terms = [
  12, -720, 30240, -1209600, 47900160, -1892437580.3183792, 7.47242496e10, -2950130727918.164,
  116467828143500.67, -4597978722407473, 1.8152105401943546e17, -7.166165256175667e18,
]

/** The sum of (n + q)^-x over n from 0. */
export function zeta(x: number, q: number): number {
  if (x === 1) return Number.POSITIVE_INFINITY
  if (!(x > 1)) return Number.NaN
  if (q <= 0) {
    if (q === Math.floor(q)) return x === Math.floor(x) && x % 2 === 0 ? Number.POSITIVE_INFINITY : Number.NaN
    if (x !== Math.floor(x)) return Number.NaN
  }
  let sum = q ** -x
  let a = q
  for (let n = 0; n < 9 || a <= 9; n++) {
    a += 1
    const term = a ** -x
    sum += term
    if (Math.abs(term / sum) < 2 ** -53) return sum
  }
  return sum + eulerMaclaurin(x, a)
}

/** What is left after the term of `a`. */
function eulerMaclaurin(x: number, a: number): number {
  let power = a ** -x
  let sum = (power * a) / (x - 1) - power / 2
  let factor = 1
  for (const [i, term] of terms.entries()) {
    factor *= x + 2 * i
    power /= a
    sum += (factor * power) / term
    factor *= x + 2 * i + 1
    power /= a
  }
  return sum
}

/** The n-th derivative of digamma. */
export function polygamma(n: number, x: number): number {
  if (!(n >= 0) || n !== Math.floor(n)) return Number.NaN
  if (n === 0) return digamma(x)
  return (n % 2 === 0 ? -1 : 1) * Math.exp(lgamma(n + 1)) * zeta(n + 1, x)
}
