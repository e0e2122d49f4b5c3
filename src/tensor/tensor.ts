import type { DataType, NumericType, TypedArrayOf } from './dtype.js'

/** A typed array with a shape, row-major. `data.length` is the product of `shape`, twice that for complex numbers. */
export interface Tensor<D extends NumericType = DataType> {
  readonly dtype: D
  readonly shape: readonly number[]
  readonly data: TypedArrayOf<D>
}

/** Tensors by name: what goes into a graph and what comes out. */
export type NamedTensors = Readonly<Record<string, Tensor>>

export function tensor<D extends NumericType>(
  dtype: D,
  shape: readonly number[],
  data: TypedArrayOf<D>,
): Tensor<D> {
  const count = sizeOf(shape) * (isComplex(dtype) ? 2 : 1)
  if (count !== data.length) {
    throw new Error(`a tensor of shape [${shape}] holds ${count} values, not ${data.length}: this is a bug`)
  }
  return { dtype, shape, data }
}

/** How many elements a shape holds; 1 for a scalar's `[]`. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1)
}

/** Whether elements are pairs of numbers. */
export const isComplex = (dtype: NumericType): boolean => dtype === 'complex64' || dtype === 'complex128'
