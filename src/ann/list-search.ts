/** Search in inverted lists: the lists nearest the query, then their members (faiss/IndexIVF.cpp, `IndexIVF::search`). */
import type { FaissIndex, FaissMetric } from '../formats/faiss-index.js'
import { innerProducts } from '../tensor/inner-product.js'
import type { Matrix } from '../tensor/matrix.js'
import { type NumberArray, type TopK, topK } from '../tensor/top-k.js'
import type { Search } from './kernel-search.js'
import { negativeSquaredDistances } from './squared-distance.js'

/** `out[r]` = how good matrix row r is for the query; larger is better. */
const kernels: Record<FaissMetric, (matrix: Matrix, query: Float32Array, out: Float32Array) => void> = {
  inner_product: innerProducts,
  l2: negativeSquaredDistances,
}

/** Consecutive positions of an index: a list. */
interface Members {
  /** The item row at each position. */
  readonly rows: Int32Array
  readonly vectors: Matrix
}

/**
 * @param rows item row of each vector of the index, each once
 * @returns a search in the calling thread; it looks into all lists at most, so it finds k rows wherever k have a score
 */
export function createListSearch(index: FaissIndex, rows: Int32Array): Search {
  const score = kernels[index.metric]
  const lists = toMembers(index, rows)
  // Shared by all searches: none of them is ever left half way.
  const found: Candidates = {
    rows: new Int32Array(rows.length),
    scores: new Float32Array(rows.length),
    count: 0,
  }
  const barred = new Uint8Array(rows.length)

  return (query, { k, excluded }) => {
    const gather = (list: number): void => {
      const members = lists[list]!
      const out = found.scores.subarray(found.count, found.count + members.rows.length)
      score(members.vectors, query, out)
      keep(found, members.rows, barred)
    }
    found.count = 0
    mark(barred, excluded, 1)
    const order = createProbeOrder(index, query)
    for (const list of order.first()) gather(list)
    if (found.count < k) {
      for (const list of order.others()) {
        gather(list)
        if (found.count >= k) break
      }
    }
    mark(barred, excluded, 0)
    return best(found, k)
  }
}

function toMembers({ vectors, lists }: FaissIndex, rows: Int32Array): Members[] {
  const offsets = lists?.offsets ?? Float64Array.of(0, rows.length)
  return Array.from({ length: offsets.length - 1 }, (_, list) => {
    const [begin, end] = [offsets[list]!, offsets[list + 1]!]
    const values = vectors.values.subarray(begin * vectors.columns, end * vectors.columns)
    return {
      rows: rows.subarray(begin, end),
      vectors: { rows: end - begin, columns: vectors.columns, values },
    }
  })
}

interface ProbeOrder {
  /** The `nprobe` nearest lists, empty ones among them, nearest first. */
  first(): Int32Array
  /** All others, nearest first, those whose centroid has no score (NaN) last: faiss never looks into these. */
  others(): Int32Array
}

/** Without lists there is one, with everything in it. */
function createProbeOrder({ lists }: FaissIndex, query: Float32Array): ProbeOrder {
  if (!lists) return { first: () => Int32Array.of(0), others: () => new Int32Array(0) }
  const { centroids, metric, nprobe } = lists
  const scores = new Float32Array(centroids.rows)
  kernels[metric](centroids, query, scores)
  return {
    first: () => topK(scores, nprobe).indices,
    others() {
      const scored = topK(scores, centroids.rows).indices
      const unscored = Array.from(scores.keys()).filter((list) => Number.isNaN(scores[list]))
      return Int32Array.from([...scored.subarray(nprobe), ...unscored])
    },
  }
}

/** Rows with their scores, the first `count` of each array. */
interface Candidates {
  readonly rows: Int32Array
  readonly scores: Float32Array
  count: number
}

/** Takes up those of `rows`, whose scores lie behind the candidates, that are not barred and have a score. */
function keep(found: Candidates, rows: Int32Array, barred: Uint8Array): void {
  const begin = found.count
  for (let j = 0; j < rows.length; j++) {
    const row = rows[j]!
    const score = found.scores[begin + j]!
    if (barred[row] || Number.isNaN(score)) continue
    found.rows[found.count] = row
    found.scores[found.count] = score
    found.count++
  }
}

function mark(barred: Uint8Array, rows: Int32Array, value: number): void {
  for (const row of rows) if (row >= 0 && row < barred.length) barred[row] = value
}

/** The k best; equal scores: the lower row first, though rows are in no order. */
function best(found: Candidates, k: number): TopK {
  const scores = found.scores.subarray(0, found.count)
  const chosen = topK(scores, k)
  const count = chosen.indices.length
  if (count === 0) return chosen
  // topK chose by position among those that equal the last: choose anew, by row.
  const last = chosen.scores[count - 1]!
  const better = chosen.scores.indexOf(last)
  const indices = chosen.indices.map((position) => found.rows[position]!)
  indices.set(lowestRows(found, last, count - better), better)
  sortEqual(indices, chosen.scores)
  return { indices, scores: chosen.scores }
}

/** Puts rows whose scores are equal in row order. */
function sortEqual(rows: Int32Array, scores: NumberArray): void {
  for (let begin = 0, end = 1; begin < rows.length; begin = end++) {
    while (end < rows.length && scores[end] === scores[begin]) end++
    if (end - begin > 1) rows.subarray(begin, end).sort()
  }
}

function lowestRows({ rows, scores, count }: Candidates, score: number, n: number): Int32Array {
  const equal: number[] = []
  for (let j = 0; j < count; j++) if (scores[j] === score) equal.push(rows[j]!)
  return Int32Array.from(equal).sort().subarray(0, n)
}
