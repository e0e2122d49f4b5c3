/** The rows of a checkpoint's index, checked against each other and against the shards (tensor_bundle.cc, BundleReader). */
import { isUtf8 } from 'node:buffer'
import { RecserveError } from '../../core/errors.js'
import type { DataTypeName } from '../tensorflow/data-type.js'
import { decodeMessage } from '../tensorflow/decode-message.js'
import { toFullShape } from '../tensorflow/tensor-shape.js'
import { type BundleEntryProto, entryType, headerType, type TensorSliceProto } from './bundle-types.js'
import { toSliceKey } from './ordered-code.js'
import type { ShardFile } from './shard-file.js'
import { isCover } from './sliced-tensor.js'
import { type StoredTensor, toStoredTensor } from './stored-tensor.js'
import { parseTable, type TableRow } from './table.js'
import { type Box, type Extent, toBox } from './tensor-slice.js'

interface TensorHead {
  readonly dtype: DataTypeName
  readonly shape: readonly number[]
}

/** Where a tensor lies: in one place, or in pieces. */
export type IndexedTensor = TensorHead &
  ({ readonly stored: StoredTensor } | { readonly pieces: readonly IndexedPiece[] })

export interface IndexedPiece {
  readonly box: Box
  readonly stored: StoredTensor
}

export interface IndexOptions {
  /** Base name of the file, for messages. */
  readonly name: string
  readonly openShard: (shard: number, count: number) => ShardFile
}

/** More pieces than any variable has; each is compared with each. */
const maxPieces = 4096

/** @throws RecserveError `data_loss` for an index or a shard that is damaged; as `openShard` */
export function parseIndex(bytes: Uint8Array, options: IndexOptions): ReadonlyMap<string, IndexedTensor> {
  const [header, ...rows] = parseTable(bytes, options.name)
  const shardCount = readShardCount(header, options.name)
  const slices = new Map(rows.filter(({ key }) => key.startsWith('\0')).map(({ key, value }) => [key, value]))
  const context: Context = {
    name: options.name,
    slices,
    openShard: (shard) => {
      if (shard < 0 || shard >= shardCount) fail(options.name, `names shard ${shard} of ${shardCount}`)
      return options.openShard(shard, shardCount)
    },
  }
  const tensors = new Map<string, IndexedTensor>()
  for (const { key, value } of rows) {
    if (key.startsWith('\0')) continue
    const tensorName = toName(key, options.name)
    tensors.set(tensorName, toIndexedTensor(tensorName, readEntry(value, options.name), context))
  }
  return tensors
}

interface Context {
  readonly name: string
  /** Bytes of entries by the key of the slice. */
  readonly slices: ReadonlyMap<string, Uint8Array>
  readonly openShard: (shard: number) => ShardFile
}

/** The header is the row whose key is empty. */
function readShardCount(row: TableRow | undefined, name: string): number {
  if (row?.key !== '') fail(name, 'has no header')
  const { shardCount, endianness } = decodeMessage(headerType, row.value, name)
  if (endianness !== 0) fail(name, 'was written by a big-endian machine, which recserve cannot read')
  if (shardCount < 1) fail(name, `has ${shardCount} shards`)
  return shardCount
}

function readEntry(value: Uint8Array, name: string): BundleEntryProto {
  return decodeMessage(entryType, value, name)
}

function toIndexedTensor(tensorName: string, entry: BundleEntryProto, context: Context): IndexedTensor {
  const { name, openShard } = context
  const what = `'${tensorName.slice(0, 200)}'`
  const shape = toFullShape(entry.shape, name, what)
  const { dtype } = entry
  if (entry.slices.length === 0) {
    return { dtype, shape, stored: toStoredTensor(entry, { name, what, openShard }) }
  }
  if (entry.slices.length > maxPieces) fail(name, `${what} has more than ${maxPieces} pieces`)
  const pieces = entry.slices.map((slice): IndexedPiece => {
    const extents = toExtents(slice, name)
    const box = toBox(extents, shape) ?? fail(name, `a piece of ${what} does not lie in its shape [${shape}]`)
    const value =
      context.slices.get(toSliceKey(tensorName, extents)) ?? fail(name, `a piece of ${what} is missing`)
    const stored = toStoredTensor(readEntry(value, name), { name, what: `a piece of ${what}`, openShard })
    if (stored.dtype !== dtype || stored.shape.join() !== box.lengths.join()) {
      const found = `${stored.dtype} of shape [${stored.shape}]`
      fail(name, `a piece of ${what} is ${found}, not ${dtype} of shape [${box.lengths}]`)
    }
    return { box, stored }
  })
  const boxes = pieces.map(({ box }) => box)
  if (!isCover(boxes, shape)) fail(name, `the pieces of ${what} do not make up its shape [${shape}]`)
  return { dtype, shape, pieces }
}

function toExtents({ extents }: TensorSliceProto, name: string): readonly Extent[] {
  return extents.map(({ start, length }) => {
    if (typeof start === 'bigint' || typeof length === 'bigint') fail(name, 'a piece lies beyond 2^53')
    return length === undefined ? { start } : { start, length }
  })
}

function toName(key: string, name: string): string {
  const bytes = Buffer.from(key, 'latin1')
  return isUtf8(bytes) ? bytes.toString('utf8') : fail(name, 'the name of a variable is not UTF-8')
}

function fail(name: string, text: string): never {
  throw new RecserveError('data_loss', `${name}: ${text}`)
}
