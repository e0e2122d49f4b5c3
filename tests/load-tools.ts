/** Tools for loading a model outside a server: indexes search with their own kernels, graphs do not run. */
import { exact } from '../src/ann/exact.js'
import { noEngine } from '../src/engines/no-engine.js'
import type { LoadTools, ModelKind } from '../src/models/model-kind.js'
import type { Recommender } from '../src/models/recommender.js'

const tools: LoadTools = {
  buildIndex: (source) => exact.build(source, { engine: noEngine }),
  openOnnxModel: (files) => noEngine.openOnnxModel('test', files),
  openSavedModel: (directory) =>
    noEngine.openSavedModel('test', { directory, tags: ['serve'], checksums: true }),
}

/** Loads a model that recommends. */
export async function loadRecommender(kind: ModelKind, directory: string): Promise<Recommender> {
  const { recommender } = await kind.load(directory, tools)
  if (!recommender) throw new Error(`a ${kind.name} that does not recommend`)
  return recommender
}
