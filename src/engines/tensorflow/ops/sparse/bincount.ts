/** How often each value occurs in each row, of rows that are given as a sparse or a ragged tensor. */

import type { NumericType } from '../../../../tensor/dtype.js'
import { roundAllTo } from '../../../../tensor/float16.js'
import { type Tensor, tensor } from '../../../../tensor/tensor.js'
import type { AnyTensor, Kernel } from '../../op.js'
import { spend } from '../../run-limits.js'
import { inputAt, invalid, requireScalar, shapeText, toInteger, toIntegers } from '../array/arguments.js'
import { isBig, type NumberArray } from '../array/combine.js'
import { newData } from '../new-data.js'
import { readSplits, rowIdsOf } from '../ragged/row-partition.js'
import { readCoordinates, readDenseShape, requireWithin } from './sparse-tensor.js'

interface Counted {
  readonly values: AnyTensor
  readonly size: AnyTensor
  /** Empty: one each. */
  readonly weights: AnyTensor
  /** The row of value i at `rowOf[i * step]`. */
  readonly rowOf: ArrayLike<number>
  readonly step: number
  /** Undefined: all of it is one row, and the result a vector. */
  readonly rows: number | undefined
  /** Whether a value occurs rather than how often. */
  readonly isBinary: boolean
}

/** Values from `size` up are not counted. */
function countRows({ values, size: sizeInput, weights, rowOf, step, rows, isBinary }: Counted): AnyTensor {
  const size = toInteger(requireScalar(sizeInput, 'size'), 'size')
  if (size < 0) throw invalid(`size (${size}) must be non-negative`)
  const { dtype, data } = requireNumbers(weights)
  const numbers = toIntegers(values)
  if (weights.shape.some((each) => each > 0) && data.length !== numbers.length) {
    const shapes = `${shapeText(weights.shape)} and ${shapeText(values.shape)}`
    throw invalid(`Weights and values must have the same size, got shapes ${shapes}`)
  }
  const shape = rows === undefined ? [size] : [rows, size]
  const out = newData<NumericType>(dtype, shape)
  const isWeighted = data.length > 0 && !isBinary
  const totals = out as NumberArray
  const one = (isBig(out) ? 1n : 1) as number
  for (let i = 0; i < numbers.length; i++) {
    spend(1)
    const value = numbers[i]!
    if (value < 0) throw invalid('Input must be non-negative')
    if (value >= size) continue
    const at = rows === undefined ? value : rowOf[i * step]! * size + value
    const weight = isWeighted ? (data[i] as number) : one
    totals[at] = isBinary ? one : totals[at]! + weight
  }
  return tensor(dtype, shape, roundAllTo(dtype, out) as typeof out)
}

function requireNumbers(weights: AnyTensor): Tensor<NumericType> {
  if (weights.dtype === 'string' || weights.dtype === 'bool')
    throw invalid(`weights are numbers, got ${weights.dtype}`)
  return weights
}

/** In each row of the first dimension, or in a vector. */
export const sparseBincount: Kernel = (inputs, { attrs }) => {
  const coordinates = readCoordinates(inputAt(inputs, 0))
  const values = inputAt(inputs, 1)
  const shape = readDenseShape(inputAt(inputs, 2))
  const { at, count, rank } = coordinates
  if (shape.length !== rank || rank === 0) {
    throw invalid(`indices of rank ${rank} do not fit a dense shape ${shapeText(shape)} of rank 1 at least`)
  }
  if (values.shape.length !== 1 || values.shape[0] !== count) {
    throw invalid(`${count} values were expected, one per index, got shape ${shapeText(values.shape)}`)
  }
  const rows = rank === 1 ? undefined : shape[0]!
  requireWithin(coordinates, shape)
  const isBinary = attrs.bool('binary_output', false)
  return [
    countRows({
      values,
      size: inputAt(inputs, 3),
      weights: inputAt(inputs, 4),
      rowOf: at,
      step: rank,
      rows,
      isBinary,
    }),
  ]
}

export const raggedBincount: Kernel = (inputs, { attrs }) => {
  const values = inputAt(inputs, 1)
  const splits = readSplits(inputAt(inputs, 0), values.shape[0] ?? 0)
  return [
    countRows({
      values,
      size: inputAt(inputs, 2),
      weights: inputAt(inputs, 3),
      rowOf: rowIdsOf(splits),
      step: 1,
      rows: splits.length - 1,
      isBinary: attrs.bool('binary_output', false),
    }),
  ]
}
