import type { TypedArray, TypedArrayOf } from '../../../../tensor/dtype.js'

export type FloatArray = TypedArrayOf<'float32' | 'float64'>

/** A matrix within an array: element (r, c) is `data[at + r * rowStep + c * columnStep]`, in elements (not halves of complex ones). */
export interface MatrixView {
  readonly data: TypedArray
  readonly at: number
  readonly rowStep: number
  readonly columnStep: number
  /** Whether complex elements are to be read as their conjugates. */
  readonly conjugate?: boolean
}
