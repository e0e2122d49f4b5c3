/** Writes an ONNX ModelProto: field numbers of onnx.proto3 (github.com/onnx/onnx/blob/main/onnx/onnx.proto3). */
import protobuf from 'protobufjs/minimal.js'
import { RecserveError } from '../../core/errors.js'
import type { Tensor } from '../../tensor/tensor.js'
import type { ExternalTensor, OnnxAttribute, OnnxGraph, OnnxModel, OnnxNode, OnnxValueInfo } from './model.js'
import { onnxTypes } from './model.js'

type Writer = protobuf.Writer

/** The IR version that came with operator set 21 (ONNX 1.16). */
const irVersion = 10
const defaultOpset = 21

/** A protobuf message, and so a model with its weights inside, ends at 2 GiB. */
const maxBytes = 2 ** 31 - 1

/**
 * The bytes of a model. Weights are copied once, when the bytes are put together.
 * @throws RecserveError `failed_precondition` when they would pass protobuf's 2 GiB.
 */
export function encodeModel(model: OnnxModel): Uint8Array {
  const { initialisers, external, ...graph } = model.graph
  const rest = protobuf.Writer.create()
  writeGraph(rest, graph)
  // The writer's own buffer grows by copying: weights stay out of it.
  const weights = Object.entries({ ...initialisers, ...external }).flatMap(([name, value]) =>
    toWeightParts(value, name),
  )
  const parts = [rest.finish(), ...weights]
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  const head = toHead(model)
  checkSize(head.len + length, graph.name)
  return concat([head.uint32(tag(7, bytes)).uint32(length).finish(), ...parts])
}

/** All of a ModelProto but its graph. */
function toHead(model: OnnxModel): Writer {
  const out = protobuf.Writer.create()
  out.uint32(tag(1, varint)).int64(irVersion)
  string(out, 2, 'recserve')
  for (const domain of new Set(['', ...domainsOf(model.graph)])) {
    message(out, 8, () => {
      string(out, 1, domain)
      out.uint32(tag(2, varint)).int64(domain === '' ? (model.opset ?? defaultOpset) : 1)
    })
  }
  return out
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

/** A field of the graph, in parts of which the last is the weight's own memory. */
function toWeightParts(value: Tensor | ExternalTensor, name: string): readonly Uint8Array[] {
  const out = protobuf.Writer.create()
  writeTensorHead(out, value, name)
  const raw = 'data' in value ? rawBytes(value, name) : undefined
  if (raw) out.uint32(tag(9, bytes)).uint32(raw.length)
  else writePlace(out, value as ExternalTensor)
  const fields = out.finish()
  const length = fields.length + (raw?.length ?? 0)
  const field = protobuf.Writer.create().uint32(tag(5, bytes)).uint32(length).finish()
  return raw ? [field, fields, raw] : [field, fields]
}

/** Operator sets the nodes name, in subgraphs too. */
function domainsOf(graph: OnnxGraph): readonly string[] {
  return graph.nodes.flatMap((node) => {
    const attributes = Object.values(node.attributes ?? {})
    const inner = attributes.flatMap((value) => ('graph' in value ? domainsOf(value.graph) : []))
    return [node.domain ?? '', ...inner]
  })
}

function checkSize(byteLength: number, name: string): void {
  if (byteLength <= maxBytes) return
  throw new RecserveError(
    'failed_precondition',
    `'${name}' is ${byteLength} bytes; an ONNX model holds ${maxBytes} at most`,
  )
}

function writeGraph(out: Writer, graph: OnnxGraph): void {
  for (const node of graph.nodes) message(out, 1, () => writeNode(out, node))
  string(out, 2, graph.name)
  for (const [name, value] of Object.entries({ ...graph.initialisers, ...graph.external })) {
    message(out, 5, () => {
      writeTensorHead(out, value, name)
      if ('data' in value) out.uint32(tag(9, bytes)).bytes(rawBytes(value, name))
      else writePlace(out, value)
    })
  }
  for (const input of graph.inputs) message(out, 11, () => writeValueInfo(out, input))
  for (const output of graph.outputs) message(out, 12, () => writeValueInfo(out, output))
}

function writeNode(out: Writer, node: OnnxNode): void {
  // A left-out optional input is written as an empty string: inputs go by position.
  for (const input of node.inputs) string(out, 1, input)
  for (const output of node.outputs) string(out, 2, output)
  if (node.name) string(out, 3, node.name)
  string(out, 4, node.op)
  for (const [name, value] of Object.entries(node.attributes ?? {})) {
    message(out, 5, () => {
      string(out, 1, name)
      const type = writeAttributeValue(out, value)
      out.uint32(tag(20, varint)).int32(type)
    })
  }
  if (node.domain) string(out, 7, node.domain)
}

/** Returns the AttributeProto.AttributeType of what it wrote. */
function writeAttributeValue(out: Writer, value: OnnxAttribute): number {
  if ('float' in value) {
    out.uint32(tag(2, fixed32)).float(value.float)
    return 1
  }
  if ('int' in value) {
    out.uint32(tag(3, varint)).int64(value.int)
    return 2
  }
  if ('string' in value) {
    string(out, 4, value.string)
    return 3
  }
  if ('tensor' in value) {
    message(out, 5, () => {
      writeTensorHead(out, value.tensor, '')
      out.uint32(tag(9, bytes)).bytes(rawBytes(value.tensor, ''))
    })
    return 4
  }
  if ('graph' in value) {
    message(out, 6, () => writeGraph(out, value.graph))
    return 5
  }
  if ('floats' in value) {
    for (const float of value.floats) out.uint32(tag(7, fixed32)).float(float)
    return 6
  }
  if ('ints' in value) {
    for (const int of value.ints) out.uint32(tag(8, varint)).int64(int)
    return 7
  }
  for (const text of value.strings) string(out, 9, text)
  return 8
}

function writeTensorHead(out: Writer, value: Tensor | ExternalTensor, name: string): void {
  for (const size of value.shape) out.uint32(tag(1, varint)).int64(size)
  out.uint32(tag(2, varint)).int32(onnxTypes[value.dtype])
  if (name) string(out, 8, name)
}

/** raw_data, which is little-endian, as is every machine the runtime is built for. */
function rawBytes({ data: { buffer, byteOffset, byteLength } }: Tensor, name: string): Uint8Array {
  checkSize(byteLength, name)
  return new Uint8Array(buffer, byteOffset, byteLength)
}

/** external_data, and data_location EXTERNAL. */
function writePlace(out: Writer, { location, offset, length }: ExternalTensor): void {
  for (const [key, value] of Object.entries({ location, offset, length })) {
    message(out, 13, () => {
      string(out, 1, key)
      string(out, 2, String(value))
    })
  }
  out.uint32(tag(14, varint)).int32(1)
}

function writeValueInfo(out: Writer, value: OnnxValueInfo): void {
  const writeDimension = (size: number | string): void => {
    if (typeof size === 'number') out.uint32(tag(1, varint)).int64(size)
    else string(out, 2, size)
  }
  const writeShape = (): void => {
    for (const size of value.shape ?? []) message(out, 1, () => writeDimension(size))
  }
  const writeTensorType = (): void => {
    out.uint32(tag(1, varint)).int32(onnxTypes[value.dtype])
    if (value.shape) message(out, 2, writeShape)
  }
  string(out, 1, value.name)
  message(out, 2, () => message(out, 1, writeTensorType))
}

// Wire types of protobuf (protobuf.dev/programming-guides/encoding).
const varint = 0
const bytes = 2
const fixed32 = 5

const tag = (field: number, wireType: number): number => (field << 3) | wireType

function string(out: Writer, field: number, text: string): void {
  out.uint32(tag(field, bytes)).string(text)
}

function message(out: Writer, field: number, write: () => void): void {
  out.uint32(tag(field, bytes)).fork()
  write()
  out.ldelim()
}
