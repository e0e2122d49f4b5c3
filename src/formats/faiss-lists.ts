/** Inverted lists of a faiss index file (faiss/impl/index_read.cpp, `read_InvertedLists_up`): vectors by the nearest centroid. */
import type { Matrix } from '../tensor/matrix.js'
import type { ByteReader } from './byte-reader.js'

export interface ParsedLists {
  /** `lists + 1` ascending positions. */
  readonly offsets: Float64Array
  readonly ids: Float64Array
  /** [count, width], list after list. */
  readonly vectors: Matrix
}

/** What the index said before its lists. */
interface Expected {
  /** At most as many as there are centroids, so already known to be bounded by the file. */
  readonly lists: number
  readonly count: bigint
  readonly width: number
}

/** Lets other work of this process have its turn, where it is due. */
export type Turn = () => Promise<void>

/** Floats copied in one go: 1 ms, or 2 where memory is touched for the first time. */
const pieceLength = 2 ** 18

/** @throws RecserveError as `parseFaissIndex` */
export async function readFaissLists(
  reader: ByteReader,
  expected: Expected,
  turn: Turn,
): Promise<ParsedLists> {
  const { width } = expected
  const sizes = readSizes(reader, expected)
  const offsets = new Float64Array(sizes.length + 1)
  for (const [list, size] of sizes.entries()) offsets[list + 1] = offsets[list]! + size
  const count = offsets[sizes.length]!
  const ids = new Float64Array(count)
  const values = new Float32Array(count * width)
  for (let list = 0; list < sizes.length; list++) {
    const [begin, end] = [offsets[list]!, offsets[list + 1]!]
    await readFloats(reader, values.subarray(begin * width, end * width), turn)
    reader.safeIntegers(ids.subarray(begin, end), 'id in a list')
  }
  return { offsets, ids, vectors: { rows: count, columns: width, values } }
}

export async function readFloats(reader: ByteReader, target: Float32Array, turn: Turn): Promise<void> {
  for (let at = 0; at < target.length; at += pieceLength) {
    reader.float32s(target.subarray(at, at + pieceLength), 'vectors')
    await turn()
  }
}

/** Vectors in each list; all of them are known to have room in the rest of the file. */
function readSizes(reader: ByteReader, { lists, count, width }: Expected): Float64Array {
  const at = reader.offset
  const type = reader.text(4, 'inverted lists')
  if (type !== 'ilar') refuseLists(reader, type)
  const [found, codeBytes] = [reader.uint64('number of lists'), reader.uint64('bytes of a vector')]
  if (found !== BigInt(lists) || codeBytes !== BigInt(4 * width)) {
    const expected = `${lists} lists of ${4 * width} bytes a vector`
    reader.fail(`${found} lists of ${codeBytes} bytes a vector, not the ${expected} of the index`, at)
  }
  const sizesAt = reader.offset
  const sizes = readSizeTable(reader, lists)
  const total = sizes.reduce((sum, size) => sum + size, 0n)
  if (total !== count) reader.fail(`the lists hold ${total} vectors, the index says ${count}`, sizesAt)
  if (total * BigInt(4 * width + 8) > BigInt(reader.remaining)) {
    reader.fail(
      `${total} vectors of width ${width} do not fit into the ${reader.remaining} bytes left`,
      sizesAt,
    )
  }
  return Float64Array.from(sizes, Number)
}

/** Either all sizes (`full`), or pairs of list and size where most lists are empty (`sprs`). */
function readSizeTable(reader: ByteReader, lists: number): BigUint64Array {
  const sizes = new BigUint64Array(lists)
  const at = reader.offset
  const encoding = reader.text(4, 'list sizes')
  const length = reader.count('list sizes', 8)
  if (encoding === 'full') {
    if (length !== lists) reader.fail(`${length} sizes for ${lists} lists`, at)
    for (let list = 0; list < lists; list++) sizes[list] = reader.uint64('list size')
  } else if (encoding === 'sprs') {
    if (length % 2 === 1) reader.fail(`${length} numbers are no pairs of list and size`, at)
    let next = 0n
    for (let pair = 0; pair < length / 2; pair++) {
      const pairAt = reader.offset
      const list = reader.uint64('list number')
      if (list < next || list >= sizes.length) {
        reader.fail(`list ${list} is not from ${next} to ${lists - 1}`, pairAt)
      }
      sizes[Number(list)] = reader.uint64('list size')
      next = list + 1n
    }
  } else {
    reader.fail(`list sizes are 'full' or 'sprs', not '${encoding}'`, at)
  }
  return sizes
}

function refuseLists(reader: ByteReader, type: string): never {
  const at = reader.offset - 4
  if (type === 'il00') {
    reader.fail('the inverted lists (il00) are not in the file', at, 'failed_precondition')
  }
  if (!/^il[A-Za-z0-9]{2}$/.test(type)) reader.fail(`'${type}' is not the type of inverted lists`, at)
  return reader.fail(
    `inverted lists ${type} are not supported; supported are ilar`,
    at,
    'failed_precondition',
  )
}
