/** LibRecommender's `save_embed` folders: a vector per user and per item (libserving/serialization/embed.py). */

import { join } from 'node:path'
import { RecserveError } from '../core/errors.js'
import { readFloatRows } from '../formats/json-arrays.js'
import { hasFile } from './has-file.js'
import { createItemSearch, toVectorSource } from './item-vectors.js'
import { createEmbedRecommender, hasBiasColumn } from './libreco/embed-recommender.js'
import { openExport, populationFiles, readAlgorithm, readPopulation } from './libreco/export.js'
import { asRecommending } from './loaded-model.js'
import type { ModelKind } from './model-kind.js'

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
const kind = 'libreco-embed'
const userFile = 'user_embed.json'
const itemFile = 'item_embed.json'
const faissFile = 'faiss_index.bin'

export const librecoEmbed: ModelKind = {
  name: kind,

  async recognise(directory) {
    const algorithm = await readAlgorithm(directory)
    const has = (name: string) => hasFile(directory, name)
    const isEmbed =
      (await has(userFile)) ||
      (await has(itemFile)) ||
      (algorithm !== undefined && algorithms.includes(algorithm) && !(await has('features.json')))
    return isEmbed ? { kind, ...(algorithm && { algorithm }) } : undefined
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
    return asRecommending(
      createEmbedRecommender({ kind, algorithm, population, userVectors, vectors, search }),
    )
  },
}
