/**
 * The body of a TensorFlow Serving classify or regress request (json_tensor.cc, FillClassifyRegressRequestFromJson): features of
 * examples in JSON, as serialized tf.Examples. Refusals are in the original's words and order: the text, the signature's name,
 * then the context and the examples.
 */
import { RecserveError } from '../../core/errors.js'
import type { StringTensor } from '../../tensor/strings.js'
import { ExampleWriter } from '../tensorflow/example-writer.js'
import { decodeBase64, takeBase64Object } from './base64-object.js'
import { ByteWriter } from './byte-writer.js'
import { debugText, shortened } from './debug-text.js'
import { JsonText, openBrace, openBracket } from './json-text.js'
import { enterRoot } from './predict-request.js'
import { grow } from './tensor-sink.js'

export interface ExamplesRequest {
  /** Undefined for the default one. */
  readonly signatureName: string | undefined
  /** A serialized tf.Example for each, [n]; the context, if any, is in every one of them. */
  readonly examples: StringTensor
}

export interface ExamplesOptions {
  readonly method: 'classify' | 'regress'
  /** Most bytes that the examples may come to: a context stands in each of them. */
  readonly maxBytes: number
}

type Member = 'signature_name' | 'context' | 'examples'

/** @throws RecserveError `invalid_argument`; `resource_exhausted` beyond the limit */
export function parseExamplesRequest(
  body: Uint8Array,
  { method, maxBytes }: ExamplesOptions,
): ExamplesRequest {
  if (body.length === 0) {
    throw new RecserveError('invalid_argument', 'JSON Parse error: The document is empty')
  }
  const text = new JsonText(body)
  const root = enterRoot(text)
  const places = findMembers(text)
  const refuse = (message: string): never => {
    text.at = root
    throw new RecserveError('invalid_argument', `JSON Value: ${debugText(text)} ${message}`)
  }
  const signatureName = takeSignatureName(text, places.get('signature_name'), refuse)
  const writer = new ExampleWriter({ isPacked: true })
  const context = places.get('context')
  if (context !== undefined) {
    text.at = context
    takeExample(text, writer)
  }
  const list = places.get('examples')
  if (list === undefined)
    return refuse(`When method is ${method}, key 'examples' is expected and was not found`)
  text.at = list
  if (text.peekType() !== 'Array') refuse("Expecting 'examples' value to be an list/array")
  const prefix = context === undefined ? new Uint8Array(0) : writer.take()
  const examples = takeExamples(text, writer, { prefix, maxBytes })
  if (examples === undefined) return refuse("'examples' value is an empty array")
  return { signatureName, examples }
}

/** Walks the whole text: where the first value of each member begins. */
function findMembers(text: JsonText): ReadonlyMap<Member, number> {
  const places = new Map<Member, number>()
  if (!text.enter()) return places
  const key = new ByteWriter(32)
  do {
    key.length = 0
    text.takeKey(key)
    text.peek()
    const name = key.take().toString('latin1')
    const isMember = name === 'signature_name' || name === 'context' || name === 'examples'
    if (isMember && !places.has(name)) places.set(name, text.at)
    text.skipValue()
  } while (text.nextMember())
  return places
}

function takeSignatureName(
  text: JsonText,
  place: number | undefined,
  refuse: (message: string) => never,
): string | undefined {
  if (place === undefined) return undefined
  text.at = place
  if (text.peekType() !== 'String') {
    refuse("not formatted correctly. 'signature_name' key must be a string value.")
  }
  const name = new ByteWriter()
  text.takeString(name)
  return name.take().toString('utf8') || undefined
}

interface ListOptions {
  /** The context's bytes: messages one after another are one message. */
  readonly prefix: Uint8Array
  readonly maxBytes: number
}

/** @returns undefined where there are none */
function takeExamples(
  text: JsonText,
  writer: ExampleWriter,
  { prefix, maxBytes }: ListOptions,
): StringTensor | undefined {
  const bytes = new ByteWriter()
  let ends = new Uint32Array(16)
  let length = 0
  if (!text.enter()) return undefined
  do {
    takeExample(text, writer)
    if (bytes.length + prefix.length + writer.length > maxBytes) {
      const limit = `the examples come to more than ${maxBytes} bytes`
      throw new RecserveError('resource_exhausted', `${limit}: send fewer of them, or a smaller context`)
    }
    bytes.append(prefix)
    bytes.append(writer.take())
    if (++length === ends.length) ends = grow(ends, (size) => new Uint32Array(size))
    ends[length] = bytes.length
  } while (text.nextElement())
  const offsets = ends.subarray(0, length + 1)
  return { dtype: 'string', shape: [length], data: { length, bytes: bytes.take(), offsets } }
}

/** Writes the features of the object at the place reached. */
function takeExample(text: JsonText, writer: ExampleWriter): void {
  if (text.peek() !== openBrace) {
    const message = `Example must be JSON object but got JSON ${text.peekType()}`
    throw new RecserveError('invalid_argument', message)
  }
  if (!text.enter()) return
  const key = new ByteWriter(32)
  do {
    key.length = 0
    text.takeKey(key)
    const feature = new FeatureReader(text, key.take(), writer)
    if (text.peek() !== openBracket) feature.takeValue()
    else if (text.enter()) {
      do feature.takeValue()
      while (text.nextElement())
    }
    writer.endFeature(key.take())
  } while (text.nextMember())
}

/** TensorFlow Serving's names of the lists. */
const listNames = { string: 'bytes', float32: 'float', int64: 'int64' } as const

const minInt64 = -(2n ** 63n)
const maxInt64 = 2n ** 63n - 1n
const maxUint64 = 2n ** 64n - 1n
/** The longest integer literals of 64 bits have so many digits. */
const maxInt64Digits = 20

/** Values of one feature, all of the kind of the first: an integer literal is an int64, `1.0` a float. */
class FeatureReader {
  readonly #text: JsonText
  readonly #name: Uint8Array
  readonly #writer: ExampleWriter

  constructor(text: JsonText, name: Uint8Array, writer: ExampleWriter) {
    this.#text = text
    this.#name = name
    this.#writer = writer
  }

  takeValue(): void {
    const type = this.#text.peekType()
    if (type === 'String') this.#takeString()
    else if (type === 'Number') this.#takeNumber()
    else if (type === 'True' || type === 'False') this.#takeBool(type === 'True')
    else if (type === 'Object') this.#takeBase64()
    else this.#refuseType(type)
  }

  #takeString(): void {
    this.#expect('string')
    const value = new ByteWriter()
    this.#text.takeString(value)
    this.#writer.addString(value.take())
  }

  #takeBase64(): void {
    const encoded = takeBase64Object(this.#text)
    if (encoded === undefined) this.#refuseType('Object')
    this.#expect('string')
    const value = decodeBase64(encoded)
    if (!value) throw new RecserveError('invalid_argument', 'Unable to base64 decode')
    this.#writer.addString(value)
  }

  #takeBool(value: boolean): void {
    this.#expect('int64')
    this.#text.skipValue()
    this.#writer.addInt64(value ? 1n : 0n)
  }

  #takeNumber(): void {
    const text = this.#text
    const start = text.at
    text.skipNumber()
    const { number } = text
    const integer =
      number.isInteger && number.digits <= maxInt64Digits ? number.toInteger(text.bytes, start) : undefined
    // Integers beyond 64 bits are doubles to rapidjson.
    if (integer === undefined || integer < minInt64 || integer > maxUint64) {
      this.#expect('float32')
      this.#writer.addFloat(number.toFloat(text.bytes, start))
      return
    }
    this.#expect('int64')
    if (integer > maxInt64) this.#refuse('has uint64_t element. Only int64_t is supported.')
    this.#writer.addInt64(integer)
  }

  #expect(type: 'string' | 'float32' | 'int64'): void {
    const known = this.#writer.type
    if (known === undefined || known === type) return
    const message = `Unexpected element type in feature: ${this.#shownName} expecting type: ${listNames[known]}`
    throw new RecserveError('invalid_argument', message)
  }

  #refuseType(type: string): never {
    this.#refuse(`has element with unexpected JSON type: ${type}`)
  }

  #refuse(what: string): never {
    throw new RecserveError('invalid_argument', `Feature: ${this.#shownName} ${what}`)
  }

  get #shownName(): string {
    return shortened(Buffer.from(this.#name).toString())
  }
}
