/** Writes index files as faiss does (faiss/impl/index_write.cpp), and wrong ones: every part can be given. */
import type { Matrix } from '../src/tensor/matrix.js'

export interface FlatIndex {
  /** Four letters; `IxFI` unless given. */
  readonly type?: string
  /** faiss/MetricType.h; 0, the inner product, unless given. */
  readonly metric?: number
  /** Number of vectors the header tells, where that is a lie. */
  readonly count?: number | bigint
  readonly width?: number
  readonly isTrained?: number
  readonly vectors: Matrix
}

export interface InvertedFile {
  readonly type?: string
  readonly metric?: number
  readonly count?: number | bigint
  readonly isTrained?: number
  readonly nprobe?: number | bigint
  /** Number of lists the header tells, where that is a lie. */
  readonly lists?: number | bigint
  readonly quantizer: FlatIndex
  readonly width: number
  /** `\0` and an empty array unless given. */
  readonly directMap?: Buffer
  readonly members: readonly Members[]
  readonly encoding?: 'full' | 'sprs'
}

/** A list: ids and as many vectors. */
export interface Members {
  readonly ids: readonly (number | bigint)[]
  readonly values: readonly number[]
}

export const ascii = (text: string): Buffer => Buffer.from(text, 'latin1')
export const u8 = (value: number): Buffer => Buffer.of(value)
export const i32 = (value: number): Buffer => Buffer.from(Int32Array.of(value).buffer)
export const u64 = (...values: readonly (number | bigint)[]): Buffer =>
  Buffer.from(BigUint64Array.from(values, BigInt).buffer)
export const f32 = (values: Iterable<number>): Buffer => Buffer.from(Float32Array.from(values).buffer)

interface Header {
  readonly width: number
  readonly count: number | bigint
  readonly isTrained?: number | undefined
  readonly metric?: number | undefined
}

export function header({ width, count, isTrained = 1, metric = 0 }: Header): Buffer {
  const argument = metric > 1 ? f32([0]) : u8(0).subarray(1)
  return Buffer.concat([i32(width), u64(count, 1 << 20, 1 << 20), u8(isTrained), i32(metric), argument])
}

export function flatIndex({ type = 'IxFI', vectors, ...given }: FlatIndex): Buffer {
  const { rows, columns, values } = vectors
  return Buffer.concat([
    ascii(type),
    header({ count: rows, width: columns, ...given }),
    u64(values.length),
    f32(values),
  ])
}

export function idMap(inner: FlatIndex, ids: readonly (number | bigint)[], type = 'IxMp'): Buffer {
  const { rows, columns } = inner.vectors
  const head = header({ count: rows, width: columns, metric: inner.metric })
  return Buffer.concat([ascii(type), head, flatIndex(inner), u64(ids.length), u64(...ids)])
}

export function invertedFile(index: InvertedFile): Buffer {
  const { type = 'IwFl', members, nprobe = 1, lists = members.length, width, metric, isTrained } = index
  const count = index.count ?? members.reduce((sum, { ids }) => sum + ids.length, 0)
  return Buffer.concat([
    ascii(type),
    header({ width, count, isTrained, metric }),
    u64(lists, nprobe),
    flatIndex(index.quantizer),
    index.directMap ?? Buffer.concat([u8(0), u64(0)]),
    invertedLists(index),
  ])
}

function invertedLists({ members, width, encoding = 'full' }: InvertedFile): Buffer {
  const sizes =
    encoding === 'full'
      ? members.map(({ ids }) => ids.length)
      : members.flatMap(({ ids }, list) => (ids.length > 0 ? [list, ids.length] : []))
  return Buffer.concat([
    ascii('ilar'),
    u64(members.length, 4 * width),
    ascii(encoding),
    u64(sizes.length, ...sizes),
    ...members.flatMap(({ ids, values }) => [f32(values), u64(...ids)]),
  ])
}

/** `values` as rows of `columns`. */
export const matrix = (columns: number, ...values: number[]): Matrix => ({
  rows: values.length / columns,
  columns,
  values: Float32Array.from(values),
})

/** Three vectors of width 2. */
export const sampleFlat: FlatIndex = { vectors: matrix(2, 1, 2, 3, 4, 5, 6) }

/** Three lists of width 2, the middle one empty. */
export const sampleLists: InvertedFile = {
  width: 2,
  nprobe: 2,
  quantizer: { vectors: matrix(2, 1, 0, 0, 1, -1, 0) },
  members: [
    { ids: [3, 0], values: [1, 2, 3, 4] },
    { ids: [], values: [] },
    { ids: [1], values: [5, 6] },
  ],
}
