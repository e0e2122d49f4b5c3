/** The least and greatest finite value of each dtype, for segments that have no rows. */

import type { NumericType, TypedArray } from '../../../../tensor/dtype.js'
import { isComplex } from '../../../../tensor/tensor.js'
import { newData } from '../new-data.js'

/** Where a 64-bit integer's limit is no double, `newFilled` takes the infinity instead. */
const greatest: Readonly<Partial<Record<NumericType, number>>> = {
  float16: 65504,
  bfloat16: 2 ** 128 - 2 ** 120,
  float32: 2 ** 128 - 2 ** 104,
  float64: Number.MAX_VALUE,
  int8: 2 ** 7 - 1,
  int16: 2 ** 15 - 1,
  int32: 2 ** 31 - 1,
  uint8: 2 ** 8 - 1,
  uint16: 2 ** 16 - 1,
  uint32: 2 ** 32 - 1,
}

export function highest(dtype: NumericType): number {
  return greatest[dtype] ?? Number.POSITIVE_INFINITY
}

export function lowest(dtype: NumericType): number {
  if (dtype.startsWith('uint')) return 0
  return dtype === 'int8' || dtype === 'int16' || dtype === 'int32' ? -highest(dtype) - 1 : -highest(dtype)
}

/** An array of a dtype for a shape, every element one value. */
export function newFilled(dtype: NumericType, shape: readonly number[], value: number): TypedArray {
  const pair = isComplex(dtype) ? 2 : 1
  const data = newData<NumericType>(dtype, shape)
  if (data instanceof BigInt64Array)
    data.fill(Number.isFinite(value) ? BigInt(value) : value > 0 ? 2n ** 63n - 1n : -(2n ** 63n))
  else if (data instanceof BigUint64Array) data.fill(Number.isFinite(value) ? BigInt(value) : 2n ** 64n - 1n)
  else if (value !== 0) for (let i = 0; i < data.length; i += pair) data[i] = value
  return data
}
