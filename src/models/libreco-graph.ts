/** LibRecommender's `save_tf` and `save_online` folders: recognised, so that people are told, but not servable yet. */

import { readdir } from 'node:fs/promises'
import { RecserveError } from '../core/errors.js'
import { hasFile } from './has-file.js'
import { readAlgorithm } from './libreco/export.js'
import type { ModelKind } from './model-kind.js'

export const librecoGraph: ModelKind = {
  name: 'libreco-graph',

  async recognise(directory) {
    const algorithm = await readAlgorithm(directory)
    if (algorithm === undefined) return undefined
    const hasGraph =
      (await hasFile(directory, 'features.json')) ||
      (await readdir(directory)).includes(algorithm.toLowerCase())
    return hasGraph ? { kind: 'libreco-graph', algorithm } : undefined
  },

  async load(directory) {
    const algorithm = await readAlgorithm(directory)
    throw new RecserveError(
      'unimplemented',
      `${algorithm} folders written by save_tf or save_online are not servable yet; folders written by save_knn and save_embed are`,
    )
  },
}
