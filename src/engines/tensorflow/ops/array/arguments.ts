/** How the array kernels read their small integer inputs: shapes, axes, sizes, indices. */

import { RecserveError } from '../../../../core/errors.js'
import type { TypedArray, TypedArrayOf } from '../../../../tensor/dtype.js'
import { type Tensor, tensor } from '../../../../tensor/tensor.js'
import type { AnyTensor } from '../../op.js'
import { spend } from '../../run-limits.js'
import { newData, newList, newScratch } from '../new-data.js'

export function invalid(message: string): RecserveError {
  return new RecserveError('invalid_argument', message)
}

/** Inputs a node of a broken graph may lack. */
export function inputAt(inputs: readonly AnyTensor[], index: number): AnyTensor {
  const input = inputs[index]
  if (input === undefined) throw invalid(`input ${index} is missing: the node has ${inputs.length}`)
  return input
}

/** Elements of an integer tensor as numbers; those of 64 bits beyond 2^53 lose digits, and are far out of any range. */
export function toIntegers(input: AnyTensor): ArrayLike<number> {
  const { data, dtype } = input
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) return fromBigIntegers(data)
  if (dtype === 'string' || dtype.startsWith('complex')) throw invalid(`integers were expected, got ${dtype}`)
  return data as Exclude<TypedArray, BigInt64Array | BigUint64Array>
}

/** Reads the two halves: three times as fast as `Number(bigint)`. */
function fromBigIntegers(data: BigInt64Array | BigUint64Array): ArrayLike<number> {
  const low = new Uint32Array(data.buffer, data.byteOffset, 2 * data.length)
  const high =
    data instanceof BigInt64Array ? new Int32Array(data.buffer, data.byteOffset, 2 * data.length) : low
  spend(data.length)
  const numbers = newScratch(data.length)
  for (let i = 0; i < numbers.length; i++) numbers[i] = high[2 * i + 1]! * 2 ** 32 + low[2 * i]!
  return numbers
}

export function toList(input: AnyTensor): number[] {
  return newList(toIntegers(input) as TypedArray)
}

/** A tensor of one element, whatever its rank. */
export function toInteger(input: AnyTensor, name: string): number {
  const values = toIntegers(input)
  if (values.length !== 1) throw invalid(`${name} must be a scalar, got shape ${shapeText(input.shape)}`)
  return values[0]!
}

/** A vector; TensorFlow takes a scalar for a vector of one element in many places. */
export function toVector(input: AnyTensor, name: string): number[] {
  if (input.shape.length > 1) throw invalid(`${name} must be 1-D, not ${shapeText(input.shape)}`)
  return toList(input)
}

/** Counts a negative axis from the end. */
export function toAxis(axis: number, rank: number, what = 'axis'): number {
  if (axis >= -rank && axis < rank) return axis < 0 ? axis + rank : axis
  throw invalid(`Expected ${what} in the range [-${rank}, ${rank}), but got ${axis}`)
}

/** `[2,3]`, as TensorFlow writes shapes. */
export function shapeText(shape: readonly number[]): string {
  return `[${shape.join(',')}]`
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, d) => size === b[d])
}

/** Integers as a tensor of an index dtype. */
export function fromIntegers(dtype: string, shape: readonly number[], values: ArrayLike<number>): AnyTensor {
  if (dtype === 'int64') {
    const data = newData('int64', shape)
    // Its two halves, as in `fromBigIntegers`.
    const low = new Uint32Array(data.buffer)
    const high = new Int32Array(data.buffer)
    spend(data.length)
    for (let i = 0; i < data.length; i++) {
      low[2 * i] = values[i]!
      high[2 * i + 1] = Math.floor(values[i]! / 2 ** 32)
    }
    return tensor('int64', shape, data)
  }
  if (dtype === 'int32') return tensor('int32', shape, integersFrom('int32', shape, values))
  if (dtype === 'uint16') return tensor('uint16', shape, integersFrom('uint16', shape, values))
  throw invalid(`${dtype} is no dtype for indices`)
}

function integersFrom<D extends 'int32' | 'uint16'>(
  dtype: D,
  shape: readonly number[],
  values: ArrayLike<number>,
): TypedArrayOf<D> {
  const data = newData(dtype, shape)
  data.set(values)
  return data
}

export function requireBool(input: AnyTensor): Tensor<'bool'> {
  if (input.dtype === 'bool') return input as Tensor<'bool'>
  throw invalid(`a bool tensor was expected, got ${input.dtype}`)
}

/** The product of sizes `from` up to `to`. */
export function sizeBetween(shape: readonly number[], from: number, to = shape.length): number {
  let product = 1
  for (let d = from; d < to; d++) product *= shape[d]!
  return product
}

export function requireScalar(input: AnyTensor, name: string): AnyTensor {
  if (input.shape.length === 0) return input
  throw invalid(`${name} must be a scalar, not shape ${shapeText(input.shape)}`)
}

/** A scalar, or the vector of one element that TensorFlow's older ops take for one. */
export function requireOne(input: AnyTensor, name: string): AnyTensor {
  return input.shape.length === 1 && input.shape[0] === 1 ? input : requireScalar(input, name)
}
