/** Zip archives (APPNOTE.TXT 6.3.10) of untrusted origin, in memory: stored and deflated files. Names are keys, never paths. */

import { promisify } from 'node:util'
import { crc32, inflateRaw } from 'node:zlib'
import { type Code, RecserveError } from '../core/errors.js'
import { readZipDirectory, type ZipEntry } from './zip-directory.js'

export interface ZipOptions {
  /** Most that all files may have together, unpacked. */
  readonly maxBytes: number
  /** Which files are wanted, by name; the others stay packed and do not count. All unless given. */
  readonly isWanted?: (name: string) => boolean
}

const inflate = promisify(inflateRaw)
const localSignature = 0x04034b50
const localHeaderBytes = 30

/**
 * The files of an archive by name, in its order. Sizes are known to fit before anything is unpacked.
 *
 * @param name of the archive, for messages
 * @throws RecserveError `data_loss` for a damaged one, `failed_precondition` for one that is encrypted, too large or
 * packed in another way
 */
export async function unpackZip(
  archive: Uint8Array,
  name: string,
  { maxBytes, isWanted = () => true }: ZipOptions,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const entries = readZipDirectory(archive, name).filter((entry) => isWanted(entry.name))
  let total = 0
  for (const { size } of entries) total += size
  if (total > maxBytes) {
    const text = `${name}: unpacks to ${total} bytes, more than the ${maxBytes} it may have`
    throw new RecserveError('failed_precondition', text)
  }
  const files = new Map<string, Uint8Array>()
  for (const entry of entries) {
    if (files.has(entry.name)) fail(name, entry, 'is there twice')
    files.set(entry.name, await unpack(archive, name, entry))
  }
  return files
}

async function unpack(archive: Uint8Array, name: string, entry: ZipEntry): Promise<Uint8Array> {
  const packed = packedBytes(archive, name, entry)
  if (entry.isEncrypted) fail(name, entry, 'is encrypted', 'failed_precondition')
  const bytes = await unpackBytes(packed, name, entry)
  if (bytes.length !== entry.size)
    fail(name, entry, `has ${bytes.length} bytes, not the ${entry.size} it is said to`)
  if (crc32(bytes) !== entry.crc) fail(name, entry, 'does not fit its checksum')
  return bytes
}

/** The file's bytes in the archive, behind a header of its own that repeats what the directory says. */
function packedBytes(archive: Uint8Array, name: string, entry: ZipEntry): Uint8Array {
  const view = new DataView(archive.buffer, archive.byteOffset, archive.byteLength)
  const { offset, packedSize } = entry
  if (offset + localHeaderBytes > archive.length || view.getUint32(offset, true) !== localSignature) {
    fail(name, entry, `has no header at byte ${offset}`)
  }
  const begin =
    offset + localHeaderBytes + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true)
  if (begin + packedSize > archive.length)
    fail(name, entry, `ends beyond the archive, at byte ${begin + packedSize}`)
  return archive.subarray(begin, begin + packedSize)
}

async function unpackBytes(packed: Uint8Array, name: string, entry: ZipEntry): Promise<Uint8Array> {
  if (entry.method === 0) return packed
  if (entry.method !== 8) {
    return fail(
      name,
      entry,
      `is packed by method ${entry.method}; stored (0) and deflate (8) work`,
      'failed_precondition',
    )
  }
  try {
    // One byte beyond what it is said to have, so that a larger one is told from one that fits.
    return await inflate(packed, { maxOutputLength: entry.size + 1 })
  } catch (cause) {
    return fail(
      name,
      entry,
      'cannot be unpacked: its bytes are damaged, or more than it is said to have',
      'data_loss',
      cause,
    )
  }
}

function fail(
  archive: string,
  entry: ZipEntry,
  text: string,
  code: Code = 'data_loss',
  cause?: unknown,
): never {
  throw new RecserveError(code, `${archive}: ${JSON.stringify(entry.name)} ${text}`, { cause })
}
