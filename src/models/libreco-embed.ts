/** LibRecommender's `save_embed` folders: a vector per user and per item (libserving/serialization/embed.py). */

import { join } from 'node:path'
import type { VectorIndex } from '../ann/vector-index.js'
import { RecserveError } from '../core/errors.js'
import { readFloatRows } from '../formats/json-arrays.js'
import { innerProduct, innerProductsOf } from '../tensor/inner-product.js'
import { type Matrix, row } from '../tensor/matrix.js'
import { type TopK, topKOf } from '../tensor/top-k.js'
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
import type { Query, RankOptions, Recommender } from './recommender.js'

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
    const vectors = { users: userVectors, items: itemVectors, hasBias: hasBiasColumn(userVectors) }
    const faissFile = join(directory, 'faiss_index.bin')
    const index = await tools.buildIndex({
      vectors: itemVectors,
      scale: inverseNorms(itemVectors, vectors.hasBias),
      ...((await hasFile(directory, 'faiss_index.bin')) && { file: faissFile }),
    })
    return asRecommending(createEmbedRecommender({ algorithm, population, vectors, index }))
  },
}

/** Vectors of all users and items, of one width. */
interface Vectors {
  readonly users: Matrix
  readonly items: Matrix
  /** Whether the last column is 1 for users and the item's bias for items (SVD, SVD++, BPR). */
  readonly hasBias: boolean
}

interface Parts {
  readonly algorithm: string
  readonly population: Population
  readonly vectors: Vectors
  readonly index: VectorIndex
}

/** The score of an item is the inner product of the user's vector and the item's (libreco/bases/embed_base.py). */
function createEmbedRecommender({ algorithm, population, vectors, index }: Parts): Recommender {
  const { users, catalog, snapshot, popularity } = population

  async function search(query: Float32Array, options: RankOptions): Promise<TopK> {
    const { n, excluded, candidates, call } = options
    if (!candidates) return index.search(query, { k: n, excluded, call })
    const rows = without(candidates, excluded)
    const scores = new Float32Array(rows.length)
    innerProductsOf(vectors.items, rows, query, scores)
    return topKOf(rows, scores, n)
  }

  return {
    summary: {
      kind: 'libreco-embed',
      algorithm,
      users: users.size,
      items: catalog.size,
      width: vectors.items.columns,
      memoryBytes:
        population.memoryBytes +
        vectors.users.values.byteLength +
        // The index keeps its own, in the inference process where the catalogue is large.
        2 * vectors.items.values.byteLength +
        4 * catalog.size,
    },
    users,
    catalog,
    sequenceUse: 'unknown_users',
    reads: ['consumed'],
    snapshot,
    popularity,

    async rank(query, options) {
      if (query.user !== -1) return search(row(vectors.users, query.user), options)
      const mean = sequenceMean(query, vectors)
      return mean && { ...(await search(mean, options)), fallback: 'sequence_mean' }
    },

    async similar(item, { n, excluded, call }) {
      const query = cosineQuery(vectors, item)
      return {
        ...(await index.search(query, { k: n, excluded, scaled: true, call })),
        similarity: 'cosine',
      }
    },

    close: () => index.close(),
  }
}

/** The mean of the sequence's item vectors stands for a user without a vector; the user's side of a bias column is 1. */
function sequenceMean({ sequence }: Query, { items, hasBias }: Vectors): Float32Array | undefined {
  if (!sequence || sequence.length === 0) return undefined
  const mean = new Float32Array(items.columns)
  for (const item of sequence) {
    const vector = row(items, item)
    for (let c = 0; c < mean.length; c++) mean[c]! += vector[c]! / sequence.length
  }
  if (hasBias) mean[mean.length - 1] = 1
  return mean
}

/** An item's own vector made unit length, its bias left out: with `inverseNorms` as scale the scores are cosines. */
function cosineQuery({ items, hasBias }: Vectors, item: number): Float32Array {
  const query = row(items, item).slice()
  if (hasBias) query[query.length - 1] = 0
  const norm = Math.sqrt(innerProduct(query, 0, query))
  return norm === 0 ? query : query.map((value) => value / norm)
}

/** 1 / |vector| per item, over the columns that are not a bias; 0 for a zero vector. */
function inverseNorms(items: Matrix, hasBias: boolean): Float32Array {
  const width = items.columns - (hasBias ? 1 : 0)
  return Float32Array.from({ length: items.rows }, (_, i) => {
    const vector = row(items, i).subarray(0, width)
    const norm = Math.sqrt(innerProduct(vector, 0, vector))
    return norm === 0 ? 0 : 1 / norm
  })
}

/** The exporter appends the bias as a last column, 1 on the user's side: told by every user having exactly 1 there. */
function hasBiasColumn(users: Matrix): boolean {
  if (users.rows === 0 || users.columns < 2) return false
  for (let r = 0; r < users.rows; r++) {
    if (users.values[(r + 1) * users.columns - 1] !== 1) return false
  }
  return true
}

function without(rows: Int32Array, excluded: Int32Array): Int32Array {
  const left = new Set(excluded)
  return rows.filter((candidate) => !left.has(candidate))
}
