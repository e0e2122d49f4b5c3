/**
 * Reads LevelDB's table format (github.com/google/leveldb/blob/main/doc/table_format.md), which TensorFlow keeps a copy of
 * (tsl/lib/io/table.cc, format.cc): sorted keys with values, in checksummed blocks.
 */
import { RecserveError } from '../../core/errors.js'
import { crc32c, maskCrc } from './crc32c.js'
import { decompressSnappy } from './snappy.js'

export interface TableRow {
  /** Bytes, one character each. */
  readonly key: string
  readonly value: Uint8Array
}

/** Two block handles, padded, and the magic number. */
const footerBytes = 48
const magic = 0xdb4775248b80fb57n
/** A byte for the compression, four for the checksum. */
const trailerBytes = 5
const maxKeyBytes = 2 ** 16

interface Source {
  readonly bytes: Uint8Array
  readonly fail: (text: string) => never
  /** What keys may still take: each may repeat all of the one before it in three bytes. */
  keyBytesLeft: number
}

/**
 * Every row of a table, in the order of keys.
 *
 * @param name the file's base name, for messages
 * @throws RecserveError `data_loss` that names the file
 */
export function parseTable(bytes: Uint8Array, name: string): readonly TableRow[] {
  const fail = (text: string): never => {
    throw new RecserveError('data_loss', `${name}: ${text}`)
  }
  if (bytes.length < footerBytes) fail(`has ${bytes.length} bytes, too few for a checkpoint's index`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (view.getBigUint64(bytes.length - 8, true) !== magic)
    fail('is no index of a checkpoint: the magic number is wrong')
  const source: Source = { bytes, fail, keyBytesLeft: 2 ** 24 + 16 * bytes.length }
  const footer = new Cursor(bytes.subarray(bytes.length - footerBytes, bytes.length - 8), fail)
  readHandle(footer) // The meta index, which TensorFlow leaves empty.
  const index = readBlock(source, readHandle(footer))
  const rows: TableRow[] = []
  for (const entry of blockRows(source, index)) {
    for (const row of blockRows(source, readBlock(source, readHandle(new Cursor(entry.value, fail))))) {
      // So no block is read twice, too.
      const before = rows.at(-1)
      if (before && row.key <= before.key) fail('keys are not in order')
      rows.push(row)
    }
  }
  return rows
}

interface Handle {
  readonly offset: number
  readonly size: number
}

function readHandle(cursor: Cursor): Handle {
  return { offset: cursor.varint(), size: cursor.varint() }
}

function readBlock({ bytes, fail }: Source, { offset, size }: Handle): Uint8Array {
  const end = offset + size
  if (end + trailerBytes > bytes.length - footerBytes) {
    fail(`a block of ${size} bytes at byte ${offset} does not lie in the file`)
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (view.getUint32(end + 1, true) !== maskCrc(crc32c(bytes.subarray(offset, end + 1)))) {
    fail(`the checksum of the block at byte ${offset} does not match`)
  }
  const contents = bytes.subarray(offset, end)
  const compression = bytes[end]!
  if (compression === 0) return contents
  if (compression === 1) return decompressSnappy(contents, fail)
  return fail(`the block at byte ${offset} has the unknown compression ${compression}`)
}

/** Rows, then the offsets of restarts (rows with their whole key) and how many there are. */
function* blockRows(source: Source, block: Uint8Array): Generator<TableRow> {
  const { fail } = source
  if (block.length < 4) fail('a block has no end')
  const view = new DataView(block.buffer, block.byteOffset, block.length)
  const end = block.length - 4 - 4 * view.getUint32(block.length - 4, true)
  if (end < 0) fail('a block has more restarts than it has room for')
  const cursor = new Cursor(block.subarray(0, end), fail)
  let key = ''
  while (cursor.remaining > 0) {
    const shared = cursor.varint()
    const fresh = cursor.varint()
    const valueBytes = cursor.varint()
    if (shared > key.length) fail('a key repeats more than the key before it has')
    source.keyBytesLeft -= shared + fresh
    if (shared + fresh > maxKeyBytes || source.keyBytesLeft < 0) fail('keys are too long')
    key = key.slice(0, shared) + latin1(cursor.take(fresh))
    yield { key, value: cursor.take(valueBytes) }
  }
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
}

/** Reads from front to back. */
class Cursor {
  readonly #bytes: Uint8Array
  readonly #fail: (text: string) => never
  #offset = 0

  constructor(bytes: Uint8Array, fail: (text: string) => never) {
    this.#bytes = bytes
    this.#fail = fail
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset
  }

  varint(): number {
    let value = 0
    for (let scale = 1; scale <= 2 ** 49; scale *= 128) {
      const byte = this.#bytes[this.#offset++]
      if (byte === undefined) break
      value += (byte & 0x7f) * scale
      if (byte < 0x80 && Number.isSafeInteger(value)) return value
    }
    return this.#fail('a number in a block has no end')
  }

  take(length: number): Uint8Array {
    if (length > this.remaining) this.#fail('a row does not lie in its block')
    const at = this.#offset
    this.#offset += length
    return this.#bytes.subarray(at, this.#offset)
  }
}
