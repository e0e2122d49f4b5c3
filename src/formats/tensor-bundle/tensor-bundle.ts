/** Reads TensorFlow's checkpoints of version 2, "tensor bundles" (tensorflow/core/util/tensor_bundle/tensor_bundle.h). */

import { RecserveError } from '../../core/errors.js'
import type { AnyTensor } from '../../tensor/any-tensor.js'
import { type DataType, typedArrays } from '../../tensor/dtype.js'
import type { ReadOptions } from '../chunked-file.js'
import { readFileBytes } from '../file-bytes.js'
import { type DataTypeName, isReadable } from '../tensorflow/data-type.js'
import { type IndexedTensor, parseIndex } from './bundle-index.js'
import { ShardFile } from './shard-file.js'
import { assemble } from './sliced-tensor.js'
import { readStoredTensor, type StoredTensor } from './stored-tensor.js'
import { type Box, intersect, parseExtents, toBox, wholeBox } from './tensor-slice.js'

export interface TensorBundleOptions extends ReadOptions {
  /** Whether tensors are compared with their checksums as they are read; the index always is. */
  readonly checksums: Checksums
}

export interface BundleEntry {
  readonly name: string
  readonly dtype: DataTypeName
  readonly shape: readonly number[]
  /** Whether it is stored in pieces: a partitioned variable. */
  readonly isSliced: boolean
}

/** Variables by name. Reading blocks: kernels that restore variables are synchronous. */
export interface TensorBundle {
  readonly entries: ReadonlyMap<string, BundleEntry>
  /**
   * The whole tensor, in memory of its own.
   *
   * @throws RecserveError `not_found` where there is none of this name; `data_loss`; `unimplemented` for a dtype without
   * values in files
   */
  read(name: string): AnyTensor
  /**
   * @param spec as RestoreV2 has it: the full shape and a slice, `10 4 0,5:-`, the slice alone, or '' for all of it
   * @throws RecserveError as `read`, and `invalid_argument` for a slice that does not lie in the tensor
   */
  readSlice(name: string, spec: string): AnyTensor
  /**
   * Where a tensor lies whose bytes in the file are those of its array: numbers, in one piece; undefined for others.
   *
   * @throws RecserveError `not_found` where there is none of this name
   */
  place(name: string): TensorPlace | undefined
}

/** The bytes of a tensor in a file, row-major and little-endian. */
export interface TensorPlace {
  readonly dtype: DataType
  readonly shape: readonly number[]
  readonly shard: ShardFile
  /** In bytes. */
  readonly offset: number
  readonly length: number
}

/** Whether tensors are compared with their checksums: all, none, or those of checkpoints below 64 MB. */
export type Checksums = boolean | 'small'

/** Comparing takes about as long as reading: some 0.4 s for 200 MB (bench/weights.ts). */
const smallBytes = 64 * 2 ** 20

/** Larger indexes than any model has: an entry takes about 100 bytes. */
const maxIndexBytes = 2 ** 28

/**
 * Opens the checkpoint of `<prefix>.index` and `<prefix>.data-00000-of-0000n`. All that the index says of places and sizes
 * is checked; tensors are not read yet.
 *
 * @throws RecserveError `not_found` for a missing file, `data_loss` for a damaged one, naming it
 */
export async function openTensorBundle(
  prefix: string,
  { checksums, ...options }: TensorBundleOptions,
): Promise<TensorBundle> {
  const { bytes, name } = await readFileBytes(`${prefix}.index`, { ...options, maxBytes: maxIndexBytes })
  const shards = new Map<number, ShardFile>()
  const openShard = (shard: number, count: number): ShardFile => {
    const known = shards.get(shard) ?? new ShardFile(`${prefix}.data-${digits(shard)}-of-${digits(count)}`)
    shards.set(shard, known)
    return known
  }
  const index = parseIndex(bytes, { name, openShard })
  const isChecked = checksums === 'small' ? byteLengthOf(index) < smallBytes : checksums
  return createBundle(index, { name, checksums: isChecked })
}

function byteLengthOf(index: ReadonlyMap<string, IndexedTensor>): number {
  const stored = [...index.values()].flatMap((found) =>
    'stored' in found ? [found.stored] : [...found.pieces].map((piece) => piece.stored),
  )
  return stored.reduce((sum, { size }) => sum + size, 0)
}

const digits = (value: number) => String(value).padStart(5, '0')

interface BundleContext {
  readonly name: string
  readonly checksums: boolean
}

function createBundle(index: ReadonlyMap<string, IndexedTensor>, context: BundleContext): TensorBundle {
  const { name, checksums } = context
  const find = (tensorName: string): IndexedTensor => {
    const found = index.get(tensorName)
    if (!found) throw new RecserveError('not_found', `${name}: has no variable '${tensorName}'`)
    return found
  }
  const read = (tensorName: string): AnyTensor => {
    const found = find(tensorName)
    if ('stored' in found) return readStoredTensor(found.stored, checksums)
    return readBox(found, wholeBox(found.shape), context)
  }
  const place = (tensorName: string): TensorPlace | undefined => {
    const found = find(tensorName)
    return 'stored' in found ? toPlace(found.stored) : undefined
  }
  const entries = new Map<string, BundleEntry>()
  for (const [tensorName, found] of index) {
    const { dtype, shape } = found
    entries.set(tensorName, { name: tensorName, dtype, shape, isSliced: 'pieces' in found })
  }
  return {
    entries,
    read,
    place,
    readSlice: (tensorName, spec) => {
      if (spec === '') return read(tensorName)
      const found = find(tensorName)
      return readBox(found, toWantedBox(spec, found.shape, `${name}: '${tensorName}'`), context)
    },
  }
}

/** Booleans are left out: any byte but 0 is true in a file, in an array only 1 is. */
function toPlace({ dtype, shape, shard, offset, size }: StoredTensor): TensorPlace | undefined {
  if (dtype === 'bool' || !Object.hasOwn(typedArrays, dtype)) return undefined
  return { dtype: dtype as DataType, shape, shard, offset, length: size }
}

/** Reads what lies in the box, and of the pieces only those that have a part in it. */
function readBox(found: IndexedTensor, box: Box, { name, checksums }: BundleContext): AnyTensor {
  const { dtype, shape } = found
  if (!isReadable(dtype)) {
    throw new RecserveError('unimplemented', `${name}: the dtype ${dtype} cannot be read`)
  }
  const pieces = 'pieces' in found ? found.pieces : [{ box: wholeBox(shape), stored: found.stored }]
  const needed = pieces.filter((piece) => intersect(box, piece.box))
  const parts = needed.map(({ box: itsBox, stored }) => ({
    box: itsBox,
    tensor: readStoredTensor(stored, checksums),
  }))
  return assemble(box, dtype, parts)
}

/** @param what for messages: the file and the tensor */
function toWantedBox(spec: string, shape: readonly number[], what: string): Box {
  const words = spec.split(' ')
  const fullShape = words.slice(0, -1)
  if (fullShape.length > 0 && fullShape.join(' ') !== shape.join(' ')) {
    const text = `has the shape [${shape}], but [${fullShape}] is asked for`
    throw new RecserveError('invalid_argument', `${what} ${text}`)
  }
  const extents = parseExtents(words.at(-1) ?? '')
  const box = extents && toBox(extents, shape)
  if (box) return box
  const text = `'${spec.slice(0, 100)}' is no slice of a tensor of shape [${shape}]`
  throw new RecserveError('invalid_argument', `${what}: ${text}`)
}
