/** A dense row-major float32 matrix: row r is `values.subarray(r * columns, (r + 1) * columns)`. */
export interface Matrix {
  readonly rows: number
  readonly columns: number
  readonly values: Float32Array
}

export function row(matrix: Matrix, index: number): Float32Array {
  return matrix.values.subarray(index * matrix.columns, (index + 1) * matrix.columns)
}
