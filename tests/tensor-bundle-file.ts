/** Writes checkpoints as TensorFlow does (tensor_bundle.cc, BundleWriter; leveldb's table format), and wrong ones. */
import protobuf from 'protobufjs/minimal.js'
import { crc32c, maskCrc } from '../src/formats/tensor-bundle/crc32c.js'

export interface TableOptions {
  /** Bytes of the type and what is done to a block; none unless given. */
  readonly compression?: { readonly type: number; readonly compress: (block: Buffer) => Buffer }
  /** Rows of a block; all unless given. */
  readonly blockRows?: number
  /** How often a row has its whole key; every 16th time unless given. */
  readonly restartEvery?: number
}

type Row = readonly [key: string, value: Uint8Array]

const varint = (value: number) => protobuf.Writer.create().uint32(value).finish()
const u32 = (value: number) => Buffer.from(Uint32Array.of(value).buffer)

/** A block: rows with prefixes left out, restarts. */
export function blockBytes(rows: readonly Row[], restartEvery = 16): Buffer {
  const parts: Uint8Array[] = []
  const restarts: Uint8Array[] = []
  let at = 0
  for (const [i, [key, value]] of rows.entries()) {
    let shared = 0
    if (i % restartEvery === 0) restarts.push(u32(at))
    else while (shared < key.length && key[shared] === rows[i - 1]![0][shared]) shared++
    const fresh = Buffer.from(key.slice(shared), 'latin1')
    const row = Buffer.concat([varint(shared), varint(fresh.length), varint(value.length), fresh, value])
    parts.push(row)
    at += row.length
  }
  return Buffer.concat([...parts, ...restarts, u32(restarts.length)])
}

/** Rows as they are given, in order or not; keys are bytes, one character each. */
export function tableBytes(rows: readonly Row[], options: TableOptions = {}): Buffer {
  const parts: Buffer[] = []
  let at = 0
  const add = (block: Buffer): Buffer => {
    const { compression } = options
    const type = Buffer.of(compression?.type ?? 0)
    const contents = compression ? compression.compress(block) : block
    const handle = Buffer.concat([varint(at), varint(contents.length)])
    parts.push(contents, type, u32(maskCrc(crc32c(Buffer.concat([contents, type])))))
    at += contents.length + 5
    return handle
  }
  const { blockRows = Math.max(1, rows.length) } = options
  const index: Row[] = []
  for (let i = 0; i < rows.length; i += blockRows) {
    const some = rows.slice(i, i + blockRows)
    index.push([some.at(-1)![0], add(blockBytes(some, options.restartEvery))])
  }
  const meta = add(blockBytes([]))
  const handles = Buffer.concat([meta, add(blockBytes(index))])
  const magic = Buffer.from('57fb808b247547db', 'hex')
  return Buffer.concat([...parts, handles, Buffer.alloc(40 - handles.length), magic])
}

export interface EntryFields {
  /** DataType number. */
  readonly dtype: number
  readonly shape: readonly number[]
  readonly shard?: number
  readonly offset?: number
  readonly size?: number
  /** Masked. */
  readonly crc?: number
  /** Start and length of each dimension, of each slice. */
  readonly slices?: readonly (readonly (readonly [number, number])[])[]
}

export function entryBytes({
  dtype,
  shape,
  shard = 0,
  offset = 0,
  size = 0,
  crc = 0,
  slices = [],
}: EntryFields): Uint8Array {
  const out = protobuf.Writer.create()
  out.uint32(8).int32(dtype).uint32(18).fork()
  for (const length of shape) out.uint32(18).fork().uint32(8).int64(length).ldelim()
  out.ldelim().uint32(24).int32(shard).uint32(32).int64(offset).uint32(40).int64(size).uint32(53).fixed32(crc)
  for (const extents of slices) {
    out.uint32(58).fork()
    for (const [start, length] of extents) {
      out.uint32(10).fork().uint32(8).int64(start)
      if (length >= 0) out.uint32(16).int64(length)
      out.ldelim()
    }
    out.ldelim()
  }
  return out.finish()
}

export function headerBytes(shards = 1, endianness = 0): Uint8Array {
  return protobuf.Writer.create().uint32(8).int32(shards).uint32(16).int32(endianness).finish()
}

/** A string tensor's bytes and its masked checksum. */
export function stringTensorBytes(texts: readonly string[]): {
  readonly bytes: Buffer
  readonly crc: number
} {
  const elements = texts.map((text) => Buffer.from(text))
  const ofLengths = crc32c(Buffer.concat(elements.map(({ length }) => u32(length))))
  const checksum = u32(maskCrc(ofLengths))
  const strings = Buffer.concat(elements)
  return {
    bytes: Buffer.concat([...elements.map(({ length }) => varint(length)), checksum, strings]),
    crc: maskCrc(crc32c(strings, crc32c(checksum, ofLengths))),
  }
}
