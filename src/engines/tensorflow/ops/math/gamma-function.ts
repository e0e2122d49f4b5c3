/** The gamma function's relatives, in double precision. */

/** Coefficients for g = 607/128 (Godfrey 2001): relative error below 1e-15. */
const lanczos = [
  0.9999999999999971, 57.15623566586292, -59.59796035547549, 14.136097974741746, -0.4919138160976202,
  3.399464998481189e-5, 4.652362892704858e-5, -9.837447530487956e-5, 0.0001580887032249125,
  -0.00021026444172410488, 0.00021743961811521265, -0.0001643181065367639, 8.441822398385275e-5,
  -2.6190838401581408e-5, 3.6899182659531625e-6,
]

/** log |gamma(x)|; infinite at 0 and the negative integers. */
export function lgamma(x: number): number {
  if (Math.abs(x) === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY
  if (x === 1 || x === 2) return 0
  if (x < 0.5) {
    if (x === Math.floor(x)) return Number.POSITIVE_INFINITY
    // sin(pi x) of the distance to the nearest integer, which is exact.
    return Math.log(Math.PI / Math.abs(Math.sin(Math.PI * (x - Math.round(x))))) - lgamma(1 - x)
  }
  if (x > 1e17) return x * (Math.log(x) - 1)
  let sum = lanczos[0]!
  for (let i = 1; i < lanczos.length; i++) sum += lanczos[i]! / (x - 1 + i)
  const t = x + 607 / 128 - 0.5
  return (x - 0.5) * Math.log(t) - t + Math.log(Math.sqrt(2 * Math.PI) * sum)
}

/** The logarithmic derivative of gamma: recurrence up to 10, then the asymptotic series (Abramowitz and Stegun 6.3.18). */
export function digamma(x: number): number {
  if (x === Number.POSITIVE_INFINITY) return x
  if (x <= 0) {
    if (x === Math.floor(x)) return Number.NaN
    return digamma(1 - x) - Math.PI / Math.tan(Math.PI * (x - Math.round(x)))
  }
  let shift = 0
  let z = x
  for (; z < 10; z++) shift -= 1 / z
  const s = 1 / (z * z)
  const series =
    s * (1 / 12 - s * (1 / 120 - s * (1 / 252 - s * (1 / 240 - s * (1 / 132 - s * (691 / 32760 - s / 12))))))
  return shift + Math.log(z) - 0.5 / z - series
}

const epsilon = 2 ** -53
const mostSteps = 2000

/** The regularized lower incomplete gamma function P(a, x). */
export function igamma(a: number, x: number): number {
  if (!(a > 0 && x >= 0)) return Number.NaN
  if (x === 0) return 0
  if (a === Number.POSITIVE_INFINITY) return x === a ? Number.NaN : 0
  if (x === Number.POSITIVE_INFINITY) return 1
  return x > 1 && x > a ? 1 - upperFraction(a, x) : lowerSeries(a, x)
}

/** The regularized upper incomplete gamma function Q(a, x). */
export function igammac(a: number, x: number): number {
  if (!(a > 0 && x >= 0)) return Number.NaN
  if (x === 0) return 1
  if (a === Number.POSITIVE_INFINITY) return x === a ? Number.NaN : 1
  if (x === Number.POSITIVE_INFINITY) return 0
  return x < 1 || x < a ? 1 - lowerSeries(a, x) : upperFraction(a, x)
}

/** Abramowitz and Stegun 6.5.29. */
function lowerSeries(a: number, x: number): number {
  let term = 1 / a
  let sum = term
  for (let n = 1; n < mostSteps && term > sum * epsilon; n++) {
    term *= x / (a + n)
    sum += term
  }
  return sum * Math.exp(a * Math.log(x) - x - lgamma(a))
}

/** Abramowitz and Stegun 6.5.31, by Lentz's method. */
function upperFraction(a: number, x: number): number {
  let b = x + 1 - a
  let c = 1e300
  let d = 1 / b
  let fraction = d
  for (let n = 1; n < mostSteps; n++) {
    const numerator = n * (a - n)
    b += 2
    d = 1 / nonZero(b + numerator * d)
    c = nonZero(b + numerator / c)
    fraction *= c * d
    if (Math.abs(c * d - 1) < epsilon) break
  }
  return fraction * Math.exp(a * Math.log(x) - x - lgamma(a))
}

function nonZero(x: number): number {
  return Math.abs(x) < 1e-300 ? 1e-300 : x
}

/** The regularized incomplete beta function I_x(a, b) (Abramowitz and Stegun 26.5.8). */
export function betainc(a: number, b: number, x: number): number {
  if (!(a > 0 && b > 0 && x >= 0 && x <= 1)) return Number.NaN
  if (x === 0 || x === 1) return x
  const scale = Math.exp(a * Math.log(x) + b * Math.log1p(-x) + lgamma(a + b) - lgamma(a) - lgamma(b))
  if (x < (a + 1) / (a + b + 2)) return (scale * betaFraction(a, b, x)) / a
  return 1 - (scale * betaFraction(b, a, 1 - x)) / b
}

function betaFraction(a: number, b: number, x: number): number {
  let c = 1
  let d = 1 / nonZero(1 - ((a + b) * x) / (a + 1))
  let fraction = d
  for (let n = 1; n < mostSteps; n++) {
    const even = (n * (b - n) * x) / ((a + 2 * n - 1) * (a + 2 * n))
    d = 1 / nonZero(1 + even * d)
    c = nonZero(1 + even / c)
    fraction *= c * d
    const odd = (-(a + n) * (a + b + n) * x) / ((a + 2 * n) * (a + 2 * n + 1))
    d = 1 / nonZero(1 + odd * d)
    c = nonZero(1 + odd / c)
    fraction *= c * d
    if (Math.abs(c * d - 1) < epsilon) break
  }
  return fraction
}
