/** PyTorch's form since 1.6 (torch/serialization.py, caffe2/serialize/inline_container.cc): a zip archive of a pickle and storages. */
import { RecserveError } from '../../core/errors.js'
import { objectBytesFor, PickleBudget } from '../pickle/budget.js'
import { oneLargeAtATime } from '../pickle/large-pickles.js'
import type { ConstructorTable } from '../pickle/machine.js'
import { parsePickleInTurns } from '../pickle/pickle.js'
import { PickleFault, type PickleValue } from '../pickle/value.js'
import { readZipDirectory, type ZipEntry } from '../zip-directory.js'
import { type ByteSource, readStored, type StoredBytes } from './byte-source.js'
import { TorchStorage, toStorageId } from './torch-storage.js'

export interface ZipFormOptions {
  readonly constructors: ConstructorTable
  readonly maxPickleBytes: number
  readonly turn: () => Promise<void>
}

/** Larger directories are refused: an entry takes some 120 bytes, a model has thousands at most. */
const maxDirectoryBytes = 16 * 2 ** 20
/**
 * Most bytes that an archive may have when its deflated files are unpacked: torch.save deflates nothing, and what is
 * unpacked is kept.
 */
const maxUnpackedBytes = 64 * 2 ** 20
const localSignature = 0x04034b50
const localHeaderBytes = 30

/** @param head the first bytes of a file */
export function isZipForm(head: Uint8Array): boolean {
  return head[0] === 0x50 && head[1] === 0x4b && head[2] === 3 && head[3] === 4
}

/**
 * What was saved. Storages are placed, and none is read. Checksums are not looked at, as PyTorch does not: it may write
 * files without (`torch.serialization.set_crc32_options`).
 *
 * @throws RecserveError `data_loss`; `failed_precondition` for TorchScript, other archives and what is too large
 */
export async function readZipForm(source: ByteSource, options: ZipFormOptions): Promise<PickleValue> {
  const archive = readArchive(source)
  const { name } = source
  const isBigEndian = await readIsBigEndian(archive)
  const pickle = locate(archive, 'data.pkl')
  if (pickle.byteLength > options.maxPickleBytes) {
    const text = `${name}: has a pickle of ${pickle.byteLength} bytes, more than the ${options.maxPickleBytes} it may have`
    throw new RecserveError('failed_precondition', text)
  }
  const storages = new Map<string, TorchStorage>()
  return oneLargeAtATime(pickle.byteLength, async () =>
    parsePickleInTurns(await readStored(pickle, 0, pickle.byteLength), name, {
      constructors: options.constructors,
      budget: new PickleBudget(objectBytesFor(Math.min(pickle.byteLength, source.size))),
      turn: options.turn,
      fromPersistentId: (id) => toStorage(id, { archive, storages, isBigEndian }),
    }),
  )
}

interface Archive {
  readonly source: ByteSource
  /** By name within the archive's one folder. */
  readonly entries: ReadonlyMap<string, ZipEntry>
  /** Files that have been looked for. */
  readonly located: Map<string, StoredBytes>
  /** Of those that are deflated, together. */
  unpackedBytes: number
}

function readArchive(source: ByteSource): Archive {
  const { name, size } = source
  const length = Math.min(size, maxDirectoryBytes)
  const found = readZipDirectory(source.read(size - length, length), name, size - length)
  const folder = /^([^/]*\/)data\.pkl$/.exec(
    found.find((entry) => /^[^/]*\/data\.pkl$/.test(entry.name))?.name ?? '',
  )?.[1]
  if (folder === undefined) {
    const text = `${name}: is a zip archive without data.pkl, so nothing that torch.save wrote`
    throw new RecserveError('failed_precondition', text)
  }
  const entries = new Map<string, ZipEntry>()
  for (const entry of found) {
    if (!entry.name.startsWith(folder)) continue
    const inside = entry.name.slice(folder.length)
    if (entries.has(inside)) fail(source, `has ${JSON.stringify(entry.name.slice(0, 80))} twice`)
    entries.set(inside, entry)
  }
  if (entries.has('constants.pkl')) {
    const text = `${name}: is a TorchScript archive (torch.jit.save), whose code cannot be run; save its state_dict with torch.save`
    throw new RecserveError('failed_precondition', text)
  }
  return { source, entries, located: new Map(), unpackedBytes: 0 }
}

async function readIsBigEndian(archive: Archive): Promise<boolean> {
  if (!archive.entries.has('byteorder')) return false
  const stored = locate(archive, 'byteorder')
  const order =
    stored.byteLength < 16 && Buffer.from(await readStored(stored, 0, stored.byteLength)).toString('latin1')
  if (order !== 'little' && order !== 'big')
    fail(archive.source, 'has a byteorder that is neither little nor big')
  return order === 'big'
}

interface StorageContext {
  readonly archive: Archive
  readonly storages: Map<string, TorchStorage>
  readonly isBigEndian: boolean
}

function toStorage(id: PickleValue, { archive, storages, isBigEndian }: StorageContext): TorchStorage {
  const { key, dtype, count } = toStorageId(id)
  const known = storages.get(key)
  // Tensors of one storage may see it as of different dtypes; each has then a storage object of its own.
  if (known && known.dtype === dtype && known.count === count) return known
  const storage = new TorchStorage(dtype, count, isBigEndian)
  const stored = locate(archive, `data/${key}`)
  if (stored.byteLength < storage.byteLength) {
    const text = `has ${stored.byteLength} bytes in storage ${key}, where ${storage.byteLength} are due`
    throw new PickleFault(text)
  }
  storage.place(stored)
  storages.set(key, storage)
  return storage
}

/** Where a file's bytes are. */
function locate(archive: Archive, name: string): StoredBytes {
  const known = archive.located.get(name)
  if (known) return known
  const stored = find(archive, name)
  archive.located.set(name, stored)
  if (stored.isDeflated) archive.unpackedBytes += stored.byteLength
  if (archive.unpackedBytes <= maxUnpackedBytes) return stored
  const text = `${archive.source.name}: has deflated files that unpack to more than ${maxUnpackedBytes} bytes, up to ${name}; torch.save does not deflate: pack it anew without compression (zip -0)`
  throw new RecserveError('resource_exhausted', text)
}

/** Where a file's bytes are, behind a header of its own. */
function find({ source, entries }: Archive, name: string): StoredBytes {
  const entry = entries.get(name)
  if (!entry) return fail(source, `has no ${name}`)
  const { offset, packedSize, size, method, isEncrypted } = entry
  if (isEncrypted || (method !== 0 && method !== 8)) {
    const text = `${source.name}: ${name} is ${isEncrypted ? 'encrypted' : `packed by method ${method}`}; stored (0) and deflate (8) work`
    throw new RecserveError('failed_precondition', text)
  }
  if (method === 0 && size !== packedSize) fail(source, `has two sizes of ${name}: ${size} and ${packedSize}`)
  if (offset + localHeaderBytes > source.size) return fail(source, `has ${name} beyond its end`)
  const header = Buffer.from(source.read(offset, localHeaderBytes))
  if (header.readUInt32LE(0) !== localSignature) fail(source, `has no header of ${name} at byte ${offset}`)
  const begin = offset + localHeaderBytes + header.readUInt16LE(26) + header.readUInt16LE(28)
  if (begin + packedSize > source.size) fail(source, `ends within ${name}`)
  return { source, offset: begin, packedBytes: packedSize, byteLength: size, isDeflated: method === 8 }
}

function fail({ name }: ByteSource, text: string): never {
  throw new RecserveError('data_loss', `${name}: ${text}`)
}
