/** Tools for loading a model outside a server: indexes search with their own kernels, graphs run where an engine is given. */
import { exact } from '../src/ann/exact.js'
import type { Engine } from '../src/engines/engine.js'
import { noEngine } from '../src/engines/no-engine.js'
import type { LoadTools, ModelKind } from '../src/models/model-kind.js'
import type { Recommender } from '../src/models/recommender.js'

const toolsFor = (engine: Engine): LoadTools => ({
  maxQueued: 1024,
  openGraph: (build) => engine.open('test', build),
  buildIndex: (source) => exact.build(source, { engine: noEngine }),
  openOnnxModel: (files) => engine.openOnnxModel('test', files),
  openSavedModel: (directory) =>
    engine.openSavedModel('test', { directory, tags: ['serve'], checksums: true }),
})

/** Loads a model that recommends. */
export async function loadRecommender(
  kind: ModelKind,
  directory: string,
  engine: Engine = noEngine,
): Promise<Recommender> {
  const { recommender } = await kind.load(directory, toolsFor(engine))
  if (!recommender) throw new Error(`a ${kind.name} that does not recommend`)
  return recommender
}
