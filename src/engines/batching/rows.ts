/** Rows of tensors: entries along the first axis, put together and taken apart. */
import type { AnyTensor } from '../../tensor/any-tensor.js'
import { type NumericType, typedArrays, wideArrays } from '../../tensor/dtype.js'
import type { Strings } from '../../tensor/strings.js'
import type { Tensor } from '../../tensor/tensor.js'

const arrays = { ...typedArrays, ...wideArrays }

/** @param tensors of one dtype, whose shapes differ in their first sizes only; at least one */
export function joinRows(tensors: readonly AnyTensor[]): AnyTensor {
  const { dtype, shape } = tensors[0]!
  const rows = tensors.reduce((sum, tensor) => sum + tensor.shape[0]!, 0)
  const joined = [rows, ...shape.slice(1)]
  if (dtype === 'string')
    return { dtype, shape: joined, data: joinStrings(tensors.map(({ data }) => data as Strings)) }
  const parts = (tensors as readonly Tensor<NumericType>[]).map(({ data }) => data)
  const data = new arrays[dtype](parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    data.set(part as never, at)
    at += part.length
  }
  return { dtype, shape: joined, data }
}

function joinStrings(parts: readonly Strings[]): Strings {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  const ranges = parts.map(({ bytes, offsets, length: count }) => bytes.subarray(offsets[0], offsets[count]))
  const bytes = new Uint8Array(ranges.reduce((sum, range) => sum + range.length, 0))
  const offsets = new Uint32Array(length + 1)
  let [element, start] = [0, 0]
  for (const [i, part] of parts.entries()) {
    bytes.set(ranges[i]!, start)
    const shift = start - part.offsets[0]!
    for (let j = 1; j <= part.length; j++) offsets[++element] = part.offsets[j]! + shift
    start += ranges[i]!.length
  }
  return { length, bytes, offsets }
}

/**
 * Consecutive rows, as views of the tensor's data.
 *
 * @param counts how many rows each part has; together all of them
 */
export function splitRows(tensor: AnyTensor, counts: readonly number[]): readonly AnyTensor[] {
  const rowLength = tensor.data.length / tensor.shape[0]!
  let row = 0
  return counts.map((count) => {
    const [from, to] = [row * rowLength, (row + count) * rowLength]
    row += count
    const shape = [count, ...tensor.shape.slice(1)]
    if (tensor.dtype === 'string')
      return { dtype: 'string', shape, data: sliceStrings(tensor.data, from, to) }
    return { dtype: tensor.dtype, shape, data: tensor.data.subarray(from, to) } as AnyTensor
  })
}

function sliceStrings({ bytes, offsets }: Strings, from: number, to: number): Strings {
  const base = offsets[from]!
  return {
    length: to - from,
    bytes: bytes.subarray(base, offsets[to]),
    offsets: offsets.slice(from, to + 1).map((offset) => offset - base),
  }
}
