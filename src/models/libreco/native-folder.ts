/**
 * The files of LibRecommender's own saving: `data_info.save(path, name)` (libreco/data/data_info.py) and
 * `model.save(path, name)` (libreco/utils/save_load.py), each with a name of the caller's choice before its files.
 */
import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { RecserveError } from '../../core/errors.js'
import { readSmallJson } from '../../formats/json-arrays.js'

const hyperParameters = '_hyper_parameters.json'
const trainingFile = '_data_info.npz'
/** What `model.save` writes besides, by algorithm. */
const weightFiles = [
  '.npz',
  '_sim_matrix.npz',
  '_tf_variables.npz',
  '_tf.index',
  '_torch.pt',
  '_gensim.pkl',
  '_default_recs.npz',
]

/** The files of one model. */
export interface NativeFolder {
  readonly directory: string
  /** What `model.save` was told. */
  readonly prefix: string
  readonly names: readonly string[]
  /** Constructor arguments, without `data_info`. */
  readonly hyperParameters: Readonly<Record<string, unknown>>
}

/** Names of the models saved in a directory, none where it is no directory; a foreign `<any>_hyper_parameters.json` alone is no model. */
export async function nativePrefixes(directory: string): Promise<readonly string[]> {
  const names = new Set(await readdir(directory).catch(() => []))
  const hasTraining = [...names].some((name) => name.endsWith(trainingFile))
  return [...names]
    .filter((name) => name.endsWith(hyperParameters))
    .map((name) => name.slice(0, -hyperParameters.length))
    .filter((prefix) => hasTraining || weightFiles.some((suffix) => names.has(prefix + suffix)))
    .sort()
}

/** Whether a path is of a model among several in its folder: its file of hyper-parameters. */
export const isNativePart = async (path: string): Promise<boolean> =>
  path.endsWith(hyperParameters) && (await isFile(path))

export const partPath = (directory: string, prefix: string): string =>
  join(directory, prefix + hyperParameters)

/**
 * @param path of a folder with one model, or of one model's file of hyper-parameters
 * @throws RecserveError `failed_precondition` for a folder with none or several
 */
export async function openNativeFolder(path: string): Promise<NativeFolder> {
  const isPart = await isNativePart(path)
  const directory = isPart ? dirname(path) : path
  const prefixes = isPart ? [basename(path).slice(0, -hyperParameters.length)] : await nativePrefixes(path)
  const [prefix] = prefixes
  if (prefix === undefined || prefixes.length > 1) {
    const found = prefixes.length === 0 ? 'no model' : `several models (${prefixes.join(', ')})`
    throw new RecserveError('failed_precondition', `${found} of LibRecommender's where one is due`)
  }
  const names = await readdir(directory)
  return { directory, prefix, names, hyperParameters: await readHyperParameters(directory, prefix) }
}

export async function readHyperParameters(
  directory: string,
  prefix: string,
): Promise<Readonly<Record<string, unknown>>> {
  const content = await readSmallJson(partPath(directory, prefix))
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    const text = `${prefix}${hyperParameters}: expected an object, as model.save(path, '${prefix}') writes it`
    throw new RecserveError('data_loss', text)
  }
  return content as Record<string, unknown>
}

/**
 * The name that `data_info.save` was told: the model's own, or that of the only such file.
 *
 * @throws RecserveError `not_found` where there is none, `failed_precondition` where there are several
 */
export function trainingPrefix({ prefix, names }: NativeFolder): string {
  if (names.includes(prefix + trainingFile)) return prefix
  const found = names.filter((name) => name.endsWith(trainingFile))
  const [only] = found
  if (only !== undefined && found.length === 1) return only.slice(0, -trainingFile.length)
  if (only === undefined) {
    const text = `${prefix}${trainingFile}: no such file; data_info.save(path, '${prefix}') writes it beside the model`
    throw new RecserveError('not_found', text)
  }
  const text = `${found.join(' and ')}: one of them is of model '${prefix}', and nothing tells which; name it ${prefix}${trainingFile}`
  throw new RecserveError('failed_precondition', text)
}

/** What a model without vectors holds instead, to name it. */
export function weightsOf({ prefix, names }: NativeFolder): string {
  const found = ['_tf_variables.npz', '_tf.index', '_torch.pt', '_gensim.pkl'].find((suffix) =>
    names.includes(prefix + suffix),
  )
  return found ? `${prefix}${found} holds the weights` : 'the folder holds settings'
}

function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  )
}
