/** Choosing among the values of a row: the best, the n-th, whether one is among the best. */

import type { NumericType, TypedArray } from '../../../../tensor/dtype.js'
import type { Tensor } from '../../../../tensor/tensor.js'
import { topK } from '../../../../tensor/top-k.js'
import type { AnyTensor, Kernel, OpContext } from '../../op.js'
import { blockElements, spend } from '../../run-limits.js'
import { newData, newLike } from '../new-data.js'
import { expectRank, floatInput, integerInput, numericInput, refuse, zeros } from './inputs.js'
import type { FloatArray } from './matrix-view.js'
import { placesInOrder, selectNth } from './order.js'
import { arrayLike } from './strided.js'

/** TopKV2: the count is an input. */
export const topKV2: Kernel = (inputs, context) => largest(inputs, integerInput(inputs, 1, context), context)

/** TopK, of old graphs: the count is an attribute. */
export const topKOfAttribute: Kernel = (inputs, context) => largest(inputs, context.attrs.int('k'), context)

/** The k largest of each row and where they are; of equal ones the first, NaN before all. */
function largest(inputs: readonly AnyTensor[], k: number, context: OpContext): readonly AnyTensor[] {
  const input = ordered(numericInput(inputs, 0, context), context)
  const { dtype, shape, data } = input
  const width = shape.at(-1)!
  if (k < 0) refuse(context, `Need k >= 0, got ${k}`)
  if (width < k) refuse(context, `input must have at least k columns. Had ${width}, needed ${k}`)
  const outShape = [...shape.slice(0, -1), k]
  const values = zeros(dtype, outShape).data
  const indexType = context.attrs.type('index_type', 'int32')
  if (indexType !== 'int32' && indexType !== 'int64' && indexType !== 'int16') {
    return refuse(context, `index_type is ${indexType}`)
  }
  const indices = zeros(indexType, outShape)
  const chosen = indices.data as Int32Array
  const rows = width === 0 ? 0 : data.length / width
  for (let r = 0; r < rows; r++) {
    spend(width)
    const row = data.subarray(r * width, (r + 1) * width)
    const best = bestOf(row, k)
    for (let j = 0; j < k; j++) {
      values[r * k + j] = row[best[j]!]!
      chosen[r * k + j] = (indexType === 'int64' ? BigInt(best[j]!) : best[j]!) as number
    }
  }
  return [{ dtype, shape: outShape, data: values }, indices]
}

function bestOf(row: TypedArray, k: number): Int32Array {
  const isFloat = row instanceof Float32Array || row instanceof Float64Array
  if (isFloat && k <= blockElements && !row.includes(Number.NaN)) return bestFloats(row, k)
  return placesInOrder(row).subarray(0, k)
}

/** Block by block: what has been best so far comes before the next block, so of equal ones the first stays. */
function bestFloats(row: FloatArray, k: number): Int32Array {
  let best = topK(row.subarray(0, blockElements), k)
  const both = newLike(row, Math.min(row.length, k + blockElements))
  for (let from = blockElements; from < row.length; from += blockElements) {
    spend(blockElements)
    const block = row.subarray(from, from + blockElements)
    const known = best.indices
    both.set(best.scores)
    both.set(block, known.length)
    const { indices, scores } = topK(both.subarray(0, known.length + block.length), k)
    best = {
      scores,
      indices: indices.map((i) => (i < known.length ? known[i]! : from + i - known.length)),
    }
  }
  return best.indices
}

/** The value that would be at place n if each row were sorted. */
export const nthElement: Kernel = (inputs, context) => {
  const { dtype, shape, data } = ordered(numericInput(inputs, 0, context), context)
  const width = shape.at(-1)!
  const given = integerInput(inputs, 1, context)
  if (given < 0) refuse(context, `n must be non-negative, got ${given}`)
  if (given >= width) refuse(context, `Input must have at least n+1 columns: it has ${width}, n is ${given}`)
  const n = context.attrs.bool('reverse', false) ? width - 1 - given : given
  const out = arrayLike(data, data.length / width)
  for (let r = 0; r < out.length; r++) {
    const row = newLike(data, width) as FloatArray
    row.set(data.subarray(r * width, (r + 1) * width) as FloatArray)
    out[r] = selectNth(row, n)
  }
  return [{ dtype, shape: shape.slice(0, -1), data: out }]
}

/** InTopK and V2: whether the target class is among the k largest, ties included; false where a value is not finite. */
export const inTopK: Kernel = (inputs, context) => {
  const predictions = floatInput(inputs, 0, context)
  const targets = numericInput(inputs, 1, context)
  const k = context.op === 'InTopK' ? context.attrs.int('k') : integerInput(inputs, 2, context)
  expectRank(predictions, 2, 'predictions', context)
  expectRank(targets, 1, 'targets', context)
  const [rows, width] = predictions.shape as [number, number]
  if (targets.shape[0] !== rows) {
    refuse(context, `First dimension of predictions ${rows} must match length of targets ${targets.shape[0]}`)
  }
  const out = newData('bool', [rows])
  for (let r = 0; r < rows; r++) {
    spend(width)
    out[r] = Number(
      isAmongBest(predictions.data.subarray(r * width, (r + 1) * width), Number(targets.data[r]), k),
    )
  }
  return [{ dtype: 'bool', shape: [rows], data: out }]
}

function isAmongBest(row: Float32Array | Float64Array, target: number, k: number): boolean {
  const score = row[target]
  if (score === undefined || !Number.isFinite(score)) return false
  let better = 0
  for (const other of row) {
    if (!Number.isFinite(other)) return false
    // TensorFlow stops here: what comes later may be anything.
    if (other > score && ++better > k) return false
  }
  return better < k
}

function ordered(input: Tensor<NumericType>, context: OpContext): Tensor<NumericType> {
  if (input.shape.length < 1) refuse(context, 'input must be >= 1-D, got shape []')
  if (input.dtype.startsWith('complex')) refuse(context, `input 0 is ${input.dtype}, which has no order`)
  return input
}
