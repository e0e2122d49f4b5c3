/** Where LibRecommender's `save_tf` and `save_online` put a graph, and which of the two wrote it. Read before anything is loaded. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readSavedModel } from '../../formats/tensorflow/saved-model.js'
import { hasFile } from '../has-file.js'
import { readAlgorithm } from './export.js'

/** Which exporter wrote a folder: libserving/serialization/tfmodel.py or online.py. */
export type GraphForm = 'tf' | 'online'

export interface GraphFolder {
  readonly algorithm: string
  readonly form: GraphForm
  /** Absent where the folder has no graph, which loading it tells. */
  readonly graph?: GraphVersion
}

export interface GraphVersion {
  readonly version: number
  /** Of the SavedModel. */
  readonly directory: string
}

/** Tables by which requests name features; only `save_online` writes them, for models with such features. */
export const featureNameFiles = {
  sparseFields: 'user_sparse_fields.json',
  sparseValues: 'user_sparse_idx_mapping.json',
  denseFields: 'user_dense_fields.json',
} as const

export const featuresFile = 'features.json'

/** The only signature of what `save_online` writes, and of what `save_tf` writes. */
export const signatureOf: Readonly<Record<GraphForm, string>> = { tf: 'predict', online: 'topk' }

/** Undefined for a folder that neither has written. @throws RecserveError where its files are broken */
export async function readGraphFolder(directory: string): Promise<GraphFolder | undefined> {
  const algorithm = await readAlgorithm(directory)
  if (algorithm === undefined) return undefined
  const graph = await findGraph(directory, algorithm)
  if (graph === undefined) {
    const isGraphs = await hasFile(directory, featuresFile)
    return isGraphs ? { algorithm, form: await formByFiles(directory) } : undefined
  }
  const form = await formByFiles(directory)
  const isOnline = form === 'online' || (await hasTopK(graph.directory))
  return { algorithm, form: isOnline ? 'online' : 'tf', graph }
}

/**
 * The exporters write `<algorithm>/<version>/`. All versions share the files beside them, which each export overwrites: only the
 * newest goes with them.
 */
async function findGraph(directory: string, algorithm: string): Promise<GraphVersion | undefined> {
  const name = algorithm.toLowerCase()
  // The name comes from a file: whether a folder has it is asked of the folder.
  if (!(await readdir(directory)).includes(name)) return undefined
  const base = join(directory, name)
  const versions = (await readdir(base).catch(() => []))
    .filter((entry) => /^\d+$/.test(entry) && Number.isSafeInteger(Number(entry)))
    .sort((a, b) => Number(b) - Number(a))
  for (const version of versions) {
    const child = join(base, version)
    const isGraph = (await hasFile(child, 'saved_model.pb')) || (await hasFile(child, 'saved_model.pbtxt'))
    if (isGraph) return { version: Number(version), directory: child }
  }
  return undefined
}

async function formByFiles(directory: string): Promise<GraphForm> {
  for (const name of Object.values(featureNameFiles)) if (await hasFile(directory, name)) return 'online'
  return 'tf'
}

/** Without user features both write the same files: the graph tells. */
async function hasTopK(directory: string): Promise<boolean> {
  const { metaGraphs } = await readSavedModel(directory)
  return metaGraphs.some(({ signatures }) => signatures.has(signatureOf.online))
}
