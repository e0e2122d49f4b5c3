/** Pieces of protobuf's wire format (protobuf.dev/programming-guides/encoding), appended to bytes. */
import type { ByteWriter } from '../tensorflow-json/byte-writer.js'

/** An integer from 0 to 2^53. */
export function putVarint(out: ByteWriter, value: number): void {
  out.reserve(10)
  let rest = value
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) out.put((rest % 0x80) | 0x80)
  out.put(rest)
}

/** A field of bytes: a string, a message, a packed list. The tag is one byte: field numbers up to 15. */
export function putSpan(out: ByteWriter, tag: number, bytes: Uint8Array): void {
  out.reserve(1)
  out.put(tag)
  putVarint(out, bytes.length)
  out.append(bytes)
}
