/** The similarities of UserCF and ItemCF, computed again to tell what they are of (libreco/utils/similarities.py). */
import type { SparseMatrix } from '../../tensor/ragged.js'

/** Pairs looked at: enough to tell, quick where there are millions. */
const maxPairs = 1000
/** The library computes in float32. */
const tolerance = 1e-4

/**
 * Whether similarities are those of a matrix's rows.
 *
 * @param type `cosine`, `pearson` or `jaccard`; of any other, nothing is
 */
export function isComputedOf(matrix: SparseMatrix, similarities: SparseMatrix, type: unknown): boolean {
  if (similarities.offsets.length !== matrix.offsets.length) return false
  const { offsets, columns, weights } = similarities
  for (let r = 0, pairs = 0; r + 1 < offsets.length && pairs < maxPairs; r++) {
    for (let i = offsets[r]!; i < offsets[r + 1]! && pairs < maxPairs; i++, pairs++) {
      const difference = similarityOf(rowOf(matrix, r), rowOf(matrix, columns[i]!), type) - weights[i]!
      if (!(Math.abs(difference) <= tolerance)) return false
    }
  }
  return true
}

/** Values by column. */
type Row = ReadonlyMap<number, number>

function rowOf({ offsets, columns, weights }: SparseMatrix, index: number): Row {
  const row = new Map<number, number>()
  for (let i = offsets[index]!; i < offsets[index + 1]!; i++) row.set(columns[i]!, weights[i]!)
  return row
}

/** NaN where there is none, or none of this type. */
function similarityOf(a: Row, b: Row, type: unknown): number {
  const common = [...a.keys()].filter((column) => b.has(column))
  if (type === 'jaccard') return common.length / (a.size + b.size - common.length)
  if (type !== 'cosine' && type !== 'pearson') return Number.NaN
  const [meanA, meanB] = type === 'pearson' ? [meanOf(a), meanOf(b)] : [0, 0]
  let product = 0
  for (const column of common) product += (a.get(column)! - meanA) * (b.get(column)! - meanB)
  const norms = normOf(a, meanA) * normOf(b, meanB)
  return norms === 0 ? 0 : product / norms
}

function meanOf(row: Row): number {
  let sum = 0
  for (const value of row.values()) sum += value
  return sum / row.size
}

function normOf(row: Row, mean: number): number {
  let squares = 0
  for (const value of row.values()) squares += (value - mean) ** 2
  return Math.sqrt(squares)
}

/** @param limit columns of the matrix, rows of what is made of it */
export function transpose({ offsets, columns, weights }: SparseMatrix, limit: number): SparseMatrix {
  const made = {
    offsets: new Int32Array(limit + 1),
    columns: new Int32Array(columns.length),
    weights: new Float32Array(columns.length),
  }
  for (const column of columns) made.offsets[column + 1]!++
  for (let r = 0; r < limit; r++) made.offsets[r + 1]! += made.offsets[r]!
  const next = made.offsets.slice()
  for (let r = 0; r + 1 < offsets.length; r++) {
    for (let i = offsets[r]!; i < offsets[r + 1]!; i++) {
      const place = next[columns[i]!]!++
      made.columns[place] = r
      made.weights[place] = weights[i]!
    }
  }
  return made
}
