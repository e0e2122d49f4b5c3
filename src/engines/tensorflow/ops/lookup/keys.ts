/** Keys of tensors as bytes. */
import type { NumericType } from '../../../../tensor/dtype.js'
import { toStrings } from '../../../../tensor/strings.js'
import type { AnyTensor, TfDataType } from '../../op.js'
import { invalid } from '../array/arguments.js'
import { newData } from '../new-data.js'
import type { Keys } from './key-index.js'

/** @param width elements of a key */
export function keysOf({ data }: AnyTensor, width: number): Keys {
  if ('bytes' in data) {
    if (width !== 1) throw invalid('a key of strings is one string')
    const { length, bytes, offsets } = data
    return { count: length, bytes, start: (i) => offsets[i]!, end: (i) => offsets[i + 1]! }
  }
  const size = width * data.BYTES_PER_ELEMENT
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  return { count: data.length / width, bytes, start: (i) => i * size, end: (i) => (i + 1) * size }
}

/** The keys again. */
export function toKeyTensor(
  keys: readonly Uint8Array[],
  dtype: TfDataType,
  shape: readonly number[],
): AnyTensor {
  if (dtype === 'string') return { dtype, shape, data: toStrings(keys) }
  const data = newData(dtype as NumericType, shape)
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  let at = 0
  for (const key of keys) {
    bytes.set(key, at)
    at += key.length
  }
  return { dtype, shape, data } as AnyTensor
}
