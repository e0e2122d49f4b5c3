/** LibRecommender's `save_knn` folders: UserCF and ItemCF (libserving/serialization/knn.py). */

import { RecserveError } from '../core/errors.js'
import { readWeightedRows } from '../formats/json-arrays.js'
import { type RaggedInt32, raggedRow, type SparseMatrix } from '../tensor/ragged.js'
import { exclude, topK, topKOf } from '../tensor/top-k.js'
import { hasFile } from './has-file.js'
import {
  openExport,
  type Population,
  populationFiles,
  readAlgorithm,
  readPopulation,
} from './libreco/export.js'
import { asRecommending } from './loaded-model.js'
import type { ModelKind } from './model-kind.js'
import type { Query, Recommender } from './recommender.js'

const algorithms = ['UserCF', 'ItemCF'] as const
type Algorithm = (typeof algorithms)[number]

export const librecoKnn: ModelKind = {
  name: 'libreco-knn',

  async recognise(directory) {
    const algorithm = await readAlgorithm(directory)
    const isKnn = isKnnAlgorithm(algorithm) || (await hasFile(directory, 'sim.json'))
    return isKnn ? { kind: 'libreco-knn', ...(algorithm && { algorithm }) } : undefined
  },

  async load(directory, tools) {
    const algorithm = await readAlgorithm(directory)
    if (!isKnnAlgorithm(algorithm)) {
      throw new RecserveError(
        'failed_precondition',
        `model_name.json names ${algorithm ?? 'no algorithm'}, sim.json goes with ${algorithms.join(' or ')}`,
      )
    }
    const reader = await openExport(directory, [...populationFiles, 'sim.json'], tools)
    const population = await readPopulation(reader)
    const rows = algorithm === 'UserCF' ? population.users.size : population.catalog.size
    const similarities = await reader.read('sim.json', (path, options) =>
      readWeightedRows(path, { rows, columns: rows }, options),
    )
    return asRecommending(createKnnRecommender(algorithm, population, similarities))
  },
}

function isKnnAlgorithm(algorithm: string | undefined): algorithm is Algorithm {
  return algorithms.includes(algorithm as Algorithm)
}

/**
 * The score of an item is the sum of the similarities through which it is reached (libreco/bases/cf_base.py): the consumed items
 * of similar users (UserCF), or the neighbours of the consumed items (ItemCF); an item not reached has none. The library also
 * multiplies by the label, which its export leaves out (docs/compatibility.md).
 */
function createKnnRecommender(
  algorithm: Algorithm,
  population: Population,
  similarities: SparseMatrix,
): Recommender {
  const { users, catalog, snapshot, popularity } = population
  const itemsOfUser = algorithm === 'UserCF' ? withoutRepeats(population.consumed) : population.consumed
  // One array for all requests: `rank` is synchronous, and topK copies what it keeps.
  const scores = new Float64Array(catalog.size)

  function scoreByUsers(user: number): void {
    for (let i = similarities.offsets[user]!; i < similarities.offsets[user + 1]!; i++) {
      const other = similarities.columns[i]!
      const end = itemsOfUser.offsets[other + 1]!
      for (let j = itemsOfUser.offsets[other]!; j < end; j++) {
        addTo(scores, itemsOfUser.values[j]!, similarities.weights[i]!)
      }
    }
  }

  /** Request in which an item was last counted: each counts once, however often it was had. */
  const countedIn = new Uint32Array(catalog.size)
  let request = 0

  function scoreByItems(history: Int32Array): void {
    if (request === 0xffffffff) {
      countedIn.fill(0)
      request = 0
    }
    request++
    for (let h = 0; h < history.length; h++) {
      const item = history[h]!
      if (countedIn[item] === request) continue
      countedIn[item] = request
      for (let i = similarities.offsets[item]!; i < similarities.offsets[item + 1]!; i++) {
        addTo(scores, similarities.columns[i]!, similarities.weights[i]!)
      }
    }
  }

  function score(query: Query): boolean {
    const history = query.sequence ?? query.state?.consumed
    if (algorithm === 'UserCF' ? query.user === -1 : history === undefined) return false
    scores.fill(Number.NaN)
    if (algorithm === 'UserCF') scoreByUsers(query.user)
    else scoreByItems(history!)
    return true
  }

  return {
    summary: {
      kind: 'libreco-knn',
      algorithm,
      users: users.size,
      items: catalog.size,
      memoryBytes:
        population.memoryBytes +
        similarities.offsets.byteLength +
        similarities.columns.byteLength +
        similarities.weights.byteLength +
        scores.byteLength +
        4 * catalog.size,
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
      scoreByItems(Int32Array.of(item))
      exclude(scores, excluded)
      return { ...topK(scores, n), similarity: 'trained_neighbors' }
    },

    async close() {},
  }
}

/** Adds to a score, NaN standing for none yet. */
function addTo(scores: Float64Array, item: number, weight: number): void {
  const score = scores[item]!
  scores[item] = Number.isNaN(score) ? weight : score + weight
}

function pick(scores: Float64Array, rows: Int32Array): Float64Array {
  return Float64Array.from(rows, (row) => scores[row]!)
}

function withoutRepeats(ragged: RaggedInt32): RaggedInt32 {
  const offsets = new Int32Array(ragged.offsets.length)
  const values = new Int32Array(ragged.values.length)
  let end = 0
  for (let r = 0; r + 1 < offsets.length; r++) {
    for (const value of new Set(raggedRow(ragged, r))) values[end++] = value
    offsets[r + 1] = end
  }
  return { offsets, values: values.slice(0, end) }
}
