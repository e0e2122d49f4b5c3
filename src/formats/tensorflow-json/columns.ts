/** Columnar form: `"inputs"` is one value, or an object of one value per input. */
import { RecserveError } from '../../core/errors.js'
import type { AnyTensor } from '../../tensor/any-tensor.js'
import { takeBase64Object } from './base64-object.js'
import { ByteWriter } from './byte-writer.js'
import { type JsonText, openBrace } from './json-text.js'
import { createSink } from './sinks.js'
import { ValueReader } from './value-reader.js'

const letterB = 0x62
const six = 0x36
const backslash = 0x5c

/**
 * Takes the value at the place reached, whatever it is. Members that are no input are ignored, as is a second one of a name.
 *
 * @throws RecserveError
 */
export function readColumns(
  text: JsonText,
  types: ReadonlyMap<string, string>,
): ReadonlyMap<string, AnyTensor> {
  const tensors = new Map<string, AnyTensor>()
  if (isPlainValue(text)) {
    if (types.size > 1) {
      throw new RecserveError(
        'invalid_argument',
        'inputs is a plain value/list, but expecting an object as multiple input tensors required as per tensorinfo_map',
      )
    }
    const [[name, dtype]] = [...types] as [[string, string]]
    return tensors.set(name, readTensor(text, dtype))
  }
  if (text.enter()) {
    const key = new ByteWriter(32)
    do {
      key.length = 0
      text.takeKey(key)
      const name = key.take().toString('utf8')
      const dtype = types.get(name)
      if (dtype === undefined || tensors.has(name)) text.skipValue()
      else tensors.set(name, readTensor(text, dtype))
    } while (text.nextMember())
  }
  for (const name of types.keys()) {
    if (tensors.has(name)) continue
    throw new RecserveError('invalid_argument', `Missing named input: ${name} in 'inputs' object.`)
  }
  return tensors
}

/** Whether the value at the place reached is no object, or one that stands for bytes. */
export function isPlainValue(text: JsonText): boolean {
  if (text.peek() !== openBrace) return true
  const { at } = text
  if (!mayBeBase64(text)) return false
  try {
    return takeBase64Object(text) !== undefined
  } catch {
    // A fault of the text is reported by whoever reads on.
    return false
  } finally {
    text.at = at
  }
}

/** Whether the object at the place reached begins with the key `b64`, or with one that has escapes; leaves the place. */
function mayBeBase64(text: JsonText): boolean {
  const start = text.at++
  text.peek()
  const { bytes, at } = text
  text.at = start
  if (bytes[at + 1] === letterB && bytes[at + 2] === six) return true
  return bytes[at + 1] === backslash || bytes[at + 2] === backslash || bytes[at + 3] === backslash
}

function readTensor(text: JsonText, dtype: string): AnyTensor {
  const sink = createSink(dtype)
  const reader = new ValueReader(text, sink)
  reader.read()
  return sink.finish(reader.shape)
}
