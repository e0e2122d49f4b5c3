/** TypeScript kernels that run beside a graph, in its process: what they read does not have to travel. */
import { RecserveError } from '../../core/errors.js'
import type { DataType, TypedArrayOf } from '../../tensor/dtype.js'
import type { Tensor } from '../../tensor/tensor.js'

export interface HostOp {
  readonly name: string
  /**
   * Inputs by position, undefined where the node names none; may write into them. Outputs by position.
   * @throws RecserveError `invalid_argument` for inputs that do not fit.
   */
  run(inputs: readonly (Tensor | undefined)[]): readonly Tensor[]
}

/** The values of an input, checked; `shape` has -1 where any size will do. */
export function inputOf<D extends DataType>(
  value: Tensor | undefined,
  name: string,
  expected: { readonly dtype: D; readonly shape: readonly number[] },
): TypedArrayOf<D> {
  const { dtype, shape } = expected
  if (!value) throw new RecserveError('invalid_argument', `input '${name}' is missing`)
  const fits =
    value.shape.length === shape.length && shape.every((size, i) => size < 0 || size === value.shape[i])
  if (value.dtype !== dtype || !fits) {
    const found = `${value.dtype} [${value.shape}]`
    throw new RecserveError('invalid_argument', `input '${name}' is ${found}, not ${dtype} [${shape}]`)
  }
  return value.data as TypedArrayOf<D>
}
