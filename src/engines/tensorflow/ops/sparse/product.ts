/** A sparse matrix times a dense one. */

import { RecserveError } from '../../../../core/errors.js'
import type { NumericType } from '../../../../tensor/dtype.js'
import { roundAllTo } from '../../../../tensor/float16.js'
import { isComplex, type Tensor, tensor } from '../../../../tensor/tensor.js'
import type { AnyTensor, Kernel, OpTable } from '../../op.js'
import { spend } from '../../run-limits.js'
import { inputAt, invalid, shapeText } from '../array/arguments.js'
import type { NumberArray } from '../array/combine.js'
import { newData } from '../new-data.js'
import { readSparse, type SparseTensor } from './sparse-tensor.js'

/** Entry i adds its value times row `inner[i]` of the dense matrix to row `rows[i]` of the product. */
interface Terms {
  readonly rows: Int32Array
  readonly inner: Int32Array
  readonly columns: number
  /** Steps in the dense matrix, in elements. */
  readonly rowStep: number
  readonly columnStep: number
  /** Whether complex numbers are conjugated. */
  readonly isAdjoint: boolean
  readonly isDenseAdjoint: boolean
}

const product: Kernel = (inputs, { attrs }) => {
  const sparse = readSparse(inputAt(inputs, 0), inputAt(inputs, 1), inputAt(inputs, 2))
  const dense = requireMatrix(inputAt(inputs, 3), sparse)
  const isAdjoint = attrs.bool('adjoint_a', false)
  const isDenseAdjoint = attrs.bool('adjoint_b', false)
  if (sparse.rank !== 2) throw invalid("Tensor 'a_shape' must have 2 elements")
  const [rows, inner] = (isAdjoint ? sparse.shape.toReversed() : sparse.shape) as [number, number]
  const [denseRows, columns] = (isDenseAdjoint ? dense.shape.toReversed() : dense.shape) as [number, number]
  if (inner !== denseRows) {
    const sizes = `${inner} vs. ${denseRows}.  Did you forget a transpose?`
    const shapes = `Dimensions of A: [${rows}, ${inner}).  Dimensions of B: [${denseRows}, ${columns})`
    throw invalid(`Cannot multiply A and B because inner dimension does not match: ${sizes}  ${shapes}`)
  }
  const { dtype } = dense
  const out = newData<NumericType>(dtype, [rows, columns])
  addTermsOf(dtype)(sparse.values.data as NumberArray, dense.data as NumberArray, out as NumberArray, {
    rows: entriesOf(sparse, isAdjoint ? 1 : 0, 'm'),
    inner: entriesOf(sparse, isAdjoint ? 0 : 1, 'k'),
    columns,
    rowStep: isDenseAdjoint ? 1 : columns,
    columnStep: isDenseAdjoint ? denseRows : 1,
    isAdjoint,
    isDenseAdjoint,
  })
  return [tensor(dtype, [rows, columns], roundAllTo(dtype, out) as typeof out)]
}

function requireMatrix(dense: AnyTensor, { values }: SparseTensor): Tensor<NumericType> {
  if (dense.shape.length !== 2) throw invalid(`Tensor 'b' is not a matrix: ${shapeText(dense.shape)}`)
  if (dense.dtype === 'string' || dense.dtype !== values.dtype)
    throw invalid(`two of one dtype of numbers were expected, got ${values.dtype} and ${dense.dtype}`)
  return dense
}

/** One coordinate of every entry, within bounds. */
function entriesOf({ at, count, shape }: SparseTensor, d: number, name: string): Int32Array {
  const indices = newData('int32', [count])
  for (let i = 0; i < count; i++) {
    spend(1)
    const index = at[2 * i + d]!
    if (!(index >= 0 && index < shape[d]!)) {
      throw invalid(`${name} (${index}) from index[${i},${d}] out of bounds (>=${shape[d]})`)
    }
    indices[i] = index
  }
  return indices
}

type AddTerms = (values: NumberArray, dense: NumberArray, out: NumberArray, terms: Terms) => void

function addTermsOf(dtype: NumericType): AddTerms {
  if (isComplex(dtype)) return addComplexTerms
  if (/float/.test(dtype)) return addFloatTerms
  if (dtype === 'int32') return addIntegerTerms
  throw new RecserveError('unimplemented', `SparseTensorDenseMatMul takes no ${dtype}`)
}

const addFloatTerms: AddTerms = (values, dense, out, { rows, inner, columns, rowStep, columnStep }) => {
  for (let i = 0; i < rows.length; i++) {
    spend(columns)
    const value = values[i]!
    const from = inner[i]! * rowStep
    const to = rows[i]! * columns
    for (let j = 0; j < columns; j++) out[to + j]! += value * dense[from + j * columnStep]!
  }
}

/** A product of two 32-bit integers does not fit a double. */
const addIntegerTerms: AddTerms = (values, dense, out, { rows, inner, columns, rowStep, columnStep }) => {
  for (let i = 0; i < rows.length; i++) {
    spend(columns)
    const value = values[i]!
    const from = inner[i]! * rowStep
    const to = rows[i]! * columns
    for (let j = 0; j < columns; j++) out[to + j]! += Math.imul(value, dense[from + j * columnStep]!)
  }
}

const addComplexTerms: AddTerms = (values, dense, out, terms) => {
  const { rows, inner, columns, rowStep, columnStep, isAdjoint, isDenseAdjoint } = terms
  for (let i = 0; i < rows.length; i++) {
    spend(2 * columns)
    const a = values[2 * i]!
    const b = isAdjoint ? -values[2 * i + 1]! : values[2 * i + 1]!
    for (let j = 0; j < columns; j++) {
      const from = 2 * (inner[i]! * rowStep + j * columnStep)
      const to = 2 * (rows[i]! * columns + j)
      const c = dense[from]!
      const d = isDenseAdjoint ? -dense[from + 1]! : dense[from + 1]!
      out[to]! += a * c - b * d
      out[to + 1]! += a * d + b * c
    }
  }
}

export const productOps: OpTable = { SparseTensorDenseMatMul: { kernel: product } }
