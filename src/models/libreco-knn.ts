/** LibRecommender's `save_knn` folders: UserCF and ItemCF (libserving/serialization/knn.py). */

import { RecserveError } from '../core/errors.js'
import { readWeightedRows } from '../formats/json-arrays.js'
import { hasFile } from './has-file.js'
import { openExport, populationFiles, readAlgorithm, readPopulation } from './libreco/export.js'
import {
  createKnnRecommender,
  type KnnAlgorithm,
  knnAlgorithms,
  toUnitLabels,
} from './libreco/knn-recommender.js'
import { asRecommending } from './loaded-model.js'
import type { ModelKind } from './model-kind.js'

const kind = 'libreco-knn'

export const librecoKnn: ModelKind = {
  name: kind,

  async recognise(directory) {
    const algorithm = await readAlgorithm(directory)
    const isKnn = isKnnAlgorithm(algorithm) || (await hasFile(directory, 'sim.json'))
    return isKnn ? { kind, ...(algorithm && { algorithm }) } : undefined
  },

  async load(directory, tools) {
    const algorithm = await readAlgorithm(directory)
    if (!isKnnAlgorithm(algorithm)) {
      throw new RecserveError(
        'failed_precondition',
        `model_name.json names ${algorithm ?? 'no algorithm'}, sim.json goes with ${knnAlgorithms.join(' or ')}`,
      )
    }
    const reader = await openExport(directory, [...populationFiles, 'sim.json'], tools)
    const population = await readPopulation(reader)
    const rows = algorithm === 'UserCF' ? population.users.size : population.catalog.size
    const similarities = await reader.read('sim.json', (path, options) =>
      readWeightedRows(path, { rows, columns: rows }, options),
    )
    // The library also multiplies by the label, which its export leaves out (docs/compatibility.md).
    const labels = toUnitLabels(population.consumed)
    return asRecommending(createKnnRecommender({ kind, algorithm, population, similarities, labels }))
  },
}

function isKnnAlgorithm(algorithm: string | undefined): algorithm is KnnAlgorithm {
  return knnAlgorithms.includes(algorithm as KnnAlgorithm)
}
