/** Tensors cut along axis 0 and put together again: what lists and arrays of tensors are made of. */
import { RecserveError } from '../../../core/errors.js'
import { sizeOf } from '../../../tensor/tensor.js'
import type { AnyTensor, TfDataType, Value } from '../op.js'
import { claimPlaces, spend } from '../run-limits.js'
import { openElements } from './array/elements.js'
import { zeros } from './array/fill.js'

/** Sizes of a shape as far as they are known: undefined for an unknown rank, -1 for an unknown size. */
export type PartialShape = readonly number[] | undefined

/** Rows `from` up to `to` as a tensor of the given shape. */
export function cut(
  input: AnyTensor,
  range: { readonly from: number; readonly to: number },
  shape: readonly number[],
): AnyTensor {
  const row = sizeOf(input.shape.slice(1))
  const elements = openElements([input])
  const { from, to } = range
  // A view: nobody writes into a tensor.
  const words = elements.sources[0]!.subarray(from * row * elements.unit, to * row * elements.unit)
  return elements.toTensor(shape, words)
}

/** Of the objects that a tensor is, in places of a list. */
const placesPerTensor = 64
/** What making them costs, in simple operations. */
const operationsPerTensor = 64

/** Each row of a tensor of rank 1 at least. */
export function rowsOf(input: AnyTensor): readonly AnyTensor[] {
  const [count, ...shape] = input.shape
  if (count === undefined) throw invalid('Tensor must be at least a vector, but saw shape: []')
  claimPlaces(placesPerTensor * count)
  return Array.from({ length: count }, (_, i) => {
    spend(operationsPerTensor)
    return cut(input, { from: i, to: i + 1 }, shape)
  })
}

/** The parts one after another, as one tensor of the given shape. */
export function join(parts: readonly AnyTensor[], shape: readonly number[]): AnyTensor {
  claimPlaces(placesPerTensor * parts.length)
  const elements = openElements(parts)
  const out = elements.create(shape)
  let at = 0
  for (const source of elements.sources) {
    spend(source.length)
    out.set(source, at)
    at += source.length
  }
  return elements.toTensor(shape, out)
}

/** The parts, all of the given shape, along a new axis. */
export function stack(
  parts: readonly AnyTensor[],
  { dtype, shape }: { dtype: TfDataType; shape: readonly number[] },
): AnyTensor {
  const whole = [parts.length, ...shape]
  return parts.length === 0 ? zeros(dtype, whole) : join(parts, whole)
}

export function isFull(shape: PartialShape): shape is readonly number[] {
  return shape?.every((size) => size >= 0) ?? false
}

/** What both shapes say; undefined for unknown rank, and 'conflict' where they cannot both be right. */
export function mergeShapes(a: PartialShape, b: PartialShape): PartialShape | 'conflict' {
  if (a === undefined || b === undefined) return a ?? b
  if (a.length !== b.length) return 'conflict'
  const merged = a.map((size, d) => (size < 0 ? b[d]! : size))
  return merged.every((size, d) => b[d]! < 0 || size === b[d]) ? merged : 'conflict'
}

export function partialText(shape: PartialShape): string {
  return shape === undefined ? '<unknown>' : `[${shape.map((size) => (size < 0 ? '?' : size)).join(',')}]`
}

export function tensorOf(value: Value | undefined): AnyTensor {
  if (value && 'data' in value) return value
  throw invalid(`a tensor was expected, got ${value?.dtype ?? 'nothing'}`)
}

export function invalid(message: string): RecserveError {
  return new RecserveError('invalid_argument', message)
}
