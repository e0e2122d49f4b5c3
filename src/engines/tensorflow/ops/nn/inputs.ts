/** How the kernels of this family take their inputs and make their outputs: a wrong dtype or rank is refused, results are rounded. */

import { type Code, RecserveError } from '../../../../core/errors.js'
import type { NumericType } from '../../../../tensor/dtype.js'
import { roundAllTo } from '../../../../tensor/float16.js'
import type { Tensor } from '../../../../tensor/tensor.js'
import type { AnyTensor, OpContext } from '../../op.js'
import { newData, newList } from '../new-data.js'
import type { FloatArray } from './matrix-view.js'

export type FloatType = 'float16' | 'bfloat16' | 'float32' | 'float64'
export type FloatTensor = Tensor<FloatType>

export function refuse({ op, node }: OpContext, text: string, code: Code = 'invalid_argument'): never {
  throw new RecserveError(code, `${op} '${node}': ${text}`)
}

/** Input `index`, which is to be numbers. */
export function numericInput(
  inputs: readonly AnyTensor[],
  index: number,
  context: OpContext,
): Tensor<NumericType> {
  const input = inputs[index]
  if (input === undefined) return refuse(context, `has ${inputs.length} inputs, input ${index} is missing`)
  if (input.dtype === 'string') return refuse(context, `input ${index} is of strings, not of numbers`)
  return input
}

/** Input `index`, which is to be real floating-point numbers. */
export function floatInput(inputs: readonly AnyTensor[], index: number, context: OpContext): FloatTensor {
  const input = numericInput(inputs, index, context)
  if (!isFloat(input)) return refuse(context, `input ${index} is ${input.dtype}, which is no dtype it takes`)
  return input
}

export function isFloat(input: Tensor<NumericType>): input is FloatTensor {
  return ['float32', 'float64', 'float16', 'bfloat16'].includes(input.dtype)
}

/** Integers of a small input (sizes, a count), as numbers. */
export function integersInput(inputs: readonly AnyTensor[], index: number, context: OpContext): number[] {
  const { dtype, data } = numericInput(inputs, index, context)
  if (!/^u?int/.test(dtype)) refuse(context, `input ${index} is ${dtype}, not of integers`)
  return newList(data)
}

/** The one integer of an input. */
export function integerInput(inputs: readonly AnyTensor[], index: number, context: OpContext): number {
  const integers = integersInput(inputs, index, context)
  const { shape } = inputs[index]!
  if (integers.length !== 1) refuse(context, `input ${index} is to be a scalar and has shape [${shape}]`)
  return integers[0]!
}

export function expectRank(input: AnyTensor, rank: number, what: string, context: OpContext): void {
  if (input.shape.length !== rank) {
    refuse(context, `${what} must be ${rank}-dimensional: [${input.shape}]`)
  }
}

/** Refuses inputs that differ in dtype. */
export function expectSameType(a: AnyTensor, b: AnyTensor, context: OpContext): void {
  if (a.dtype !== b.dtype) refuse(context, `its inputs are ${a.dtype} and ${b.dtype}, which must be the same`)
}

/** Zeros for a tensor of a shape. @throws RecserveError as `newData` */
export function zeros<D extends NumericType>(dtype: D, shape: readonly number[]): Tensor<D> {
  return { dtype, shape, data: newData(dtype, shape) as Tensor<D>['data'] }
}

/** Array entries per element: two for complex numbers. */
export function elementWidth(dtype: NumericType): 1 | 2 {
  return dtype === 'complex64' || dtype === 'complex128' ? 2 : 1
}

/** A tensor of fresh data computed in float32 or float64, rounded in place where the dtype is narrower. */
export function rounded<D extends NumericType>(
  dtype: D,
  shape: readonly number[],
  data: Tensor<D>['data'],
): Tensor<D> {
  roundAllTo(dtype, data)
  return { dtype, shape, data }
}

/** An array for `length` results of a float dtype, before rounding. */
export function floatArray(dtype: FloatType, length: number): FloatArray {
  return newData(dtype === 'float64' ? 'float64' : 'float32', [length])
}
