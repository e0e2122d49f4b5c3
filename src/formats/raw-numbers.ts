/** Numbers as files have them, little-endian and row-major, as tensors. */
import { type NumericType, typedArrays, wideArrays } from '../tensor/dtype.js'
import { decodeBfloat16, decodeFloat16 } from '../tensor/float16.js'
import { isComplex, type Tensor } from '../tensor/tensor.js'

const arrays = { ...typedArrays, ...wideArrays }

/** Bytes of an element in a file: 2 for 16-bit floats, though memory has them in 4. */
export function elementBytes(dtype: NumericType): number {
  if (dtype === 'float16' || dtype === 'bfloat16') return 2
  return arrays[dtype].BYTES_PER_ELEMENT * (isComplex(dtype) ? 2 : 1)
}

/** @param bytes a buffer of their own, which the tensor may keep; as many as the shape needs */
export function decodeNumbers(
  dtype: NumericType,
  shape: readonly number[],
  bytes: Uint8Array<ArrayBuffer>,
): Tensor<NumericType> {
  if (dtype === 'float16' || dtype === 'bfloat16') {
    const bits = new Uint16Array(bytes.buffer)
    const data = dtype === 'float16' ? decodeFloat16(bits) : decodeBfloat16(bits)
    return { dtype, shape, data } as Tensor<NumericType>
  }
  if (dtype === 'bool') return { dtype, shape, data: bytes.map((byte) => Number(byte !== 0)) }
  return { dtype, shape, data: new arrays[dtype](bytes.buffer) } as Tensor<NumericType>
}
