/** Tensors of variants cut along axis 0 and put together again: what lists of lists and of ragged tensors are made of. */
import { sizeOf } from '../../../tensor/tensor.js'
import type { Value, Variant } from '../op.js'
import { claimPlaces, spend } from '../run-limits.js'
import { invalid, rowsOf, tensorOf } from './rows.js'

/** Each row of a tensor of any dtype, of rank 1 at least. */
export function valueRowsOf(value: Value | undefined): readonly Value[] {
  if (value?.dtype !== 'variant') return rowsOf(tensorOf(value))
  const [count, ...shape] = value.shape
  if (count === undefined) throw invalid('Tensor must be at least a vector, but saw shape: []')
  // Elements of a tensor of rank 1 are scalar variants themselves.
  if (shape.length === 0) return value.elements as readonly Value[]
  const size = sizeOf(shape)
  claimPlaces(count * (1 + size))
  spend(count * (1 + size))
  return Array.from({ length: count }, (_, i) => ({
    dtype: 'variant',
    shape,
    elements: value.elements.slice(i * size, (i + 1) * size),
  }))
}

/** Variants, all of one shape, along a new axis; undefined: one that was never set. */
export function stackVariants(parts: readonly (Value | undefined)[]): Variant {
  const [first] = parts
  const shape = first?.shape ?? []
  claimPlaces(parts.length * sizeOf(shape))
  spend(parts.length)
  const elements = parts.flatMap((part): readonly unknown[] => {
    if (part?.dtype !== 'variant') throw invalid(`a variant was expected, got ${part?.dtype ?? 'none'}`)
    if (`${part.shape}` !== `${shape}`) {
      throw invalid(`Tried to stack variants of unequal shapes: [${shape}] and [${part.shape}]`)
    }
    return shape.length === 0 ? [part] : part.elements
  })
  return { dtype: 'variant', shape: [parts.length, ...shape], elements }
}
