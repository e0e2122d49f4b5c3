/** The index file that LibRecommender's `save_faiss_index` writes beside a model, searched as faiss searches it. */
import { basename } from 'node:path'
import { RecserveError } from '../core/errors.js'
import { type FaissIndex, readFaissIndex } from '../formats/faiss-index.js'
import { createTurns } from '../formats/turns.js'
import { type Matrix, row } from '../tensor/matrix.js'
import { exact } from './exact.js'
import { createListSearch } from './list-search.js'
import type { IndexTools, VectorIndex, VectorIndexKind, VectorSource } from './vector-index.js'

/**
 * Answers what faiss answers with the `nprobe` of the file, except that exclusions act before selection and that where
 * fewer than k rows are found, further lists are searched until k are, or all lists have been (faiss pads with -1).
 *
 * Scores of an L2 index are negative squared distances, so that larger is better. Scaled searches are exact, and inner
 * products whatever the index's metric. So is every search in a flat inner product index.
 */
export const faiss: VectorIndexKind = {
  name: 'faiss',
  needsFile: true,
  async build(source, tools) {
    const { vectors, file } = source
    if (file === undefined) {
      throw new RecserveError(
        'failed_precondition',
        'there is no faiss_index.bin beside the model: write one with save_faiss_index, or use the exact index',
      )
    }
    const index = await readFaissIndex(file, { maxBytes: maxFileBytes(vectors), ...signalOf(tools) })
    const name = basename(file)
    checkSize(index, vectors, name)
    const rows = rowsOf(index, name)
    await checkVectors(index, { rows, vectors, name }, tools)
    return createIndex(index, { rows, source, exhaustive: await exact.build(source, tools) })
  },
}

const rebuild = 'rebuild it with save_faiss_index'

/** Four times what an index of these vectors needs, and never below 64 MiB: then the size is told, not the bytes. */
function maxFileBytes({ rows, columns }: Matrix): number {
  return Math.max(2 ** 26, 4 * rows * (4 * columns + 32))
}

const signalOf = ({ signal }: IndexTools) => signal && { signal }

function checkSize({ vectors: found }: FaissIndex, { rows, columns }: Matrix, name: string): void {
  if (found.rows === rows && found.columns === columns) return
  throw new RecserveError(
    'failed_precondition',
    `${name} holds ${found.rows} vectors of width ${found.columns}, the model has ${rows} items of width ${columns}: ${rebuild}`,
  )
}

/** The item row of each vector of the index: every row once, as there are as many as vectors. */
function rowsOf({ ids }: FaissIndex, name: string): Int32Array {
  const seen = new Uint8Array(ids.length)
  for (const id of ids) {
    if (id < ids.length && !seen[id]) {
      seen[id] = 1
      continue
    }
    const what =
      id < ids.length
        ? `two vectors for item row ${id}`
        : `a vector for item row ${id}, the model has rows 0 to ${ids.length - 1}`
    throw new RecserveError('failed_precondition', `${name} holds ${what}: ${rebuild}`)
  }
  const rows = new Int32Array(ids.length)
  rows.set(ids)
  return rows
}

interface Comparison {
  readonly rows: Int32Array
  readonly vectors: Matrix
  readonly name: string
}

/** Rows compared in one go: 1 ms of width 64. */
const rowsPerTurn = 4096

/** Refuses the index of another training, which would find the wrong items without a sign of it. */
async function checkVectors(
  index: FaissIndex,
  { rows, vectors, name }: Comparison,
  { signal }: IndexTools,
): Promise<void> {
  const turn = createTurns(signal)
  for (let position = 0; position < rows.length; position++) {
    const item = rows[position]!
    if (!isSameVector(row(index.vectors, position), row(vectors, item))) {
      throw new RecserveError(
        'failed_precondition',
        `${name} holds another vector for item row ${item} than the model does: ${rebuild}`,
      )
    }
    if (position % rowsPerTurn === 0) await turn()
  }
}

/** Equal but for what writing decimals with fewer digits may cost: 1e-4 of the largest value. */
function isSameVector(a: Float32Array, b: Float32Array): boolean {
  let equal = 0
  while (equal < b.length && a[equal] === b[equal]) equal++
  if (equal === b.length) return true
  let largest = 0
  for (const value of b) if (Math.abs(value) > largest) largest = Math.abs(value)
  for (let c = equal; c < b.length; c++) {
    const x = a[c]!
    const y = b[c]!
    const isSame = x === y || (Number.isNaN(x) && Number.isNaN(y)) || Math.abs(x - y) <= 1e-4 * largest
    if (!isSame) return false
  }
  return true
}

interface Parts {
  readonly rows: Int32Array
  readonly source: VectorSource
  readonly exhaustive: VectorIndex
}

function createIndex(index: FaissIndex, { rows, source, exhaustive }: Parts): VectorIndex {
  const { columns } = source.vectors
  const isExact = index.metric === 'inner_product' && !index.lists
  const searchLists = isExact ? undefined : createListSearch(index, rows)
  return {
    kind: 'faiss',
    count: rows.length,
    width: columns,
    search(query, options) {
      if (options.scaled || !searchLists) return exhaustive.search(query, options)
      if (query.length !== columns) {
        throw new RecserveError(
          'invalid_argument',
          `the query has ${query.length} values; the vectors have ${columns}`,
        )
      }
      return searchLists(query, options)
    },
    close: () => exhaustive.close(),
  }
}
