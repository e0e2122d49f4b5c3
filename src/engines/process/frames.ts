/**
 * How the serving process and the inference process speak, over one stream in both directions:
 *
 *   prefix  16 bytes   magic, header bytes, body bytes, 0 (uint32, little-endian)
 *   header  JSON       what the message is, and name, dtype and shape of each tensor; padded with spaces to 8 bytes
 *   body    raw bytes  the tensors, each padded to 8 bytes, so that every typed array can be a view of the frame
 */
import type { Writable } from 'node:stream'
import { type DataType, type TypedArray, typedArrays } from '../../tensor/dtype.js'
import type { NamedTensors, Tensor } from '../../tensor/tensor.js'

export interface Frame {
  /** As parsed from JSON: for the receiver to check. */
  readonly header: unknown
  readonly tensors: NamedTensors
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
export function writeFrame(out: Writable, header: object, tensors: NamedTensors): void {
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
export function encodeFrame(header: object, tensors: NamedTensors): Uint8Array[] {
  const entries = Object.entries(tensors)
  const described = { ...header, tensors: entries.map(([name, { dtype, shape }]) => [name, dtype, shape]) }
  const text = Buffer.from(JSON.stringify(described))
  const head = Buffer.alloc(prefixBytes + padded(text.length), ' ')
  const pieces: Uint8Array[] = [head]
  let bodyBytes = 0
  for (const [, { data }] of entries) {
    pieces.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    const rest = padded(data.byteLength) - data.byteLength
    if (rest > 0) pieces.push(padding.subarray(0, rest))
    bodyBytes += data.byteLength + rest
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

function decodeFrame(frame: Buffer, headerBytes: number): Frame {
  const header: unknown = JSON.parse(frame.toString('utf8', 0, headerBytes))
  const descriptions = (header as { readonly tensors?: unknown } | null)?.tensors
  if (!Array.isArray(descriptions)) throw corrupt('its header lists no tensors')
  const tensors: [string, Tensor][] = []
  let at = headerBytes
  for (const description of descriptions) {
    const { name, dtype, shape, count } = checkDescription(description)
    const Values = typedArrays[dtype]
    const byteLength = count * Values.BYTES_PER_ELEMENT
    if (byteLength > frame.length - at) throw corrupt(`tensor '${name}' passes its end`)
    const data: TypedArray = new Values(frame.buffer as ArrayBuffer, frame.byteOffset + at, count)
    tensors.push([name, { dtype, shape, data }])
    at += padded(byteLength)
  }
  if (at !== frame.length) throw corrupt(`it has ${frame.length - at} bytes more than its tensors`)
  return { header, tensors: Object.fromEntries(tensors) }
}

function checkDescription(description: unknown): {
  readonly name: string
  readonly dtype: DataType
  readonly shape: readonly number[]
  readonly count: number
} {
  const [name, dtype, shape] = Array.isArray(description) ? (description as unknown[]) : []
  if (typeof name !== 'string' || typeof dtype !== 'string' || !Array.isArray(shape)) {
    throw corrupt('a tensor has no name, dtype or shape')
  }
  if (!Object.hasOwn(typedArrays, dtype)) throw corrupt(`tensor '${name}' has an unknown dtype`)
  const isSize = (size: unknown): size is number => Number.isSafeInteger(size) && (size as number) >= 0
  if (!shape.every(isSize)) throw corrupt(`tensor '${name}' has a shape that is not of sizes`)
  // A product of sizes that passes 2^53 is inexact, but then far beyond any frame.
  const count = shape.reduce((product, size) => product * size, 1)
  return { name, dtype: dtype as DataType, shape, count }
}

const corrupt = (what: string): Error => new Error(`a corrupt frame: ${what}`)
