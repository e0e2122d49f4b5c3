/** The `state_dict` of a checkpoint, its float32 tensors in memory. */
import { RecserveError } from '../../core/errors.js'
import type { NumericType } from '../../tensor/dtype.js'
import type { Tensor } from '../../tensor/tensor.js'
import type { Weights } from './architecture.js'

/** A tensor that is read when it is asked for: of a PyTorch checkpoint or a safetensors file. */
export interface StoredTensor {
  readonly dtype: NumericType
  readonly shape: readonly number[]
  read(): Promise<Tensor<NumericType>>
}

export interface RecBoleWeights extends Weights {
  /** Undefined where there is no tensor of this name. */
  shapeOf(name: string): readonly number[] | undefined
  readonly names: readonly string[]
  /** Of what is in memory. */
  readonly byteLength: number
}

/** Reads the float32 tensors; of others (counters of batches, for the most part) only name and shape are kept. */
export async function readWeights(
  stored: ReadonlyMap<string, StoredTensor>,
  onRead: (tensor: StoredTensor) => void = () => {},
): Promise<RecBoleWeights> {
  const tensors = new Map<string, Tensor<'float32'>>()
  for (const [name, entry] of stored) {
    if (entry.dtype !== 'float32') continue
    const tensor = await entry.read()
    if (tensor.dtype === 'float32') tensors.set(name, tensor as Tensor<'float32'>)
    onRead(entry)
  }
  return {
    names: [...stored.keys()],
    byteLength: [...tensors.values()].reduce((sum, { data }) => sum + data.byteLength, 0),
    has: (name) => stored.has(name),
    shapeOf: (name) => stored.get(name)?.shape,
    get(name, shape) {
      const found = stored.get(name)
      const expected = shape
        ? `float32 [${shape.map((size) => (size === -1 ? 'any' : size)).join(', ')}]`
        : 'float32'
      if (!found) {
        throw new RecserveError(
          'data_loss',
          `the checkpoint has no tensor ${name}; expected one of ${expected}`,
        )
      }
      const tensor = tensors.get(name)
      if (!tensor || (shape && !fits(found.shape, shape))) {
        throw new RecserveError(
          'data_loss',
          `the checkpoint's ${name} is ${found.dtype} [${found.shape.join(', ')}]; expected ${expected}`,
        )
      }
      return tensor
    },
  }
}

const fits = (found: readonly number[], expected: readonly number[]): boolean =>
  found.length === expected.length && expected.every((size, axis) => size === -1 || size === found[axis])
