/** Tensors as TensorProtos (tensorflow/core/framework/tensor.proto), as Tensor::AsProtoTensorContent writes them. */
import type { AnyTensor } from '../../tensor/any-tensor.js'
import { encodeBfloat16, encodeFloat16 } from '../../tensor/float16.js'
import { stringAt } from '../../tensor/strings.js'
import { ByteWriter } from '../tensorflow-json/byte-writer.js'
import { dataTypeNumber } from './data-type.js'
import { putSpan, putVarint } from './wire-writer.js'

const dtypeTag = 0x08
const shapeTag = 0x12
const dimTag = 0x12
const sizeTag = 0x08
const contentTag = 0x22
const stringTag = 0x42

/** Numbers as `tensor_content`, strings as `string_val`. */
export function encodeTensorProto(tensor: AnyTensor): Uint8Array {
  const out = new ByteWriter()
  out.reserve(1)
  out.put(dtypeTag)
  putVarint(out, dataTypeNumber(tensor.dtype))
  putSpan(out, shapeTag, encodeShape(tensor.shape))
  if (tensor.dtype === 'string') {
    for (let i = 0; i < tensor.data.length; i++) putSpan(out, stringTag, stringAt(tensor.data, i))
  } else {
    const { buffer, byteOffset, byteLength } = contentOf(tensor)
    if (byteLength > 0) putSpan(out, contentTag, new Uint8Array(buffer, byteOffset, byteLength))
  }
  return out.take()
}

function encodeShape(shape: readonly number[]): Uint8Array {
  const out = new ByteWriter()
  for (const size of shape) {
    const dim = new ByteWriter(16)
    if (size > 0) {
      dim.put(sizeTag)
      putVarint(dim, size)
    }
    putSpan(out, dimTag, dim.take())
  }
  return out.take()
}

/** Little-endian, as memory is. */
function contentOf({ dtype, data }: Exclude<AnyTensor, { dtype: 'string' }>): ArrayBufferView {
  if (dtype === 'float16') return encodeFloat16(data as Float32Array)
  return dtype === 'bfloat16' ? encodeBfloat16(data as Float32Array) : data
}
