/** The table of contents at the end of a zip archive, zip64 included. */

import { RecserveError } from '../core/errors.js'

/** One file, as the directory describes it. */
export interface ZipEntry {
  readonly name: string
  readonly method: number
  readonly isEncrypted: boolean
  readonly crc: number
  readonly packedSize: number
  /** Unpacked. */
  readonly size: number
  /** Where the file's own header begins. */
  readonly offset: number
}

/** More are refused: each costs far more memory than its 46 bytes. */
const maxEntries = 65_536
const endBytes = 22
const maxCommentBytes = 0xffff
const endSignature = 0x06054b50
const end64Signature = 0x06064b50
const locator64Signature = 0x07064b50
const entrySignature = 0x02014b50
const entryBytes = 46
const in64 = 0xffffffff

interface Archive {
  readonly name: string
  /** Place in the archive of the first byte at hand. */
  readonly base: number
  readonly view: DataView
  readonly bytes: Uint8Array
}

/**
 * @param bytes the archive, or its end, which holds the directory
 * @param base place in the archive of the first of them
 * @throws RecserveError `data_loss`; `failed_precondition` for an archive in several parts or of too many files
 */
export function readZipDirectory(bytes: Uint8Array, name: string, base = 0): readonly ZipEntry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const archive = { name, base, bytes, view }
  const { count, offset, end } = findDirectory(archive)
  if (count > maxEntries) {
    throw new RecserveError('failed_precondition', `${name}: has ${count} files, more than ${maxEntries}`)
  }
  const entries: ZipEntry[] = []
  let at = offset
  for (let i = 0; i < count; i++) {
    const { entry, next } = readEntry(archive, at, end)
    entries.push(entry)
    at = next
  }
  return entries
}

function findDirectory(archive: Archive): { count: number; offset: number; end: number } {
  const { view, bytes } = archive
  const first = Math.max(0, bytes.length - endBytes - maxCommentBytes)
  let at = bytes.length - endBytes
  while (at >= first && !isEnd(view, at)) at--
  if (at < first) return fail(archive, 'is no zip archive, or its end is missing')
  if (view.getUint16(at + 4, true) !== 0 || view.getUint16(at + 6, true) !== 0) {
    const is64 = view.getUint16(at + 4, true) === 0xffff
    if (!is64)
      throw new RecserveError(
        'failed_precondition',
        `${archive.name}: is a part of an archive in several parts`,
      )
  }
  const end64 = findEnd64(archive, at)
  const count = end64 === undefined ? view.getUint16(at + 10, true) : uint64(archive, end64 + 32)
  const place = end64 === undefined ? view.getUint32(at + 16, true) : uint64(archive, end64 + 48)
  const offset = place - archive.base
  const end = end64 ?? at
  if (offset < 0 || offset > end || count * entryBytes > end - offset)
    fail(archive, `has a directory of ${count} files at byte ${place}`)
  return { count, offset, end }
}

/** Whether the end record begins here: its comment reaches to the end of the archive. */
function isEnd(view: DataView, at: number): boolean {
  return (
    view.getUint32(at, true) === endSignature &&
    at + endBytes + view.getUint16(at + 20, true) === view.byteLength
  )
}

/** Where the zip64 end record begins, if there is one. */
function findEnd64(archive: Archive, end: number): number | undefined {
  const { view } = archive
  const locator = end - 20
  if (locator < 0 || view.getUint32(locator, true) !== locator64Signature) return undefined
  const at = uint64(archive, locator + 8) - archive.base
  if (at < 0 || at + 56 > locator || view.getUint32(at, true) !== end64Signature)
    return fail(archive, `has no zip64 end at byte ${at + archive.base}`)
  return at
}

function readEntry(archive: Archive, at: number, end: number): { entry: ZipEntry; next: number } {
  const { view, bytes } = archive
  if (at + entryBytes > end || view.getUint32(at, true) !== entrySignature) {
    return fail(archive, `has no directory entry at byte ${at}`)
  }
  const flags = view.getUint16(at + 8, true)
  const nameEnd = at + entryBytes + view.getUint16(at + 28, true)
  const extraEnd = nameEnd + view.getUint16(at + 30, true)
  const next = extraEnd + view.getUint16(at + 32, true)
  if (next > end) return fail(archive, `has a directory entry at byte ${at} that does not end`)
  const sizes = wideSizes(archive, { at, extra: nameEnd, extraEnd })
  const entry = {
    name: decodeName(bytes.subarray(at + entryBytes, nameEnd), (flags & 0x800) !== 0),
    method: view.getUint16(at + 10, true),
    isEncrypted: (flags & 1) !== 0,
    crc: view.getUint32(at + 16, true),
    ...sizes,
  }
  return { entry, next }
}

/** Sizes and place; those that do not fit 32 bits are in the zip64 extra field, in this order. */
function wideSizes(
  archive: Archive,
  { at, extra, extraEnd }: { at: number; extra: number; extraEnd: number },
) {
  const { view } = archive
  let wide = find64(archive, extra, extraEnd)
  const read = (place: number): number => {
    const value = view.getUint32(place, true)
    if (value !== in64 || wide === undefined) return value
    if (wide.at + 8 > wide.end) return fail(archive, `has a zip64 field that is too short at byte ${wide.at}`)
    const found = uint64(archive, wide.at)
    wide = { at: wide.at + 8, end: wide.end }
    return found
  }
  const size = read(at + 24)
  const packedSize = read(at + 20)
  return { size, packedSize, offset: read(at + 42) }
}

/** The content of the zip64 extra field. */
function find64({ view }: Archive, extra: number, extraEnd: number): { at: number; end: number } | undefined {
  for (let at = extra; at + 4 <= extraEnd; ) {
    const end = at + 4 + view.getUint16(at + 2, true)
    if (end > extraEnd) return undefined
    if (view.getUint16(at, true) === 1) return { at: at + 4, end }
    at = end
  }
  return undefined
}

/** Names without the UTF-8 flag are of a code page nobody knows; ASCII is the same in all. */
function decodeName(bytes: Uint8Array, isUtf8: boolean): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString(isUtf8 ? 'utf8' : 'latin1')
}

/** Beyond 2^53 it is no size of anything here, rounded or not. */
function uint64({ view }: Archive, at: number): number {
  return Number(view.getBigUint64(at, true))
}

function fail({ name }: Archive, text: string): never {
  throw new RecserveError('data_loss', `${name}: ${text}`)
}
