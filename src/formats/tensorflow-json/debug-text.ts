/** The value a refusal is about, as TensorFlow Serving quotes it: laid out anew, cut off after some 256 bytes. */
import { ByteWriter } from './byte-writer.js'
import type { JsonText } from './json-text.js'
import { PrettyWriter } from './pretty-writer.js'

/** Nothing more is begun once so many bytes are there (json_tensor.cc, kMaxJsonDebugStringBytes). */
const maxBytes = 256

/** One string may go beyond `maxBytes`, as in the original, but not without end. */
const maxStringBytes = 1024

/** Quotes the value at the place reached, which stays. */
export function debugText(text: JsonText): string {
  const start = text.at
  const writer = new PrettyWriter()
  writer.singleLineArrays = true
  writeValue(text, writer)
  text.at = start
  return writer.out.take().toString('utf8')
}

/** A name of the client's, for a message: whole, unless that has no end. */
export const shortened = (name: string): string => name.slice(0, maxStringBytes)

/** @returns false once the limit is reached */
function writeValue(text: JsonText, writer: PrettyWriter): boolean {
  if (writer.out.length >= maxBytes) return false
  switch (text.peekType()) {
    case 'Object':
      return writeObject(text, writer)
    case 'Array':
      return writeArray(text, writer)
    case 'String':
      writeString(writer, (target) => text.takeString(target))
      return true
    case 'Number':
      return writeNumber(text, writer)
    default: {
      const start = text.at
      text.skipValue()
      writer.raw(text.bytes.toString('latin1', start, text.at))
      return true
    }
  }
}

function writeObject(text: JsonText, writer: PrettyWriter): boolean {
  writer.beginObject()
  if (text.enter()) {
    do {
      if (writer.out.length >= maxBytes) return false
      writeString(writer, (target) => text.takeKey(target))
      if (!writeValue(text, writer)) return false
    } while (text.nextMember())
  }
  if (writer.out.length >= maxBytes) return false
  writer.endObject()
  return true
}

function writeArray(text: JsonText, writer: PrettyWriter): boolean {
  writer.beginArray()
  if (text.enter()) {
    do if (!writeValue(text, writer)) return false
    while (text.nextElement())
  }
  if (writer.out.length >= maxBytes) return false
  writer.endArray()
  return true
}

function writeString(writer: PrettyWriter, take: (target: ByteWriter) => void): void {
  const target = new ByteWriter()
  take(target)
  writer.string(target.take().subarray(0, maxStringBytes))
}

/** @returns false for NaN and infinities, which rapidjson does not write and stops at */
function writeNumber(text: JsonText, writer: PrettyWriter): boolean {
  const start = text.at
  text.skipNumber()
  const { number } = text
  if (!number.isInteger) {
    const value = number.toDouble(text.bytes, start)
    if (!Number.isFinite(value)) {
      writer.prefix()
      return false
    }
    writer.raw(doubleText(value))
  } else if (number.digits <= 20) {
    const value = number.toInteger(text.bytes, start)
    const isExact = value >= -(2n ** 63n) && value < 2n ** 64n
    writer.raw(isExact ? String(value) : doubleText(Number(value)))
  } else writer.raw(doubleText(number.toDouble(text.bytes, start)))
  return true
}

/** The shortest digits that read back, laid out as rapidjson's Prettify does. */
function doubleText(value: number): string {
  const text = Object.is(value, -0) ? '-0' : String(value)
  return /[.e]/.test(text) ? text.replace('e+', 'e') : `${text}.0`
}
