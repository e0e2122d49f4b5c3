/** What every kernel of this family needs: dtypes sorted into classes of loops, inputs checked, outputs made. */

import { type Code, RecserveError } from '../../../../core/errors.js'
import type { NumericType, TypedArrayOf } from '../../../../tensor/dtype.js'
import { roundAllTo } from '../../../../tensor/float16.js'
import type { Tensor } from '../../../../tensor/tensor.js'
import type { AnyTensor, OpContext } from '../../op.js'
import { newList } from '../new-data.js'

export type FloatArray = TypedArrayOf<'float32'>
export type LongArray = TypedArrayOf<'int64' | 'uint64'>
/** Whatever holds JavaScript numbers. */
export type NumberArray = TypedArrayOf<Exclude<NumericType, 'int64' | 'uint64'>>
export type NumericTensor = Tensor<NumericType>

/**
 * How elements of a dtype are computed with: `float` in a Float32Array (16-bit floats too, rounded after each op), `double` in a
 * Float64Array, `int` of up to 32 bits as numbers, `long` of 64 bits as BigInt, `complex` as pairs of numbers.
 */
export type DtypeClass = 'float' | 'double' | 'int' | 'long' | 'bool' | 'complex'

const classes: Readonly<Record<NumericType, DtypeClass>> = {
  float32: 'float',
  float16: 'float',
  bfloat16: 'float',
  float64: 'double',
  int8: 'int',
  int16: 'int',
  int32: 'int',
  uint8: 'int',
  uint16: 'int',
  uint32: 'int',
  int64: 'long',
  uint64: 'long',
  bool: 'bool',
  complex64: 'complex',
  complex128: 'complex',
}

export function classOf(dtype: NumericType): DtypeClass {
  return classes[dtype]
}

export function refuse(context: OpContext, text: string, code: Code = 'invalid_argument'): never {
  throw new RecserveError(code, `${context.op} '${context.node}': ${text}`)
}

export function refuseType(context: OpContext, dtype: string): never {
  return refuse(context, `takes no ${dtype}`, 'unimplemented')
}

/** Input `index`, whatever it holds; a node of a broken graph may lack it. */
export function inputAt(inputs: readonly AnyTensor[], index: number, context: OpContext): AnyTensor {
  const input = inputs[index]
  return input ?? refuse(context, `input ${index} is missing: the node has ${inputs.length}`)
}

/** Input `index`, which is to hold numbers. */
export function numericAt(inputs: readonly AnyTensor[], index: number, context: OpContext): NumericTensor {
  const input = inputAt(inputs, index, context)
  return input.dtype === 'string' ? refuseType(context, 'string') : input
}

/** The first two inputs, which are to be numbers of one dtype. */
export function numericPair(
  inputs: readonly AnyTensor[],
  context: OpContext,
): readonly [NumericTensor, NumericTensor] {
  const a = numericAt(inputs, 0, context)
  const b = numericAt(inputs, 1, context)
  return a.dtype === b.dtype
    ? [a, b]
    : refuse(context, `takes two of one dtype, not ${a.dtype} and ${b.dtype}`)
}

/** Elements of a small integer input: axes, a size. */
export function integersAt(inputs: readonly AnyTensor[], index: number, context: OpContext): number[] {
  const { dtype, data } = numericAt(inputs, index, context)
  return /^u?int/.test(dtype) ? newList(data) : refuseType(context, `${dtype} as input ${index}`)
}

export function integerAt(inputs: readonly AnyTensor[], index: number, context: OpContext): number {
  const integers = integersAt(inputs, index, context)
  return integers.length === 1
    ? integers[0]!
    : refuse(context, `input ${index} must be a scalar, not of shape [${inputs[index]!.shape}]`)
}

/** A tensor of data just computed, rounded in place where the dtype is a 16-bit float. */
export function result(dtype: NumericType, shape: readonly number[], data: ArrayBufferView): NumericTensor {
  return { dtype, shape, data: roundAllTo(dtype, data) } as NumericTensor
}
