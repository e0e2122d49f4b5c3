/** Where kernels get memory: what a run may hold is asked first. */
import { RecserveError } from '../../../core/errors.js'
import {
  type NumericType,
  type TypedArray,
  type TypedArrayOf,
  typedArrays,
  wideArrays,
} from '../../../tensor/dtype.js'
import { isComplex, sizeOf } from '../../../tensor/tensor.js'
import { claimPlaces, claimScratch, claimTensor, spend } from '../run-limits.js'

/** Typed array class by dtype name. */
export const arrayClasses = { ...typedArrays, ...wideArrays }

/** Entries that an array may have: positions fit an Int32Array. */
const maxLength = 2 ** 31 - 1

/** @throws RecserveError `resource_exhausted` where positions would not fit 32 bits */
export function checkLength(dtype: string, shape: readonly number[], perElement = 1): number {
  const length = sizeOf(shape) * perElement
  if (length <= maxLength) return length
  throw new RecserveError(
    'resource_exhausted',
    `OOM when allocating tensor with shape[${shape}] and type ${dtype}`,
  )
}

/**
 * Zeros for a tensor; two entries for each complex number.
 *
 * @throws RecserveError `resource_exhausted` where the run would hold too much
 */
export function newData<D extends NumericType>(dtype: D, shape: readonly number[]): TypedArrayOf<D> {
  const length = checkLength(dtype, shape, isComplex(dtype) ? 2 : 1)
  const array = arrayClasses[dtype]
  claimTensor(dtype, shape, length * array.BYTES_PER_ELEMENT)
  return new array(length) as TypedArrayOf<D>
}

/** Zeros of the same kind as other data. @throws RecserveError as `newData` */
export function newLike<A extends TypedArray>(data: A, length: number): A {
  claimTensor(data.constructor.name, [length], length * data.BYTES_PER_ELEMENT)
  return new (data.constructor as new (length: number) => A)(length)
}

/** Integers as a list of numbers. @throws RecserveError as `newData` */
export function newList(integers: TypedArray): number[] {
  const { length } = integers
  claimPlaces(length)
  const list: number[] = []
  for (let i = 0; i < length; i++) {
    spend(1)
    list.push(Number(integers[i]))
  }
  return list
}

/** Zeros to compute with, which the kernel lets go while it runs. @throws RecserveError as `newData` */
export function newScratch(length: number): Float64Array<ArrayBuffer> {
  claimScratch(length * Float64Array.BYTES_PER_ELEMENT)
  return new Float64Array(length)
}
