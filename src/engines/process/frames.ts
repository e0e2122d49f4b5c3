/**
 * How the serving process and the inference process speak, over one stream in both directions:
 *
 *   prefix  16 bytes   magic, header bytes, body bytes, 0 (uint32, little-endian)
 *   header  JSON       what the message is, and name, dtype and shape of each tensor; padded with spaces to 8 bytes
 *   body    raw bytes  the tensors' arrays, each padded to 8 bytes, so that every typed array can be a view of the frame;
 *                      of text first the offsets (uint32), then the bytes, whose number the header tells
 */
import type { Writable } from 'node:stream'
import type { AnyTensor, NamedAnyTensors } from '../../tensor/any-tensor.js'
import { type NumericType, typedArrays, wideArrays } from '../../tensor/dtype.js'
import { isComplex, sizeOf, type Tensor } from '../../tensor/tensor.js'

export interface Frame {
  /** As parsed from JSON: for the receiver to check. */
  readonly header: unknown
  readonly tensors: NamedAnyTensors
}

const magic = 0x76726372
const prefixBytes = 16

/** A header is names and shapes; a graph with thousands of constants stays far below this. */
const maxHeaderBytes = 16 * 2 ** 20
/** The largest ONNX model (2 GiB) with its constants; also what one Buffer of Node 20 can hold. */
const maxBodyBytes = 2 ** 32 - 2 ** 24 - 8

/** Below this, one copy into a joined buffer is cheaper than handing the pieces to writev. */
const joinBelowBytes = 32 * 2 ** 10

const padded = (byteLength: number): number => Math.ceil(byteLength / 8) * 8
const padding = new Uint8Array(8)

/** Tensors are not copied when large: do not write to them before the answer is there. */
export function writeFrame(out: Writable, header: object, tensors: NamedAnyTensors): void {
  const pieces = encodeFrame(header, tensors)
  const byteLength = pieces.reduce((sum, piece) => sum + piece.byteLength, 0)
  if (byteLength <= joinBelowBytes) {
    out.write(Buffer.concat(pieces, byteLength))
    return
  }
  out.cork()
  for (const piece of pieces) out.write(piece)
  out.uncork()
}

/** The bytes of a frame in pieces; those of the tensors are views. */
export function encodeFrame(header: object, tensors: NamedAnyTensors): Uint8Array[] {
  const entries = Object.entries(tensors)
  const described = { ...header, tensors: entries.map(describe) }
  const text = Buffer.from(JSON.stringify(described))
  const head = Buffer.alloc(prefixBytes + padded(text.length), ' ')
  const pieces: Uint8Array[] = [head]
  let bodyBytes = 0
  for (const array of entries.flatMap(([, value]) => arraysOf(value))) {
    pieces.push(new Uint8Array(array.buffer, array.byteOffset, array.byteLength))
    const rest = padded(array.byteLength) - array.byteLength
    if (rest > 0) pieces.push(padding.subarray(0, rest))
    bodyBytes += array.byteLength + rest
  }
  checkSizes(head.length - prefixBytes, bodyBytes)
  head.writeUInt32LE(magic, 0)
  head.writeUInt32LE(head.length - prefixBytes, 4)
  head.writeUInt32LE(bodyBytes, 8)
  head.writeUInt32LE(0, 12)
  text.copy(head, prefixBytes)
  return pieces
}

/**
 * Takes a stream in chunks of any size and gives its frames. A frame is put together in a buffer of its own size: each byte
 * is copied once, and the tensors are views of that buffer.
 * @throws Error from the returned function when the bytes are not frames; the stream is then of no more use.
 */
export function createFrameReader(onFrame: (frame: Frame) => void): (chunk: Uint8Array) => void {
  const prefix = Buffer.alloc(prefixBytes)
  let frame: Buffer | undefined
  let headerBytes = 0
  let filled = 0

  function finish(whole: Buffer): void {
    frame = undefined
    filled = 0
    onFrame(decodeFrame(whole, headerBytes))
  }

  return (chunk) => {
    let at = 0
    while (at < chunk.length) {
      const target = frame ?? prefix
      const taken = Math.min(chunk.length - at, target.length - filled)
      target.set(chunk.subarray(at, at + taken), filled)
      filled += taken
      at += taken
      if (filled < target.length) return
      if (frame) finish(frame)
      else {
        const sizes = readPrefix(prefix)
        headerBytes = sizes.headerBytes
        filled = 0
        // Not from Node's pool: that would begin at any offset, and views have to be aligned.
        frame = Buffer.allocUnsafeSlow(headerBytes + sizes.bodyBytes)
      }
    }
  }
}

function readPrefix(prefix: Buffer): { readonly headerBytes: number; readonly bodyBytes: number } {
  if (prefix.readUInt32LE(0) !== magic || prefix.readUInt32LE(12) !== 0)
    throw corrupt('it has no magic number')
  const headerBytes = prefix.readUInt32LE(4)
  const bodyBytes = prefix.readUInt32LE(8)
  checkSizes(headerBytes, bodyBytes)
  return { headerBytes, bodyBytes }
}

function checkSizes(headerBytes: number, bodyBytes: number): void {
  if (headerBytes === 0 || headerBytes % 8 !== 0 || headerBytes > maxHeaderBytes) {
    throw corrupt(`its header has ${headerBytes} bytes (at most ${maxHeaderBytes})`)
  }
  if (bodyBytes % 8 !== 0 || bodyBytes > maxBodyBytes) {
    throw corrupt(`its body has ${bodyBytes} bytes (at most ${maxBodyBytes})`)
  }
}

const describe = ([name, { dtype, shape, data }]: [string, AnyTensor]) =>
  'offsets' in data ? [name, dtype, shape, data.bytes.byteLength] : [name, dtype, shape]

const arraysOf = ({ data }: AnyTensor): readonly ArrayBufferView[] =>
  'offsets' in data ? [data.offsets, data.bytes] : [data]

function decodeFrame(frame: Buffer, headerBytes: number): Frame {
  const header: unknown = JSON.parse(frame.toString('utf8', 0, headerBytes))
  const descriptions = (header as { readonly tensors?: unknown } | null)?.tensors
  if (!Array.isArray(descriptions)) throw corrupt('its header lists no tensors')
  let at = headerBytes
  /** Lends the next bytes of the body. */
  const take = (byteLength: number, name: string): number => {
    if (byteLength > frame.length - at) throw corrupt(`tensor '${name}' passes its end`)
    const begin = frame.byteOffset + at
    at += padded(byteLength)
    return begin
  }
  const tensors = descriptions.map((described) => {
    const description = checkDescription(described)
    return [description.name, viewOf(frame.buffer as ArrayBuffer, description, take)] as const
  })
  if (at !== frame.length) throw corrupt(`it has ${frame.length - at} bytes more than its tensors`)
  return { header, tensors: Object.fromEntries(tensors) }
}

function viewOf(
  buffer: ArrayBuffer,
  { name, dtype, shape, textBytes }: Description,
  take: (byteLength: number, name: string) => number,
): AnyTensor {
  // A product of sizes that passes 2^53 is inexact, but then far beyond any frame.
  const length = sizeOf(shape)
  if (dtype === 'string') {
    const offsets = new Uint32Array(buffer, take(4 * (length + 1), name), length + 1)
    const bytes = new Uint8Array(buffer, take(textBytes, name), textBytes)
    const isAscending = offsets.every((offset, i) => (i === 0 ? offset === 0 : offset >= offsets[i - 1]!))
    if (!isAscending || offsets[length] !== textBytes)
      throw corrupt(`tensor '${name}' has offsets beyond its text`)
    return { dtype, shape, data: { length, bytes, offsets } }
  }
  const Values = { ...typedArrays, ...wideArrays }[dtype]
  const count = isComplex(dtype) ? 2 * length : length
  const data = new Values(buffer, take(count * Values.BYTES_PER_ELEMENT, name), count)
  return { dtype, shape, data } as Tensor<NumericType>
}

interface Description {
  readonly name: string
  readonly dtype: AnyTensor['dtype']
  readonly shape: readonly number[]
  /** Of text only. */
  readonly textBytes: number
}

function checkDescription(description: unknown): Description {
  const [name, dtype, shape, textBytes = 0] = Array.isArray(description) ? (description as unknown[]) : []
  if (typeof name !== 'string' || typeof dtype !== 'string' || !Array.isArray(shape)) {
    throw corrupt('a tensor has no name, dtype or shape')
  }
  const isKnown = dtype === 'string' || Object.hasOwn(typedArrays, dtype) || Object.hasOwn(wideArrays, dtype)
  if (!isKnown) throw corrupt(`tensor '${name}' has an unknown dtype`)
  const isSize = (size: unknown): size is number => Number.isSafeInteger(size) && (size as number) >= 0
  if (!shape.every(isSize) || !isSize(textBytes))
    throw corrupt(`tensor '${name}' has a shape that is not of sizes`)
  return { name, dtype: dtype as AnyTensor['dtype'], shape, textBytes }
}

const corrupt = (what: string): Error => new Error(`a corrupt frame: ${what}`)
