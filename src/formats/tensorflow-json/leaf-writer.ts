/** How one element of a tensor stands in an answer, by dtype (json_tensor.cc, AddSingleValueAndAdvance). */
import { RecserveError } from '../../core/errors.js'
import type { AnyTensor } from '../../tensor/any-tensor.js'
import { type Strings, stringAt } from '../../tensor/strings.js'
import { writeFloat32, writeFloat64 } from './decimal.js'
import type { PrettyWriter } from './pretty-writer.js'
import { typeNameOf } from './tensor-sink.js'

/** Writes element `index`. */
export type LeafWriter = (index: number) => void

const base64Key = Buffer.from('b64')

/** @param name strings of an output named `..._bytes` are written as `{"b64": ...}` */
export function leafWriterOf(name: string, tensor: AnyTensor, writer: PrettyWriter): LeafWriter {
  const { out } = writer
  switch (tensor.dtype) {
    case 'string':
      return stringWriter(tensor.data, writer, name.endsWith('_bytes'))
    case 'complex64':
    case 'complex128':
      return () => {
        const message = `Failed to write JSON value for tensor type: ${typeNameOf(tensor.dtype)}`
        throw new RecserveError('invalid_argument', message)
      }
    case 'bool':
      return (index) => writer.raw(tensor.data[index] ? 'true' : 'false')
    case 'float64':
      return (index) => {
        writer.prefix()
        writeFloat64(out, tensor.data[index]! as number)
      }
    case 'float32':
    case 'float16':
    case 'bfloat16':
      return (index) => {
        writer.prefix()
        writeFloat32(out, tensor.data[index]! as number)
      }
    default:
      return (index) => writer.raw(String(tensor.data[index]))
  }
}

function stringWriter(strings: Strings, writer: PrettyWriter, asBytes: boolean): LeafWriter {
  if (!asBytes) return (index) => writer.string(stringAt(strings, index))
  return (index) => {
    const { buffer, byteOffset, length } = stringAt(strings, index)
    writer.beginObject()
    writer.string(base64Key)
    writer.string(Buffer.from(Buffer.from(buffer, byteOffset, length).toString('base64'), 'latin1'))
    writer.endObject()
  }
}
