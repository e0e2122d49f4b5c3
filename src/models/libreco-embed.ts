/** LibRecommender's `save_embed` folders: a vector per user and per item (libserving/serialization/embed.py). */

import { join } from 'node:path'
import { RecserveError } from '../core/errors.js'
import { readFloatRows } from '../formats/json-arrays.js'
import { type Matrix, row } from '../tensor/matrix.js'
import { hasFile } from './has-file.js'
import { createItemSearch, type ItemSearch, type ItemVectors, toVectorSource } from './item-vectors.js'
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

/** What `save_embed` accepts (libreco's EmbedBase children); a folder with both embedding files is served whatever it names. */
const algorithms = [
  'SVD',
  'SVDpp',
  'ALS',
  'BPR',
  'YouTubeRetrieval',
  'Item2Vec',
  'DeepWalk',
  'RNN4Rec',
  'Caser',
  'WaveNet',
  'NGCF',
  'LightGCN',
  'GraphSage',
  'PinSage',
  'TwoTower',
]
const userFile = 'user_embed.json'
const itemFile = 'item_embed.json'
const faissFile = 'faiss_index.bin'

export const librecoEmbed: ModelKind = {
  name: 'libreco-embed',

  async recognise(directory) {
    const algorithm = await readAlgorithm(directory)
    const has = (name: string) => hasFile(directory, name)
    const isEmbed =
      (await has(userFile)) ||
      (await has(itemFile)) ||
      (algorithm !== undefined && algorithms.includes(algorithm) && !(await has('features.json')))
    return isEmbed ? { kind: 'libreco-embed', ...(algorithm && { algorithm }) } : undefined
  },

  async load(directory, tools) {
    const algorithm = await readAlgorithm(directory)
    if (algorithm === undefined) throw new RecserveError('not_found', 'model_name.json: no such file')
    const reader = await openExport(directory, [...populationFiles, userFile, itemFile], tools)
    const population = await readPopulation(reader)
    const rowsOf = (rows: number) => (path: string, options: Parameters<typeof readFloatRows>[2]) =>
      readFloatRows(path, { rows }, options)
    const userVectors = await reader.read(userFile, rowsOf(population.users.size))
    const itemVectors = await reader.read(itemFile, rowsOf(population.catalog.size))
    if (userVectors.columns !== itemVectors.columns) {
      throw new RecserveError(
        'failed_precondition',
        `${userFile} has vectors of width ${userVectors.columns}, ${itemFile} of width ${itemVectors.columns}: they are not of one export`,
      )
    }
    const vectors = { matrix: itemVectors, hasBias: hasBiasColumn(userVectors) }
    const file = (await hasFile(directory, faissFile)) && { file: join(directory, faissFile) }
    const index = await tools.buildIndex({ ...toVectorSource(vectors), ...file })
    const search = createItemSearch(vectors, index)
    return asRecommending(createEmbedRecommender({ algorithm, population, userVectors, vectors, search }))
  },
}

interface Parts {
  readonly algorithm: string
  readonly population: Population
  /** Of the items' width; the last column is 1 where theirs is a bias. */
  readonly userVectors: Matrix
  readonly vectors: ItemVectors
  readonly search: ItemSearch
}

/** The score of an item is the inner product of the user's vector and the item's (libreco/bases/embed_base.py). */
function createEmbedRecommender(parts: Parts): Recommender {
  const { algorithm, population, userVectors, vectors, search } = parts
  const { users, catalog, snapshot, popularity } = population
  return {
    summary: {
      kind: 'libreco-embed',
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
      return mean && { ...(await search.rank(mean, options)), fallback: 'sequence_mean' }
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
function hasBiasColumn(users: Matrix): boolean {
  if (users.rows === 0 || users.columns < 2) return false
  for (let r = 0; r < users.rows; r++) {
    if (users.values[(r + 1) * users.columns - 1] !== 1) return false
  }
  return true
}
