/** Tensors from little-endian bytes as TensorFlow lays them out in memory, in `tensor_content` and in checkpoints. */
import { type NumericType, typedArrays, wideArrays } from '../../tensor/dtype.js'
import { decodeBfloat16, decodeFloat16 } from '../../tensor/float16.js'
import { type Tensor, tensor } from '../../tensor/tensor.js'

/** Bytes of one element in a file. */
export function elementBytes(dtype: NumericType): number {
  switch (dtype) {
    case 'float16':
    case 'bfloat16':
      return 2
    case 'complex64':
      return 8
    case 'complex128':
      return 16
    default:
      return typedArrays[dtype].BYTES_PER_ELEMENT
  }
}

/**
 * @param bytes as many as the shape needs, at the beginning of a buffer of their own: the tensor may keep it
 */
export function fromBytes(
  dtype: NumericType,
  shape: readonly number[],
  bytes: Uint8Array<ArrayBuffer>,
): Tensor<NumericType> {
  const { buffer } = bytes
  switch (dtype) {
    case 'float16':
      return tensor(dtype, shape, decodeFloat16(new Uint16Array(buffer)))
    case 'bfloat16':
      return tensor(dtype, shape, decodeBfloat16(new Uint16Array(buffer)))
    case 'complex64':
    case 'complex128':
      return tensor(dtype, shape, new wideArrays[dtype](buffer))
    case 'bool':
      return tensor(
        dtype,
        shape,
        bytes.map((byte) => (byte === 0 ? 0 : 1)),
      )
    default:
      return tensor<NumericType>(dtype, shape, new typedArrays[dtype](buffer))
  }
}
