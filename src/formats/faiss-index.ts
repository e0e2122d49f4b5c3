/**
 * Index files of faiss (faiss/impl/index_write.cpp, index_read.cpp) that keep whole vectors: flat ones, ones with an id
 * map, and inverted lists. Plain data comes out; searching is `ann/`'s.
 */
import type { Matrix } from '../tensor/matrix.js'
import { ByteReader } from './byte-reader.js'
import { readFaissLists, readFloats, type Turn } from './faiss-lists.js'
import { type FileBytesOptions, readFileBytes } from './file-bytes.js'
import { createTurns } from './turns.js'

/** What is largest, or smallest: the inner product, the squared Euclidean distance. */
export type FaissMetric = 'inner_product' | 'l2'

export interface FaissIndex {
  readonly metric: FaissMetric
  /** [count, width], list after list where there are lists, in the file's order. */
  readonly vectors: Matrix
  /** The id of each vector: `count` integers from 0 to 2^53 - 1, repeats possible. */
  readonly ids: Float64Array
  /** How the vectors are parted; absent in a flat index. */
  readonly lists?: FaissLists
}

export interface FaissLists {
  /** How many lists a search looks into: from 1 to the number of lists. */
  readonly nprobe: number
  /** [lists, width]: a search looks into the lists whose centroids are best by `metric`. */
  readonly centroids: Matrix
  /** What centroids are chosen by. It is the quantizer's own, and may differ from the index's. */
  readonly metric: FaissMetric
  /** `lists + 1` ascending positions: list i is rows `offsets[i]` up to `offsets[i + 1]` of `vectors`. */
  readonly offsets: Float64Array
}

interface FlatVectors {
  readonly metric: FaissMetric
  readonly vectors: Matrix
}

interface Header {
  readonly width: number
  readonly count: bigint
  readonly isTrained: boolean
  readonly metric: FaissMetric
}

const flatTypes: Readonly<Record<string, FaissMetric | undefined>> = { IxFI: 'inner_product', IxF2: 'l2' }
const isFlat = (type: string) => type === 'IxFl' || Object.hasOwn(flatTypes, type)
/** By the part of a file that has a type of its own. */
const supported = {
  index: 'IwFl (IVFFlat over a flat quantizer), IxFI, IxF2, IxFl (flat), IxMp and IxM2 (id map over flat)',
  quantizer: 'IxFI, IxF2 and IxFl (flat)',
  'mapped index': 'IxFI, IxF2 and IxFl (flat)',
} as const

/** faiss/MetricType.h; those that come with an argument in the file cannot be searched here. */
const metrics: Readonly<Record<number, string>> = {
  ...{ 0: 'inner_product', 1: 'l2', 2: 'L1', 3: 'Linf', 4: 'Lp', 20: 'Canberra', 21: 'BrayCurtis' },
  ...{ 22: 'JensenShannon', 23: 'Jaccard', 24: 'NaNEuclidean', 25: 'GOWER' },
}
/** faiss's own bound. */
const maxWidth = 2 ** 20

/** @throws RecserveError as `readFileBytes` and `parseFaissIndex` */
export async function readFaissIndex(path: string, options: FileBytesOptions): Promise<FaissIndex> {
  const { bytes, name } = await readFileBytes(path, options)
  return parseFaissIndex(bytes, name, createTurns(options.signal))
}

/**
 * @param name the file's base name, for messages
 * @param turn called between pieces of work: 1M vectors of width 64 take 0.3 s
 * @throws RecserveError `data_loss` where bytes are broken or left over (faiss would ignore those; it never writes any);
 * `failed_precondition` for what faiss can write and this cannot read, by its four letters
 */
export async function parseFaissIndex(
  bytes: Uint8Array,
  name: string,
  turn = createTurns(),
): Promise<FaissIndex> {
  const reader = new ByteReader(bytes, name)
  const index = await parseIndex(reader, turn)
  if (reader.remaining > 0) reader.fail(`${reader.remaining} bytes are left over behind the index`)
  return index
}

async function parseIndex(reader: ByteReader, turn: Turn): Promise<FaissIndex> {
  const type = reader.text(4, 'index type')
  if (isFlat(type)) {
    const { metric, vectors } = await parseFlat(reader, type, turn)
    const ids = new Float64Array(vectors.rows)
    for (let row = 0; row < ids.length; row++) ids[row] = row
    return { metric, vectors, ids }
  }
  if (type === 'IwFl') return parseInvertedFile(reader, turn)
  if (type === 'IxMp' || type === 'IxM2') return parseIdMap(reader, turn)
  return refuseType(reader, type, 'index')
}

/** What follows the four letters of a flat index. */
async function parseFlat(reader: ByteReader, type: string, turn: Turn): Promise<FlatVectors> {
  const { width, count, metric } = parseHeader(reader)
  const named = flatTypes[type]
  if (named && named !== metric) reader.fail(`an ${type} index with metric ${metric}`)
  const at = reader.offset
  // Counted in floats, not vectors and not bytes ("XB vectors" of faiss/impl/io_macros.h).
  const length = reader.count('flat vectors', 4)
  if (BigInt(length) !== count * BigInt(width)) {
    reader.fail(`${length} values for ${count} vectors of width ${width}`, at)
  }
  const values = new Float32Array(length)
  await readFloats(reader, values, turn)
  return { metric, vectors: { rows: Number(count), columns: width, values } }
}

async function parseIdMap(reader: ByteReader, turn: Turn): Promise<FaissIndex> {
  const { width, count, metric } = parseHeader(reader)
  const at = reader.offset
  const type = reader.text(4, 'index type')
  if (!isFlat(type)) refuseType(reader, type, 'mapped index')
  const inner = await parseFlat(reader, type, turn)
  const { rows, columns } = inner.vectors
  if (BigInt(rows) !== count || columns !== width || inner.metric !== metric) {
    const says = `${count} vectors of width ${width} by ${metric}`
    reader.fail(`an id map over ${says} holds ${rows} of width ${columns} by ${inner.metric}`, at)
  }
  const mapAt = reader.offset
  const length = reader.count('id map', 8)
  if (length !== rows) reader.fail(`${length} ids for ${rows} vectors`, mapAt)
  const ids = new Float64Array(length)
  reader.safeIntegers(ids, 'id')
  return { ...inner, ids }
}

async function parseInvertedFile(reader: ByteReader, turn: Turn): Promise<FaissIndex> {
  const { width, count, isTrained, metric } = parseHeader(reader)
  const lists = reader.uint64('number of lists')
  const probesAt = reader.offset
  const probes = reader.uint64('nprobe')
  const quantizerAt = reader.offset
  const type = reader.text(4, 'quantizer type')
  if (!isFlat(type)) refuseType(reader, type, 'quantizer')
  const quantizer = await parseFlat(reader, type, turn)
  const centroids = quantizer.vectors
  if (!isTrained) reader.fail('the index has not been trained', quantizerAt, 'failed_precondition')
  if (BigInt(centroids.rows) !== lists || centroids.columns !== width) {
    const found = `${centroids.rows} centroids of width ${centroids.columns}`
    reader.fail(`${found} for ${lists} lists of vectors of width ${width}`, quantizerAt)
  }
  if (probes === 0n) reader.fail('nprobe is 0: no list would be searched', probesAt, 'failed_precondition')
  skipDirectMap(reader)
  const { offsets, ids, vectors } = await readFaissLists(
    reader,
    { lists: centroids.rows, count, width },
    turn,
  )
  const nprobe = probes < lists ? Number(probes) : centroids.rows
  return { metric, vectors, ids, lists: { nprobe, centroids, metric: quantizer.metric, offsets } }
}

function parseHeader(reader: ByteReader): Header {
  const at = reader.offset
  const width = reader.int32('width')
  if (width < 1 || width > maxWidth) reader.fail(`width ${width} is not from 1 to ${maxWidth}`, at)
  const count = reader.uint64('number of vectors')
  reader.skip(16, 'header') // two numbers that mean nothing
  const trainedAt = reader.offset
  const isTrained = reader.uint8('header')
  if (isTrained > 1) reader.fail(`${isTrained} is neither true nor false`, trainedAt)
  const metricAt = reader.offset
  const code = reader.int32('metric')
  const metric = metrics[code]
  if (metric === 'inner_product' || metric === 'l2') {
    return { width, count, isTrained: isTrained === 1, metric }
  }
  if (metric === undefined) reader.fail(`there is no metric ${code}`, metricAt)
  const text = `metric ${metric} is not supported: inner product and L2 are`
  return reader.fail(text, metricAt, 'failed_precondition')
}

/** A way from ids to places in the lists, for faiss's `reconstruct`. */
function skipDirectMap(reader: ByteReader): void {
  const at = reader.offset
  const type = reader.uint8('direct map')
  if (type > 2) reader.fail(`there is no direct map ${type}`, at)
  reader.skip(8 * reader.count('direct map', 8), 'direct map')
  if (type === 2) reader.skip(16 * reader.count('direct map', 16), 'direct map')
}

function refuseType(reader: ByteReader, type: string, what: keyof typeof supported): never {
  const at = reader.offset - 4
  // All of faiss's types begin so; `null` stands for an index that is not there.
  if (!/^I[A-Za-z0-9]{3}$|^null$/.test(type)) reader.fail(`'${type}' is not the type of a faiss ${what}`, at)
  return reader.fail(
    `${what} type ${type} is not supported; supported are ${supported[what]}`,
    at,
    'failed_precondition',
  )
}
