import { setImmediate } from 'node:timers/promises'
import { promisify } from 'node:util'
import { inflateRaw as inflateRawWithCallback, type ZlibOptions } from 'node:zlib'
import { RecserveError } from '../../core/errors.js'

/** Untrusted bytes that are read in parts: a file, or bytes within a file. */
export interface ByteSource {
  /** Base name of the file, for messages. */
  readonly name: string
  readonly size: number
  /**
   * Bytes that lie in the source.
   *
   * @throws RecserveError `data_loss` where the file has changed or cannot be read
   */
  read(offset: number, length: number): Uint8Array<ArrayBuffer>
}

/** Bytes of a source, possibly deflated. */
export interface StoredBytes {
  readonly source: ByteSource
  /** Where they begin. */
  readonly offset: number
  readonly packedBytes: number
  /** Unpacked. */
  readonly byteLength: number
  readonly isDeflated: boolean
}

const inflateRaw = promisify(inflateRawWithCallback) as (
  packed: Uint8Array,
  options: ZlibOptions,
) => Promise<Uint8Array>

/** Read at once: some 10 ms. */
const chunkBytes = 16 * 2 ** 20

export function createMemorySource(bytes: Uint8Array, name: string): ByteSource {
  return {
    name,
    size: bytes.length,
    read: (offset, length) => new Uint8Array(bytes.subarray(offset, offset + length)),
  }
}

/**
 * Bytes `begin` up to `end` of what is stored, in memory of their own, read in slices of time.
 *
 * @throws RecserveError `data_loss`
 */
export async function readStored(
  stored: StoredBytes,
  begin: number,
  end: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const { source, offset, isDeflated } = stored
  if (isDeflated) {
    const unpacked = await unpackedOnce(stored)
    return new Uint8Array(unpacked.subarray(begin, end))
  }
  return readRange(source, offset + begin, offset + end)
}

/** Kept as long as the place is: many tensors may view one storage. */
const unpackedOf = new WeakMap<StoredBytes, Promise<Uint8Array>>()

function unpackedOnce(stored: StoredBytes): Promise<Uint8Array> {
  const known = unpackedOf.get(stored)
  if (known) return known
  const { source, offset, packedBytes } = stored
  const unpacked = readRange(source, offset, offset + packedBytes).then((packed) => inflate(packed, stored))
  unpackedOf.set(stored, unpacked)
  return unpacked
}

async function readRange(source: ByteSource, begin: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
  if (end - begin <= chunkBytes) return source.read(begin, end - begin)
  const bytes = new Uint8Array(end - begin)
  for (let at = begin; at < end; at += chunkBytes) {
    bytes.set(source.read(at, Math.min(chunkBytes, end - at)), at - begin)
    await setImmediate()
  }
  return bytes
}

/** No more than it is said to have is ever unpacked. */
async function inflate(packed: Uint8Array, { source, byteLength }: StoredBytes): Promise<Uint8Array> {
  let unpacked: Uint8Array
  try {
    unpacked = await inflateRaw(packed, { maxOutputLength: byteLength + 1 })
  } catch (cause) {
    const text = `${source.name}: holds deflated bytes that are damaged, or more than they are said to be`
    throw new RecserveError('data_loss', text, { cause })
  }
  if (unpacked.length === byteLength) return unpacked
  const text = `${source.name}: holds deflated bytes that are ${unpacked.length}, not the ${byteLength} they are said to be`
  throw new RecserveError('data_loss', text)
}
