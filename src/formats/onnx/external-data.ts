/** Which files beside it an ONNX model takes weights from (onnx.proto, TensorProto.external_data), without decoding the model. */
import { WireReader } from '../tensorflow/wire-reader.js'

type Message = 'model' | 'graph' | 'node' | 'attribute' | 'function' | 'sparse' | 'tensor'

/** Fields through which tensors are reached, by message: field numbers of onnx.proto3. */
const fields: Readonly<Record<Message, Readonly<Record<number, Message>>>> = {
  model: { 7: 'graph', 25: 'function' },
  graph: { 1: 'node', 5: 'tensor', 15: 'sparse' },
  node: { 5: 'attribute' },
  attribute: { 5: 'tensor', 6: 'graph', 10: 'tensor', 11: 'graph', 22: 'sparse', 23: 'sparse' },
  function: { 7: 'node', 11: 'attribute' },
  sparse: { 1: 'tensor', 2: 'tensor' },
  tensor: {},
}

/** Of TensorProto. */
const externalData = 13
const dataLocation = 14
const isExternal = 1

const lengthDelimited = 2
/** As deep as protobuf itself reads, which is what the runtime does. */
const maxDepth = 100

/**
 * The locations as the model writes them: they are of untrusted origin.
 *
 * @param name of the file, for messages
 * @throws RecserveError `data_loss` where the bytes are no protobuf message
 */
export function externalLocations(model: Uint8Array, name: string): ReadonlySet<string> {
  const locations = new Set<string>()
  scan(new WireReader(model, name), 'model', { locations, depth: 0 })
  return locations
}

interface Walk {
  readonly locations: Set<string>
  readonly depth: number
}

function scan(reader: WireReader, message: Message, walk: Walk): void {
  if (walk.depth > maxDepth) reader.fail('messages are nested too deep')
  if (message === 'tensor') {
    for (const location of tensorLocations(reader)) walk.locations.add(location)
    return
  }
  while (reader.offset < reader.end) {
    const tag = reader.tag()
    const inner = fields[message][tag >>> 3]
    if (inner === undefined || (tag & 7) !== lengthDelimited) reader.skip(tag & 7)
    else inside(reader, () => scan(reader, inner, { ...walk, depth: walk.depth + 1 }))
  }
}

/** The entries count only where the tensor says that its data lies elsewhere. */
function tensorLocations(reader: WireReader): readonly string[] {
  const locations: string[] = []
  let isElsewhere = false
  while (reader.offset < reader.end) {
    const tag = reader.tag()
    if (tag === externalData * 8 + lengthDelimited) inside(reader, () => locations.push(...location(reader)))
    else if (tag === dataLocation * 8) isElsewhere = reader.int32() === isExternal || isElsewhere
    else reader.skip(tag & 7)
  }
  return isElsewhere ? locations : []
}

/** Of a StringStringEntryProto: the value where the key is `location`. */
function location(reader: WireReader): readonly string[] {
  let key = ''
  let value = ''
  while (reader.offset < reader.end) {
    const tag = reader.tag()
    if (tag === 8 + lengthDelimited) key = reader.string()
    else if (tag === 16 + lengthDelimited) value = reader.string()
    else reader.skip(tag & 7)
  }
  return key === 'location' ? [value] : []
}

/** Reads the message that begins here, to its end. */
function inside(reader: WireReader, read: () => void): void {
  const { end } = reader
  const length = reader.length()
  reader.end = reader.offset + length
  read()
  reader.end = end
}
