/** How often each value occurs, as a sparse tensor: nothing is kept of what never does. The ops behind `tf.sparse.bincount`. */

import type { NumericType } from '../../../../tensor/dtype.js'
import type { Tensor } from '../../../../tensor/tensor.js'
import type { AnyTensor, Attributes, Kernel, OpTable } from '../../op.js'
import { spend } from '../../run-limits.js'
import { inputAt, invalid, sameShape, shapeText, toIntegers } from '../array/arguments.js'
import { newData, newScratch } from '../new-data.js'
import { readSplits, rowIdsOf } from '../ragged/row-partition.js'
import { newFilled } from '../segment/limits.js'
import { toSums } from './reduction.js'
import { type Coordinates, readSparse, requireWithin, takeElements, takeEntries } from './sparse-tensor.js'

interface Counted {
  readonly values: AnyTensor
  /** Empty: one each. */
  readonly weights: AnyTensor
  /** The row of value i at `rowOf[i * step]`; undefined: all of it is one row, and the result a vector. */
  readonly rowOf: ArrayLike<number> | undefined
  readonly step: number
  readonly rows: number
}

function count({ values, weights, rowOf, step, rows }: Counted, attrs: Attributes): readonly AnyTensor[] {
  const numbers = toIntegers(values)
  const rank = rowOf ? 2 : 1
  const limit = attrs.int('maxlength', -1)
  const at = newScratch(rank * numbers.length)
  const picks = newData('int32', [numbers.length])
  let kept = 0
  // Without values, too, there is room for one.
  let largest = 0
  for (let i = 0; i < numbers.length; i++) {
    spend(rank)
    const value = numbers[i]!
    if (value < 0) throw invalid(`Input values must all be non-negative, got ${value}`)
    if (limit >= 0 && value >= limit) continue
    largest = Math.max(largest, value)
    if (rowOf) at[i * rank] = rowOf[i * step]!
    at[i * rank + rank - 1] = value
    picks[kept++] = i
  }
  const counted = picks.subarray(0, kept)
  const width = limit >= 0 ? limit : Math.max(largest + 1, attrs.int('minlength', -1))
  const entries: Coordinates = takeEntries({ at, count: numbers.length, rank }, counted)
  const isBinary = attrs.bool('binary_output', false)
  const sums = weighted(weights, values.shape, { counted, isBinary })
  return toSums({ ...entries, shape: rowOf ? [rows, width] : [width] }, sums, isBinary ? 'max' : 'add')
}

/** What each value that is counted adds. */
function weighted(
  weights: AnyTensor,
  shape: readonly number[],
  { counted, isBinary }: { readonly counted: Int32Array; readonly isBinary: boolean },
): Tensor<NumericType> {
  const { dtype } = weights
  if (dtype === 'string' || dtype === 'bool') throw invalid(`weights are numbers, got ${dtype}`)
  const hasWeights = weights.shape.some((size) => size > 0)
  if (hasWeights && !sameShape(weights.shape, shape)) {
    const shapes = `Weight shape: ${shapeText(weights.shape)} Value shape: ${shapeText(shape)}`
    throw invalid(`Weights and values must have the same shape. ${shapes}`)
  }
  if (hasWeights && !isBinary) {
    const flat = { ...weights, shape: [weights.data.length] } as AnyTensor
    return takeElements(flat, counted) as Tensor<NumericType>
  }
  const ones = [counted.length]
  return { dtype, shape: ones, data: newFilled(dtype, ones, 1) } as Tensor<NumericType>
}

/** Of a vector, or of each row of a matrix. */
const dense: Kernel = (inputs, { attrs }) => {
  const [values, weights] = [inputAt(inputs, 0), inputAt(inputs, 1)]
  const [rows, width] = values.shape
  if (rows === undefined || values.shape.length > 2) {
    throw invalid(`Input must be a 1 or 2-dimensional tensor. Got: ${values.shape.length}`)
  }
  if (width === undefined) return count({ values, weights, rowOf: undefined, step: 1, rows }, attrs)
  if (rows === 0) throw invalid('Invalid input: Shapes dimension cannot be 0.')
  const rowOf = newScratch(rows * width)
  for (let row = 0; row < rows; row++) {
    spend(width + 1)
    rowOf.fill(row, row * width, (row + 1) * width)
  }
  return count({ values, weights, rowOf, step: 1, rows }, attrs)
}

/** Of a sparse vector, or of each row along the first dimension. */
const sparse: Kernel = (inputs, { attrs }) => {
  const tensor = readSparse(inputAt(inputs, 0), inputAt(inputs, 1), inputAt(inputs, 2))
  const { at, rank, shape, values } = tensor
  requireWithin(tensor, shape)
  const rows = shape[0]
  if (rows === undefined) throw invalid('Dense shape must have at least one dimension')
  return count(
    { values, weights: inputAt(inputs, 3), rowOf: rank === 1 ? undefined : at, step: rank, rows },
    attrs,
  )
}

const ragged: Kernel = (inputs, { attrs }) => {
  const values = inputAt(inputs, 1)
  const splits = readSplits(inputAt(inputs, 0), values.shape[0] ?? 0)
  const rowOf = rowIdsOf(splits)
  return count({ values, weights: inputAt(inputs, 2), rowOf, step: 1, rows: splits.length - 1 }, attrs)
}

export const countOps: OpTable = {
  DenseCountSparseOutput: { kernel: dense },
  SparseCountSparseOutput: { kernel: sparse },
  RaggedCountSparseOutput: { kernel: ragged },
}
