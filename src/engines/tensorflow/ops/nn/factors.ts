/** Gaussian elimination with row exchanges, in double precision. */
import { spend } from '../../run-limits.js'

export interface Square {
  readonly size: number
  /** Row-major. */
  readonly data: Float64Array
}

/** Both triangles of the elimination in one matrix, and the order of the rows. */
export interface Factors extends Square {
  readonly order: Int32Array
  /** 1 or -1: whether the number of exchanges is even. */
  readonly parity: number
}

/** Takes the matrix over. A pivot of 0 stays where the matrix is singular. */
export function factorize({ size, data }: Square): Factors {
  const order = Int32Array.from({ length: size }, (_, i) => i)
  let parity = 1
  for (let step = 0; step < size; step++) {
    const pivot = pivotOf(data, size, step)
    if (pivot !== step) {
      exchangeRows(data, size, step, pivot)
      exchangeRows(order, 1, step, pivot)
      parity = -parity
    }
    const divisor = data[step * size + step]!
    for (let row = step + 1; row < size && divisor !== 0; row++) {
      spend(size - step)
      const factor = data[row * size + step]! / divisor
      data[row * size + step] = factor
      for (let c = step + 1; c < size; c++) data[row * size + c]! -= factor * data[step * size + c]!
    }
  }
  return { size, data, order, parity }
}

/** The row, from `step` on, with the largest entry in that column. */
function pivotOf(data: Float64Array, size: number, step: number): number {
  let best = step
  spend(size - step)
  for (let row = step + 1; row < size; row++) {
    if (Math.abs(data[row * size + step]!) > Math.abs(data[best * size + step]!)) best = row
  }
  return best
}

function exchangeRows(data: Float64Array | Int32Array, width: number, a: number, b: number): void {
  for (let c = 0; c < width; c++) {
    const kept = data[a * width + c]!
    data[a * width + c] = data[b * width + c]!
    data[b * width + c] = kept
  }
}

/** Turns `right`, of `columns` right sides, into the solutions. */
export function solve(factors: Factors, right: Float64Array, columns: number): void {
  const { size, data, order } = factors
  const given = right.slice()
  for (let i = 0; i < size; i++) {
    right.set(given.subarray(order[i]! * columns, (order[i]! + 1) * columns), i * columns)
  }
  // The lower factor has ones on its diagonal, which are not stored.
  for (let i = 0; i < size; i++) {
    for (let k = 0; k < i; k++) subtractRow(right, columns, { from: k, to: i, factor: data[i * size + k]! })
  }
  solveTriangular(factors, right, { columns, lower: false })
}

/** Turns `right` into the solutions, reading one triangle of the matrix and its diagonal. */
export function solveTriangular(
  { size, data }: Square,
  right: Float64Array,
  { columns, lower }: { columns: number; lower: boolean },
): void {
  for (let n = 0; n < size; n++) {
    const i = lower ? n : size - 1 - n
    const [first, end] = lower ? [0, i] : [i + 1, size]
    for (let k = first; k < end; k++)
      subtractRow(right, columns, { from: k, to: i, factor: data[i * size + k]! })
    for (let c = 0; c < columns; c++) right[i * columns + c]! /= data[i * size + i]!
  }
}

function subtractRow(
  rows: Float64Array,
  columns: number,
  { from, to, factor }: { from: number; to: number; factor: number },
): void {
  spend(columns)
  for (let c = 0; c < columns; c++) rows[to * columns + c]! -= factor * rows[from * columns + c]!
}

export function determinantOf({ size, data, parity }: Factors): {
  product: number
  sign: number
  logAbsolute: number
} {
  let product = parity
  let sign = parity
  let logAbsolute = 0
  for (let i = 0; i < size; i++) {
    const pivot = data[i * size + i]!
    product *= pivot
    sign *= Math.sign(pivot)
    logAbsolute += Math.log(Math.abs(pivot))
  }
  return { product, sign, logAbsolute }
}
