import type { Matrix } from '../tensor/matrix.js'

/** `out[r] = -|matrix row r - query|²` for every row, summed in double precision in two strands. */
export function negativeSquaredDistances(matrix: Matrix, query: Float32Array, out: Float32Array): void {
  const { values, columns } = matrix
  for (let r = 0, at = 0; r < matrix.rows; r++, at += columns) {
    let a = 0
    let b = 0
    let i = 0
    for (; i + 2 <= columns; i += 2) {
      const x = values[at + i]! - query[i]!
      const y = values[at + i + 1]! - query[i + 1]!
      a -= x * x
      b -= y * y
    }
    if (i < columns) a -= (values[at + i]! - query[i]!) ** 2
    out[r] = a + b
  }
}
