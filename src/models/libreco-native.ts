/** LibRecommender's own saving, `data_info.save` and `model.save`: the models that hold their vectors or similarities. */
import { RecserveError } from '../core/errors.js'
import { createItemSearch, toVectorSource } from './item-vectors.js'
import { createEmbedRecommender, hasBiasColumn } from './libreco/embed-recommender.js'
import { openExport } from './libreco/export.js'
import { createKnnRecommender } from './libreco/knn-recommender.js'
import { toAlgorithm, whyUnservable } from './libreco/native-algorithm.js'
import {
  isNativePart,
  type NativeFolder,
  nativePrefixes,
  openNativeFolder,
  partPath,
  readHyperParameters,
  trainingPrefix,
  weightsOf,
} from './libreco/native-folder.js'
import { neighborFiles, readNeighbors } from './libreco/native-neighbors.js'
import { nativePopulationFiles, readNativePopulation } from './libreco/native-population.js'
import { readNativeVectors } from './libreco/native-vectors.js'
import { asRecommending } from './loaded-model.js'
import type { LoadTools, ModelKind } from './model-kind.js'
import type { Recommender } from './recommender.js'

const kind = 'libreco-native'

export const librecoNative: ModelKind = {
  name: kind,

  /** Of several models in one folder, each is called as its files are. */
  async recognise(path) {
    if (await isNativePart(path)) return { kind }
    const prefixes = await nativePrefixes(path)
    const [prefix] = prefixes
    if (prefix === undefined) return undefined
    if (prefixes.length > 1) {
      return { kind, parts: prefixes.map((model) => ({ model, version: 1, path: partPath(path, model) })) }
    }
    const algorithm = toAlgorithm(await readHyperParameters(path, prefix))?.name
    return { kind, ...(algorithm !== undefined && { algorithm }) }
  },

  async load(path, tools) {
    const folder = await openNativeFolder(path)
    const { prefix, names } = folder
    if (names.includes(neighborFiles(prefix)[0])) return asRecommending(await loadNeighbors(folder, tools))
    if (names.includes(`${prefix}.npz`)) return asRecommending(await loadVectors(folder, tools))
    const why = whyUnservable(toAlgorithm(folder.hyperParameters), { prefix, found: weightsOf(folder) })
    throw new RecserveError('failed_precondition', why)
  },
}

async function loadNeighbors(folder: NativeFolder, tools: LoadTools): Promise<Recommender> {
  const { directory, prefix } = folder
  const training = trainingPrefix(folder)
  const files = [...nativePopulationFiles(training), ...neighborFiles(prefix)]
  const reader = await openExport(directory, files, tools)
  const population = await readNativePopulation(reader, training)
  const neighbors = await readNeighbors(reader, { ...folder, population }, tools)
  return createKnnRecommender({ kind, ...neighbors })
}

async function loadVectors(folder: NativeFolder, tools: LoadTools): Promise<Recommender> {
  const { directory, prefix, hyperParameters } = folder
  const training = trainingPrefix(folder)
  const file = `${prefix}.npz`
  const reader = await openExport(directory, [...nativePopulationFiles(training), file], tools)
  const population = await readNativePopulation(reader, training)
  const { users: userVectors, items, unknownUser } = await readNativeVectors(reader, file, population)
  const vectors = { matrix: items, hasBias: hasBiasColumn(userVectors) }
  const search = createItemSearch(vectors, await tools.buildIndex(toVectorSource(vectors)))
  return createEmbedRecommender({
    kind,
    algorithm: toAlgorithm(hyperParameters)?.name ?? 'embedding',
    population,
    userVectors,
    ...(unknownUser && { unknownUser }),
    vectors,
    search,
  })
}
