/** How string kernels read what they are given. */
import { type Strings, type StringTensor, stringAt } from '../../../../tensor/strings.js'
import type { AnyTensor, Attributes } from '../../op.js'
import { spend } from '../../run-limits.js'
import { inputAt, invalid, shapeText } from '../array/arguments.js'
import { StringsBuilder } from './strings-builder.js'

const utf8 = new TextEncoder()
const utf8Decoder = new TextDecoder()

export function stringsAt(inputs: readonly AnyTensor[], index: number): StringTensor {
  const input = inputAt(inputs, index)
  if (input.dtype === 'string' && 'offsets' in input.data) return input as StringTensor
  throw invalid(`input ${index} must be strings, got ${input.dtype}`)
}

/** The one string of a scalar. */
export function scalarAt(inputs: readonly AnyTensor[], index: number, name: string): Uint8Array {
  const { shape, data } = stringsAt(inputs, index)
  if (shape.length > 0) throw invalid(`${name} must be scalar, got shape: ${shapeText(shape)}`)
  return stringAt(data, 0)
}

/** An attribute that may hold any bytes. */
export function bytesOf(attrs: Attributes, name: string, fallback: string): Uint8Array {
  return attrs.has(name) ? attrs.bytes(name) : utf8.encode(fallback)
}

/** Bytes as text, for messages. */
export function textOf(bytes: Uint8Array): string {
  return utf8Decoder.decode(bytes)
}

/** Bytes as a string of as many characters, U+0000 to U+00FF. */
export function latin1Of(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

/** Each element by itself; what the function writes is the element of the result. */
export function mapStrings(
  { shape, data }: StringTensor,
  write: (element: Uint8Array, out: StringsBuilder) => void,
): StringTensor {
  const out = new StringsBuilder({ elements: data.length, bytes: byteCount(data) })
  for (let i = 0; i < data.length; i++) {
    const element = stringAt(data, i)
    spend(elementWork + element.length)
    write(element, out)
    out.end()
  }
  return out.finish(shape)
}

/** What an element costs however short it is, in simple operations. */
export const elementWork = 32

/** Bytes of all elements. */
export function byteCount({ length, offsets }: Strings): number {
  return offsets[length]! - offsets[0]!
}
