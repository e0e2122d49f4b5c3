/** Rows of different lengths in one array (CSR): row r is `values[offsets[r] .. offsets[r + 1])`. */
export interface RaggedInt32 {
  /** `rows + 1` ascending positions in `values`. */
  readonly offsets: Int32Array
  readonly values: Int32Array
}

/** Weighted rows of different lengths, a sparse matrix (CSR). */
export interface SparseMatrix {
  readonly offsets: Int32Array
  readonly columns: Int32Array
  readonly weights: Float32Array
}

export function raggedRow(ragged: RaggedInt32, index: number): Int32Array {
  return ragged.values.subarray(ragged.offsets[index], ragged.offsets[index + 1])
}
