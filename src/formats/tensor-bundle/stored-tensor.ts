/** One run of bytes in a shard, and the tensor it is. */

import { RecserveError } from '../../core/errors.js'
import type { AnyTensor } from '../../tensor/any-tensor.js'
import type { StringTensor } from '../../tensor/strings.js'
import { sizeOf } from '../../tensor/tensor.js'
import { type DataTypeName, isReadable } from '../tensorflow/data-type.js'
import { readLengths, toStringsOfLengths } from '../tensorflow/string-list.js'
import { elementBytes, fromBytes } from '../tensorflow/tensor-bytes.js'
import { toFullShape } from '../tensorflow/tensor-shape.js'
import type { BundleEntryProto } from './bundle-types.js'
import { crc32c, maskCrc } from './crc32c.js'
import type { ShardFile } from './shard-file.js'

export interface StoredTensor {
  /** For messages. */
  readonly what: string
  readonly dtype: DataTypeName
  readonly shape: readonly number[]
  readonly shard: ShardFile
  readonly offset: number
  readonly size: number
  /** Masked. */
  readonly crc: number
}

export interface StoredTensorOptions {
  /** Base name of the index, for messages. */
  readonly name: string
  readonly what: string
  readonly openShard: (shard: number) => ShardFile
}

/** Checks that an entry's bytes lie in its shard, and are as many as its shape needs. */
export function toStoredTensor(
  entry: BundleEntryProto,
  { name, what, openShard }: StoredTensorOptions,
): StoredTensor {
  const fail = (text: string): never => {
    throw new RecserveError('data_loss', `${name}: ${what} ${text}`)
  }
  const { dtype, offset, size } = entry
  const shape = toFullShape(entry.shape, name, what)
  const isExact = typeof offset === 'number' && typeof size === 'number' && offset >= 0 && size >= 0
  if (!isExact) return fail(`lies at byte ${offset} and has ${size} bytes`)
  if (isReadable(dtype) && dtype !== 'string') {
    const expected = sizeOf(shape) * elementBytes(dtype)
    if (size !== expected) fail(`has ${size} bytes, but ${dtype} of shape [${shape}] has ${expected}`)
  }
  const shard = openShard(entry.shard)
  if (offset + size > shard.size) {
    const text = `is cut short: it has ${shard.size} bytes, but ${what} ends at byte ${offset + size}`
    throw new RecserveError('data_loss', `${shard.name}: ${text}`)
  }
  return { what, dtype, shape, shard, offset, size, crc: entry.crc32c }
}

/**
 * @throws RecserveError `data_loss`, and with `checksums` where they do not match; `unimplemented` for a dtype that cannot
 * be read
 */
export function readStoredTensor(stored: StoredTensor, checksums: boolean): AnyTensor {
  const { dtype, shape, shard, what } = stored
  if (!isReadable(dtype)) {
    const text = `${what} has the dtype ${dtype}, which recserve cannot read`
    throw new RecserveError('unimplemented', `${shard.name}: ${text}`)
  }
  const bytes = shard.read(stored.offset, stored.size)
  if (dtype === 'string') return toStringTensor(stored, bytes, checksums)
  if (checksums && maskCrc(crc32c(bytes)) !== stored.crc) failChecksum(stored)
  return fromBytes(dtype, shape, bytes)
}

/**
 * Lengths as varints, a checksum of the lengths, the strings end to end (tensor_bundle.cc, WriteStringTensor). The
 * checksums are not of the varints but of the lengths as 32-bit numbers.
 */
function toStringTensor(stored: StoredTensor, bytes: Uint8Array, checksums: boolean): StringTensor {
  const fail = (text: string): never => {
    throw new RecserveError('data_loss', `${stored.shard.name}: ${stored.what}: ${text}`)
  }
  const { lengths, total, end } = readLengths(bytes, sizeOf(stored.shape), fail)
  const begin = end + 4
  if (begin + total !== bytes.length) {
    fail(`its strings have ${total} bytes, but ${Math.max(0, bytes.length - begin)} are there`)
  }
  const strings = bytes.slice(begin)
  if (checksums) {
    const ofLengths = crc32c(new Uint8Array(lengths.buffer))
    const stated = bytes.subarray(end, begin)
    const isRight =
      new DataView(stated.buffer, stated.byteOffset, 4).getUint32(0, true) === maskCrc(ofLengths)
    if (!isRight || maskCrc(crc32c(strings, crc32c(stated, ofLengths))) !== stored.crc) failChecksum(stored)
  }
  return { dtype: 'string', shape: stored.shape, data: toStringsOfLengths(lengths, strings) }
}

function failChecksum({ shard, what, offset }: StoredTensor): never {
  const text = `the checksum of ${what} does not match (at byte ${offset}): the file has been changed or damaged`
  throw new RecserveError('data_loss', `${shard.name}: ${text}`)
}
