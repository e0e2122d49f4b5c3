/** Neighbours' similarities, summed: what LibRecommender's UserCF and ItemCF answer with. Steps 6 and 7 of the walk. */
import { type RaggedInt32, raggedRow, type SparseMatrix } from '../../tensor/ragged.js'
import { exclude, topK, topKOf } from '../../tensor/top-k.js'
import type { Query, Recommender } from '../recommender.js'
import type { Population } from './export.js'

export const knnAlgorithms = ['UserCF', 'ItemCF'] as const
export type KnnAlgorithm = (typeof knnAlgorithms)[number]

export interface KnnParts {
  readonly kind: string
  readonly algorithm: KnnAlgorithm
  readonly population: Population
  /** [users, users] or [items, items]: the neighbours of each that count. */
  readonly similarities: SparseMatrix
  /** [users, items], each pair at most once: the labels of what users had in training. */
  readonly labels: SparseMatrix
}

/** Every label 1, where an export has lost them: pairs as in the histories, repeats dropped. */
export function toUnitLabels(consumed: RaggedInt32): SparseMatrix {
  const offsets = new Int32Array(consumed.offsets.length)
  const columns = new Int32Array(consumed.values.length)
  let end = 0
  for (let r = 0; r + 1 < offsets.length; r++) {
    for (const item of new Set(raggedRow(consumed, r))) columns[end++] = item
    offsets[r + 1] = end
  }
  return { offsets, columns: columns.slice(0, end), weights: new Float32Array(end).fill(1) }
}

/**
 * The score of an item is the sum of similarity times label over the ways it is reached (libreco/algorithms/user_cf.py,
 * item_cf.py, `recommend_one`): by what similar users had (UserCF), or as a neighbour of what the user had (ItemCF); an item
 * that is not reached has none.
 */
export function createKnnRecommender(parts: KnnParts): Recommender {
  const { kind, algorithm, population, similarities, labels } = parts
  const { users, catalog, snapshot, popularity } = population
  // One array for all requests: `rank` is synchronous, and topK copies what it keeps.
  const scores = new Float64Array(catalog.size)
  const addNeighbors = (item: number, label: number) =>
    addRow(scores, { matrix: similarities, row: item, times: label })
  const labelsOf = createHistoryLabels(parts)

  function score(query: Query): boolean {
    const history = query.sequence ?? query.state?.consumed
    if (algorithm === 'UserCF' ? query.user === -1 : history === undefined) return false
    scores.fill(Number.NaN)
    if (algorithm === 'ItemCF') labelsOf(query, history!, addNeighbors)
    else {
      const { offsets, columns, weights } = similarities
      for (let i = offsets[query.user]!; i < offsets[query.user + 1]!; i++)
        addRow(scores, { matrix: labels, row: columns[i]!, times: weights[i]! })
    }
    return true
  }

  return {
    summary: {
      kind,
      algorithm,
      users: users.size,
      items: catalog.size,
      memoryBytes:
        population.memoryBytes +
        byteLengthOf(similarities) +
        byteLengthOf(labels) +
        scores.byteLength +
        8 * catalog.size,
    },
    users,
    catalog,
    sequenceUse: algorithm === 'UserCF' ? 'nobody' : 'everyone',
    reads: ['consumed'],
    snapshot,
    popularity,

    rank(query, { n, excluded, candidates }) {
      if (!score(query)) return undefined
      exclude(scores, excluded)
      return candidates ? topKOf(candidates, pick(scores, candidates), n) : topK(scores, n)
    },

    similar(item, { n, excluded }) {
      if (algorithm === 'UserCF') return undefined
      scores.fill(Number.NaN)
      addNeighbors(item, 1)
      exclude(scores, excluded)
      return { ...topK(scores, n), similarity: 'trained_neighbors' }
    },

    async close() {},
  }
}

type HistoryLabels = (query: Query, history: Int32Array, tell: (item: number, label: number) => void) => void

/**
 * Tells each item of a history once, however often it was had, with its label: the one it was trained with; the mean of all
 * labels where the user had it since. What training knew of and gave no label (a model trained on newer data alone) is not
 * told, as the library does not count it.
 */
function createHistoryLabels({ population, labels }: KnnParts): HistoryLabels {
  const mean = meanOf(labels.weights)
  const labelOf = new Float32Array(population.catalog.size).fill(mean)
  return ({ user, sequence }, history, tell) => {
    const trained = user === -1 ? noItems : raggedRow(population.consumed, user)
    if (!sequence) for (const item of trained) labelOf[item] = Number.NaN
    const [begin, end] = user === -1 ? [0, 0] : [labels.offsets[user]!, labels.offsets[user + 1]!]
    for (let i = begin; i < end; i++) labelOf[labels.columns[i]!] = labels.weights[i]!
    for (const item of history) {
      const label = labelOf[item]!
      // Told once.
      labelOf[item] = Number.NaN
      if (!Number.isNaN(label)) tell(item, label)
    }
    for (const item of history) labelOf[item] = mean
    for (const item of trained) labelOf[item] = mean
    for (let i = begin; i < end; i++) labelOf[labels.columns[i]!] = mean
  }
}

const noItems = new Int32Array(0)

interface AddedRow {
  readonly matrix: SparseMatrix
  readonly row: number
  readonly times: number
}

/** Adds a row's weights to the scores of its columns, NaN standing for none yet. */
function addRow(scores: Float64Array, { matrix, row, times }: AddedRow): void {
  const { offsets, columns, weights } = matrix
  for (let i = offsets[row]!; i < offsets[row + 1]!; i++) {
    const item = columns[i]!
    const score = scores[item]!
    scores[item] = (Number.isNaN(score) ? 0 : score) + weights[i]! * times
  }
}

function pick(scores: Float64Array, rows: Int32Array): Float64Array {
  return Float64Array.from(rows, (row) => scores[row]!)
}

function byteLengthOf({ offsets, columns, weights }: SparseMatrix): number {
  return offsets.byteLength + columns.byteLength + weights.byteLength
}

/** 1 of none. */
function meanOf(values: Float32Array): number {
  let sum = 0
  for (const value of values) sum += value
  return values.length === 0 ? 1 : sum / values.length
}
