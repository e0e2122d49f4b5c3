import { PrettyWriter } from './pretty-writer.js'

/** `{"error": "..."}` as TensorFlow Serving lays it out (json_tensor.cc, MakeJsonFromStatus). */
export function encodeError(message: string): Buffer {
  const writer = new PrettyWriter()
  writer.beginObject()
  writer.string(Buffer.from('error'))
  writer.string(Buffer.from(message))
  writer.endObject()
  return writer.out.take()
}
