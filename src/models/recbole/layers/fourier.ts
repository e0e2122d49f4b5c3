/** Discrete Fourier transforms of short real series as products with constant matrices, of a band of frequencies. */
import { type Tensor, tensor } from '../../../tensor/tensor.js'

/**
 * Real and imaginary parts of the frequencies, one below the other: X[f] = Σ_t x[t] e^(−2πi·f·t/length).
 * @returns float32 [2 · frequencies, length]
 */
export function forwardTransform(frequencies: readonly number[], length: number): Tensor<'float32'> {
  const parts = [cosine, (f: number, t: number, n: number) => -sine(f, t, n)]
  const rows = parts.flatMap((part) => frequencies.map((f) => series(length, (t) => part(f, t, length))))
  return matrix(rows, length)
}

/**
 * The real series of which the frequencies are a part, the others being zero: what PyTorch's `irfft` gives,
 * which looks at the real part alone of the first frequency and of the one at half the length.
 * @param length even
 * @returns float32 [2 · frequencies, length], to be multiplied with rows of real, then imaginary parts
 */
export function inverseTransform(frequencies: readonly number[], length: number): Tensor<'float32'> {
  const real = frequencies.map((f) =>
    series(length, (t) => (share(f, length) * cosine(f, t, length)) / length),
  )
  const imaginary = frequencies.map((f) =>
    series(length, (t) => (share(f, length) === 1 ? 0 : (-2 * sine(f, t, length)) / length)),
  )
  return matrix([...real, ...imaginary], length)
}

/**
 * What is left of a series of an even length when all other frequencies are taken away: there and back again.
 * @returns float32 [length, length], to be multiplied with columns of series
 */
export function bandPass(frequencies: readonly number[], length: number): Tensor<'float32'> {
  const kernel = series(length, (t) =>
    frequencies.reduce((sum, f) => sum + (share(f, length) * cosine(f, t, length)) / length, 0),
  )
  const rows = Array.from({ length }, (_, t) => series(length, (s) => kernel[(t - s + length) % length]!))
  return matrix(rows, length)
}

/** How often a frequency stands in the whole spectrum of a real series: with its mirror image, or alone. */
const share = (frequency: number, length: number): number =>
  frequency === 0 || 2 * frequency === length ? 1 : 2

// The angle is reduced first: exact, where 2π·f·t would lose digits.
const angle = (f: number, t: number, length: number): number => (2 * Math.PI * ((f * t) % length)) / length
const cosine = (f: number, t: number, length: number): number => Math.cos(angle(f, t, length))
const sine = (f: number, t: number, length: number): number => Math.sin(angle(f, t, length))

const series = (length: number, at: (t: number) => number): Float64Array =>
  Float64Array.from({ length }, (_, t) => at(t))

function matrix(rows: readonly Float64Array[], columns: number): Tensor<'float32'> {
  const values = new Float32Array(rows.length * columns)
  for (const [r, row] of rows.entries()) values.set(row, r * columns)
  return tensor('float32', [rows.length, columns], values)
}
