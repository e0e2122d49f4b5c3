/** A user's and an item's vector, multiplied: what LibRecommender's embedding models answer with. Steps 6 and 7 of the walk. */
import { type Matrix, row } from '../../tensor/matrix.js'
import type { ItemSearch, ItemVectors } from '../item-vectors.js'
import type { Query, Recommender } from '../recommender.js'
import type { Population } from './export.js'

export interface EmbedParts {
  readonly kind: string
  readonly algorithm: string
  readonly population: Population
  /** Of the items' width, a row per user; the last column is 1 where theirs is a bias. */
  readonly userVectors: Matrix
  /** What stands for a user the model does not know, of the same width; without it such a user is not answered. */
  readonly unknownUser?: Float32Array
  readonly vectors: ItemVectors
  readonly search: ItemSearch
}

/** The score of an item is the inner product of the user's vector and the item's (libreco/bases/embed_base.py). */
export function createEmbedRecommender(parts: EmbedParts): Recommender {
  const { kind, algorithm, population, userVectors, unknownUser, vectors, search } = parts
  const { users, catalog, snapshot, popularity } = population
  return {
    summary: {
      kind,
      algorithm,
      users: users.size,
      items: catalog.size,
      width: vectors.matrix.columns,
      memoryBytes:
        population.memoryBytes +
        userVectors.values.byteLength +
        // The index keeps its own, in the inference process where the catalogue is large.
        2 * vectors.matrix.values.byteLength +
        4 * catalog.size,
    },
    users,
    catalog,
    sequenceUse: 'unknown_users',
    reads: ['consumed'],
    snapshot,
    popularity,

    async rank(query, options) {
      if (query.user !== -1) return search.rank(row(userVectors, query.user), options)
      const mean = sequenceMean(query, vectors)
      if (mean) return { ...(await search.rank(mean, options)), fallback: 'sequence_mean' }
      return unknownUser && { ...(await search.rank(unknownUser, options)), fallback: 'unknown_user' }
    },

    similar: (item, options) => search.similar(item, options),

    close: () => search.close(),
  }
}

/** The mean of the sequence's item vectors stands for a user without a vector; the user's side of a bias column is 1. */
function sequenceMean({ sequence }: Query, { matrix, hasBias }: ItemVectors): Float32Array | undefined {
  if (!sequence || sequence.length === 0) return undefined
  const mean = new Float32Array(matrix.columns)
  for (const item of sequence) {
    const vector = row(matrix, item)
    for (let c = 0; c < mean.length; c++) mean[c]! += vector[c]! / sequence.length
  }
  if (hasBias) mean[mean.length - 1] = 1
  return mean
}

/** The exporter appends the bias as a last column, 1 on the user's side: told by every user having exactly 1 there. */
export function hasBiasColumn(users: Matrix): boolean {
  if (users.rows === 0 || users.columns < 2) return false
  for (let r = 0; r < users.rows; r++) {
    if (users.values[(r + 1) * users.columns - 1] !== 1) return false
  }
  return true
}
