/** Protobuf's binary form to plain data, by a table of fields (protobuf.dev/programming-guides/encoding). */
import { dataTypeOf } from './data-type.js'
import {
  createDraft,
  type Draft,
  emptyValue,
  type Field,
  type FieldType,
  type MessageType,
  put,
  putEntry,
  type ScalarName,
  type Scalars,
} from './message-type.js'
import { WireReader } from './wire-reader.js'

/** As deep as protobuf's own parsers go. */
export const maxDepth = 100

/**
 * A field that the table does not know, or of another wire type than it should have, is skipped.
 *
 * @param name the file's base name, for messages
 * @throws RecserveError `data_loss` that names the file and the byte
 */
export function decodeMessage<T>(type: MessageType<T>, bytes: Uint8Array, name: string): T {
  const draft = createDraft(type)
  readFields(new WireReader(bytes, name), type, draft, 0)
  return draft as T
}

function readFields(reader: WireReader, type: MessageType<unknown>, draft: Draft, depth: number): void {
  if (depth > maxDepth) reader.fail(`messages lie more than ${maxDepth} deep in each other`)
  while (reader.offset < reader.end) {
    const tag = reader.tag()
    const wireType = tag & 7
    const field = type.byNumber[tag >>> 3]
    if (field === undefined) reader.skip(wireType)
    else if (field.label === 'map') {
      if (wireType === 2) readEntry(reader, field, draft, depth)
      else reader.skip(wireType)
    } else if (typeof field.type === 'function') {
      if (wireType === 2) readMessage(reader, type, field, draft, depth)
      else reader.skip(wireType)
    } else if (wireType === wireTypes[field.type]) {
      put(draft, type, field, readScalar(reader, field.type))
    } else if (wireType === 2 && field.label === 'many') readPacked(reader, type, field, draft)
    else reader.skip(wireType)
  }
}

/** A message that comes twice is one in parts. */
function readMessage(
  reader: WireReader,
  type: MessageType<unknown>,
  field: Field,
  draft: Draft,
  depth: number,
): void {
  const inner = (field.type as () => MessageType<unknown>)()
  const before = field.label === 'many' ? undefined : draft[field.key]
  const value = (before as Draft | undefined) ?? createDraft(inner)
  within(reader, () => readFields(reader, inner, value, depth + 1))
  put(draft, type, field, value)
}

function readPacked(reader: WireReader, type: MessageType<unknown>, field: Field, draft: Draft): void {
  const scalar = field.type as ScalarName
  within(reader, () => {
    while (reader.offset < reader.end) put(draft, type, field, readScalar(reader, scalar))
  })
}

/** An entry of a map is a message of a key, 1, and a value, 2. */
function readEntry(reader: WireReader, field: Field, draft: Draft, depth: number): void {
  let key = ''
  let value: unknown
  within(reader, () => {
    while (reader.offset < reader.end) {
      const tag = reader.tag()
      if (tag === keyTag) key = reader.string()
      else if (tag === valueTag) value = readValue(reader, field.type, depth + 1)
      else reader.skip(tag & 7)
    }
  })
  putEntry(draft, field, key, value ?? emptyValue(field.type))
}

const keyTag = (1 << 3) | 2
/** All maps here are of strings and messages. */
const valueTag = (2 << 3) | 2

function readValue(reader: WireReader, type: FieldType, depth: number): unknown {
  if (typeof type === 'string') return readScalar(reader, type)
  const inner = type()
  const value = createDraft(inner)
  within(reader, () => readFields(reader, inner, value, depth + 1))
  return value
}

/** Reads a length and then as many bytes. */
function within(reader: WireReader, read: () => void): void {
  const length = reader.length()
  const outerEnd = reader.end
  reader.end = reader.offset + length
  read()
  reader.end = outerEnd
}

const wireTypes: { readonly [S in ScalarName]: number } = {
  string: 2,
  bytes: 2,
  int32: 0,
  uint32: 0,
  int64: 0,
  uint64: 0,
  float: 5,
  double: 1,
  bool: 0,
  fixed32: 5,
  dataType: 0,
}

function readScalar(reader: WireReader, type: ScalarName): Scalars[ScalarName] {
  return type === 'dataType' ? dataTypeOf(reader.int32()) : reader[type]()
}
