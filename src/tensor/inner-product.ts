import type { Matrix } from './matrix.js'

/**
 * `out[r] = <matrix row r, query>` for every row, summed in double precision in four strands
 * (some 1.3 ns per multiply-add: bench/exact-index.ts).
 */
export function innerProducts(matrix: Matrix, query: Float32Array, out: Float32Array): void {
  for (let r = 0, at = 0; r < matrix.rows; r++, at += matrix.columns) {
    out[r] = innerProduct(matrix.values, at, query)
  }
}

/** `out[j] = <matrix row rows[j], query>` for the given rows. */
export function innerProductsOf(
  matrix: Matrix,
  rows: Int32Array,
  query: Float32Array,
  out: Float32Array,
): void {
  for (let j = 0; j < rows.length; j++) out[j] = innerProduct(matrix.values, rows[j]! * matrix.columns, query)
}

/** `<values[at .. at + query.length), query>` in double precision. */
export function innerProduct(values: Float32Array, at: number, query: Float32Array): number {
  const width = query.length
  let a = 0
  let b = 0
  let c = 0
  let d = 0
  let i = 0
  for (; i + 4 <= width; i += 4) {
    a += values[at + i]! * query[i]!
    b += values[at + i + 1]! * query[i + 1]!
    c += values[at + i + 2]! * query[i + 2]!
    d += values[at + i + 3]! * query[i + 3]!
  }
  for (; i < width; i++) a += values[at + i]! * query[i]!
  return a + b + (c + d)
}
