/** DecodeJSONExample: tf.Examples in protobuf's JSON mapping (protobuf.dev/programming-guides/json) as their bytes. */
import { RecserveError } from '../../../../core/errors.js'
import { ExampleWriter } from '../../../../formats/tensorflow/example-writer.js'
import type { FeatureType } from '../../../../formats/tensorflow/feature-list.js'
import { decodeBase64 } from '../../../../formats/tensorflow-json/base64-object.js'
import { ByteWriter } from '../../../../formats/tensorflow-json/byte-writer.js'
import { JsonText } from '../../../../formats/tensorflow-json/json-text.js'
import type { Kernel, OpTable } from '../../op.js'
import { invalid } from '../array/arguments.js'
import { mapStrings, stringsAt } from '../string/arguments.js'

const decodeJsonExample: Kernel = (inputs) => {
  const writer = new ExampleWriter({ isPacked: false })
  return [mapStrings(stringsAt(inputs, 0), (json, out) => out.write(decode(json, writer)))]
}

function decode(json: Uint8Array, writer: ExampleWriter): Uint8Array {
  const text = new JsonText(json)
  try {
    if (text.peekType() !== 'Object') throw invalid('Root element must be a message.')
    readMembers(text, (name) => {
      if (name !== 'features') refuseName(name)
      if (text.peekType() !== 'Null') writer.beginFeatures()
      readMembers(text, (field) => readFeatures(text, field, writer))
    })
    text.peek()
    if (text.at < json.length) text.fail('Parsing terminated before end of input.')
  } catch (thrown) {
    // What had been written before the fault is no beginning of the next one.
    writer.take()
    if (!(thrown instanceof RecserveError)) throw thrown
    const fault = thrown.message.replace(/^JSON Parse error: /, '')
    throw invalid(`Error while parsing JSON: ${fault}`)
  }
  return writer.take()
}

function readFeatures(text: JsonText, field: string, writer: ExampleWriter): void {
  if (field !== 'feature') refuseName(field)
  const names = new Set<string>()
  readMembers(text, (name) => {
    if (names.has(name)) throw invalid(`Repeated map key: '${name}' is already set.`)
    names.add(name)
    readMembers(text, (kind) => readList(text, kind, writer))
    writer.endFeature(Buffer.from(name))
  })
}

/** Names of the lists, either way of writing them. */
const listTypes: ReadonlyMap<string, FeatureType> = new Map([
  ['bytesList', 'string'],
  ['bytes_list', 'string'],
  ['floatList', 'float32'],
  ['float_list', 'float32'],
  ['int64List', 'int64'],
  ['int64_list', 'int64'],
])

function readList(text: JsonText, kind: string, writer: ExampleWriter): void {
  const type = listTypes.get(kind)
  if (!type) refuseName(kind)
  if (text.peekType() === 'Null') {
    text.skipValue()
    return
  }
  if (writer.type) throw invalid(`oneof field 'kind' is already set. Cannot set '${kind}'`)
  writer.beginList(type)
  readMembers(text, (field) => {
    if (field !== 'value') refuseName(field)
    if (text.peekType() !== 'Array') {
      if (text.peekType() === 'Null') text.skipValue()
      else readValue(text, type, writer)
    } else if (text.enter()) {
      do readValue(text, type, writer)
      while (text.nextElement())
    }
  })
}

function readValue(text: JsonText, type: FeatureType, writer: ExampleWriter): void {
  const isText = text.peekType() === 'String'
  if (!isText && (type === 'string' || text.peekType() !== 'Number')) refuseValue(text, type)
  const start = text.at
  const word = isText ? takeText(text) : takeNumber(text)
  if (addText(writer, type, { word, isText })) return
  text.at = start
  refuseValue(text, type)
}

interface Word {
  readonly word: string
  readonly isText: boolean
}

/** @returns false where the word is no value of the type */
function addText(writer: ExampleWriter, type: FeatureType, { word, isText }: Word): boolean {
  if (type === 'string') {
    const bytes = decodeBase64(word)
    if (bytes) writer.addString(bytes)
    return bytes !== undefined
  }
  if (type === 'int64') {
    const integer = toInt64(word)
    if (integer !== undefined) writer.addInt64(integer)
    return integer !== undefined
  }
  const value = toFloat(word, isText)
  if (value !== undefined) writer.addFloat(value)
  return value !== undefined
}

const maxQuoted = 80

function refuseValue(text: JsonText, type: FeatureType): never {
  const start = text.at
  text.skipValue()
  const found = text.bytes.toString('utf8', start, Math.min(text.at, start + maxQuoted))
  const name = type === 'string' ? 'BYTES' : type === 'int64' ? 'INT64' : 'FLOAT'
  throw invalid(`invalid value ${found} for type TYPE_${name}`)
}

function refuseName(name: string): never {
  throw invalid(`${name.slice(0, maxQuoted)}: Cannot find field.`)
}

/** Hands each member's name over, the place then being at its value; null is as good as nothing. */
function readMembers(text: JsonText, read: (name: string) => void): void {
  const type = text.peekType()
  if (type === 'Null') {
    text.skipValue()
    return
  }
  if (type !== 'Object') text.fail(`A message was expected, not ${type}.`)
  if (!text.enter()) return
  const key = new ByteWriter(32)
  do {
    key.length = 0
    text.takeKey(key)
    text.peek()
    read(key.take().toString('utf8'))
  } while (text.nextMember())
}

function takeText(text: JsonText): string {
  const out = new ByteWriter()
  text.takeString(out)
  return out.take().toString('utf8')
}

function takeNumber(text: JsonText): string {
  const start = text.at
  text.skipNumber()
  return text.bytes.toString('latin1', start, text.at)
}

/** An integer however it is written, as `1.0` or `1e2` too; undefined where it is none of 64 bits. */
function toInt64(word: string): bigint | undefined {
  if (!/^-?\d/.test(word)) return undefined
  const value = Number(word)
  if (!Number.isInteger(value)) return undefined
  const integer = /^-?\d+$/.test(word) ? BigInt(word) : BigInt(value)
  return BigInt.asIntN(64, integer) === integer ? integer : undefined
}

const floatWords: ReadonlyMap<string, number> = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
])

/** What has no digits must be text: JSON has no such numbers. */
function toFloat(word: string, isText: boolean): number | undefined {
  const known = floatWords.get(word)
  if (known !== undefined) return isText ? known : undefined
  const value = /^-?\d/.test(word) ? Number(word) : Number.NaN
  return Number.isFinite(Math.fround(value)) ? value : undefined
}

export const jsonExampleOps: OpTable = { DecodeJSONExample: { kernel: decodeJsonExample } }
