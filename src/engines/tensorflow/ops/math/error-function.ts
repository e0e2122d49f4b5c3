/** The error function, its complement and their inverses, in double precision. */

/**
 * erf by the rational approximations of FreeBSD's `s_erf.c` (Sun Microsystems 1993): error below 1 ulp.
 */
export function erf(x: number): number {
  const size = Math.abs(x)
  if (size < 0.84375) return x + x * nearZero(x * x)
  if (!(size < 6)) return Math.sign(x)
  const value = size < 1.25 ? atOne + nearOne(size - 1) : 1 - tail(size)
  return x < 0 ? -value : value
}

export function erfc(x: number): number {
  const size = Math.abs(x)
  if (size < 0.25) return 1 - (x + x * nearZero(x * x))
  if (size < 0.84375) return x > 0 ? 0.5 - (x - 0.5 + x * nearZero(x * x)) : 1 - (x + x * nearZero(x * x))
  if (size < 1.25) return x > 0 ? 1 - atOne - nearOne(size - 1) : 1 + (atOne + nearOne(size - 1))
  if (size < 28) return x > 0 ? tail(size) : 2 - tail(size)
  if (Number.isNaN(size)) return size
  return x > 0 ? 0 : 2
}

/** erf(1), to single precision. */
const atOne = 0.8450629115104675
const pp = [
  0.12837916709551256, -0.3250421072470015, -0.02848174957559851, -0.005770270296489442,
  -2.3763016656650163e-5,
]
const qq = [
  1, 0.39791722395915535, 0.0650222499887673, 0.005081306281875766, 0.00013249473800432164,
  -3.960228278775368e-6,
]
const pa = [
  -0.0023621185607526594, 0.41485611868374833, -0.3722078760357013, 0.31834661990116175, -0.11089469428239668,
  0.035478304325618236, -0.002166375594868791,
]
const qa = [
  1, 0.10642088040084423, 0.540397917702171, 0.07182865441419627, 0.12617121980876164, 0.01363708391202905,
  0.011984499846799107,
]
const ra = [
  -0.009864944034847148, -0.6938585727071818, -10.558626225323291, -62.375332450326006, -162.39666946257347,
  -184.60509290671104, -81.2874355063066, -9.814329344169145,
]
const sa = [
  1, 19.651271667439257, 137.65775414351904, 434.56587747522923, 645.3872717332679, 429.00814002756783,
  108.63500554177944, 6.570249770319282, -0.0604244152148581,
]
const rb = [
  -0.0098649429247001, -0.799283237680523, -17.757954917754752, -160.63638485582192, -637.5664433683896,
  -1025.0951316110772, -483.5191916086514,
]
const sb = [
  1, 30.33806074348246, 325.7925129965739, 1536.729586084437, 3199.8582195085955, 2553.0504064331644,
  474.52854120695537, -22.44095244658582,
]

function polynomial(coefficients: readonly number[], x: number): number {
  let value = 0
  for (let i = coefficients.length - 1; i >= 0; i--) value = value * x + coefficients[i]!
  return value
}

/** (erf(x) - x) / x, by the square of x. */
function nearZero(square: number): number {
  return polynomial(pp, square) / polynomial(qq, square)
}

/** erf(1 + s) - erf(1). */
function nearOne(s: number): number {
  return polynomial(pa, s) / polynomial(qa, s)
}

const single = new Float32Array(1)
const singleBits = new Int32Array(single.buffer)

/** erfc of x from 1.25 up. */
function tail(x: number): number {
  const s = 1 / (x * x)
  const [r, q] = x < 1 / 0.35 ? [ra, sa] : [rb, sb]
  // exp(-x * x) in two factors: the square of a short number is exact.
  single[0] = x
  singleBits[0]! &= ~0xfff
  const short = single[0]
  return (
    (Math.exp(-short * short - 0.5625) *
      Math.exp((short - x) * (short + x) + polynomial(r, s) / polynomial(q, s))) /
    x
  )
}

/** The inverse of erf: Giles' single-precision approximation (2010), made exact by Halley's method. */
export function erfinv(x: number): number {
  const size = Math.abs(x)
  if (!(size < 1)) return size === 1 ? x * Number.POSITIVE_INFINITY : Number.NaN
  if (size < 1e-8) return (x * Math.sqrt(Math.PI)) / 2
  let z = Math.abs(giles(size))
  for (let step = 0; step < 8; step++) {
    // Near 1 the difference of complements keeps the digits that the difference of values loses.
    const error = size < 0.5 ? erf(z) - size : 1 - size - erfc(z)
    const ratio = (error / 2) * Math.sqrt(Math.PI) * Math.exp(z * z)
    z -= ratio / (1 + z * ratio)
    if (Math.abs(ratio) < 1e-8) break
  }
  return x < 0 ? -z : z
}

const central = [
  1.50140941, 0.246640727, -0.00417768164, -0.00125372503, 0.00021858087, -4.39150654e-6, -3.5233877e-6,
  3.43273939e-7, 2.81022636e-8,
]
const outer = [
  2.83297682, 1.00167406, 0.00943887047, -0.0076224613, 0.00573950773, -0.00367342844, 0.00134934322,
  0.000100950558, -0.000200214257,
]

function giles(x: number): number {
  const w = -Math.log((1 - x) * (1 + x))
  return x * (w < 5 ? polynomial(central, w - 2.5) : polynomial(outer, Math.sqrt(w) - 3))
}

/** The quantile function of the normal distribution: erfinv, but exact in the lower tail too. */
export function ndtri(p: number): number {
  if (!(p > 0 && p < 1))
    return p === 0 ? Number.NEGATIVE_INFINITY : p === 1 ? Number.POSITIVE_INFINITY : Number.NaN
  if (p > 0.5) return p < 0.75 ? Math.SQRT2 * erfinv(2 * p - 1) : -ndtri(1 - p)
  if (p > 0.25) return Math.SQRT2 * erfinv(2 * p - 1)
  // The tail's leading terms: p is about exp(-z * z / 2) / (z * sqrt(2 pi)).
  const t = Math.sqrt(-2 * Math.log(p))
  let z = t - (2.30753 + 0.27061 * t) / (1 + 0.99229 * t + 0.04481 * t * t)
  for (let step = 0; step < 8; step++) {
    const ratio = (erfc(z / Math.SQRT2) / 2 - p) * Math.sqrt(2 * Math.PI) * Math.exp((z * z) / 2)
    z += ratio / (1 - (z * ratio) / 2)
    if (Math.abs(ratio) < 1e-8) break
  }
  return -z
}
