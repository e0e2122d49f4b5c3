/** Counting of values: by value, by bin, by boundary. */

import type { AnyTensor, Kernel, OpContext } from '../../op.js'
import { spend } from '../../run-limits.js'
import { newData, newScratch } from '../new-data.js'
import {
  integerAt,
  type LongArray,
  type NumberArray,
  numericAt,
  refuse,
  refuseType,
  result,
} from './arguments.js'
import { eachPiece } from './blocks.js'

/** How often each value below `size` occurs, or the sum of its weights; values from `size` up are not counted. */
export const bincount: Kernel = (inputs, context) => [count(inputs, 0, context)]

/** As Bincount, and for a matrix row by row; with `binary_output` whether a value occurs. */
export const denseBincount: Kernel = (inputs, context) => {
  const { shape } = numericAt(inputs, 0, context)
  if (shape.length > 2) refuse(context, `Shape must be at most rank 2 but is rank ${shape.length}`)
  return [count(inputs, shape.length === 2 ? shape[0]! : 0, context)]
}

/** @param rows that are counted apart; 0: the output is a vector */
function count(inputs: readonly AnyTensor[], rows: number, context: OpContext) {
  const values = valuesAt(inputs, context)
  const size = integerAt(inputs, 1, context)
  const weights = numericAt(inputs, 2, context)
  const isBinary = context.attrs.bool('binary_output', false)
  if (size < 0) refuse(context, `size (${size}) must be non-negative`)
  if (weights.data.length !== 0 && weights.data.length !== values.length) {
    refuse(context, `weights must be of the shape of the values or empty: [${weights.shape}]`)
  }
  if (isAnyNegative(values)) refuse(context, 'Input arr must be non-negative!')
  const isVector = rows === 0 && inputs[0]!.shape.length !== 2
  const shape = isVector || context.op === 'Bincount' ? [size] : [rows, size]
  const out = newData(weights.dtype, shape)
  const width = rows === 0 ? values.length : values.length / rows
  const isWeighted = weights.data.length > 0 && !isBinary
  const totals = out as NumberArray
  const isLong = out instanceof BigInt64Array || out instanceof BigUint64Array
  const one = (isLong ? 1n : 1) as number
  for (let i = 0; i < values.length; i++) {
    spend(1)
    if (values[i]! >= size) continue
    const at = Math.floor(i / width) * size + values[i]!
    const weight = isWeighted ? (weights.data[i] as number) : one
    totals[at] = isBinary ? one : totals[at]! + weight
  }
  return result(weights.dtype, shape, out)
}

/** What is counted, which may be many: not as a list. */
function valuesAt(inputs: readonly AnyTensor[], context: OpContext): ArrayLike<number> {
  const { dtype, data } = numericAt(inputs, 0, context)
  if (!/^u?int/.test(dtype)) refuseType(context, `${dtype} as input 0`)
  if (!(data instanceof BigInt64Array || data instanceof BigUint64Array)) return data as NumberArray
  const values = newScratch(data.length)
  for (let i = 0; i < values.length; i++) {
    spend(1)
    values[i] = Number(data[i])
  }
  return values
}

function isAnyNegative(values: ArrayLike<number>): boolean {
  for (let i = 0; i < values.length; i++) if (values[i]! < 0) return true
  return false
}

/** How many boundaries are at or below each value; all of them for NaN. */
export const bucketize: Kernel = (inputs, context) => {
  const { dtype, shape, data } = numericAt(inputs, 0, context)
  if (!/^(int32|int64|float32|float64)$/.test(dtype)) refuseType(context, dtype)
  const boundaries = Float32Array.from(context.attrs.floats('boundaries'))
  if (boundaries.some((boundary, i) => i > 0 && boundary < boundaries[i - 1]!)) {
    refuse(context, 'Expected sorted boundaries')
  }
  const out = newData('int32', shape)
  eachPiece(data, out, (from, to) => {
    for (let i = 0; i < to.length; i++) to[i] = upperBound(boundaries, Number(from[i]))
  })
  return [result('int32', shape, out)]
}

/** The first that is larger. */
function upperBound(ascending: Float32Array, value: number): number {
  let low = 0
  let high = ascending.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (value < ascending[middle]!) high = middle
    else low = middle + 1
  }
  return low
}

/** Counts in `nbins` bins of equal width; what lies outside counts in the first or last. */
export const histogramFixedWidth: Kernel = (inputs, context) => {
  const { data } = numericAt(inputs, 0, context)
  const range = Array.from(numericAt(inputs, 1, context).data as NumberArray | LongArray, Number)
  const bins = integerAt(inputs, 2, context)
  const [low, high] = range
  if (low === undefined || high === undefined)
    return refuse(context, 'value_range should be a vector of 2 elements')
  if (!(low < high))
    refuse(context, `value_range should satisfy value_range[0] < value_range[1], but got [${range}]`)
  if (bins <= 0) refuse(context, `nbins should be a positive number, but got ${bins}`)
  const step = (high - low) / bins
  const counts = newData('int32', [bins])
  for (let i = 0; i < data.length; i++) {
    spend(1)
    const bin = Math.floor((Number(data[i]) - low) / step)
    counts[Math.min(Math.max(bin, 0), bins - 1)]! += 1
  }
  if (context.attrs.type('dtype', 'int32') === 'int32') return [result('int32', [bins], counts)]
  const long = newData('int64', [bins])
  for (let i = 0; i < bins; i++) long[i] = BigInt(counts[i]!)
  return [result('int64', [bins], long)]
}
