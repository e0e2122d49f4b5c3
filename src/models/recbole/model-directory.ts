/** What a directory holds of RecBole's: an export, one checkpoint, or a `saved/` folder of many. */
import { basename, join, resolve } from 'node:path'
import { RecserveError } from '../../core/errors.js'
import { readTorchCheckpoint } from '../../formats/torch/checkpoint.js'
import { isCheckpoint, parseCheckpoint } from './checkpoint-file.js'
import {
  type CheckpointIdentity,
  checkpointCandidates,
  mayBeCheckpoint,
  parseCheckpointName,
  type SavedVersion,
  toSavedVersions,
} from './discovery.js'
import { isExportFolder } from './export-description.js'

/** RecBole's `checkpoint_dir`, where nobody sets another (recbole/properties/overall.yaml). */
const savedFolder = 'saved'

export type RecBoleDirectory =
  | { readonly kind: 'export' }
  /** A model named after the folder; its version is the time in the file's name, 1 without. */
  | {
      readonly kind: 'checkpoint'
      readonly version: number
      readonly file: string
      readonly className: string
      readonly warnings?: readonly string[]
    }
  /** Several models and versions, newest version first. */
  | {
      readonly kind: 'saved'
      readonly versions: readonly SavedVersion[]
      /** Of files that may have been meant to be models, and are none that can be named. */
      readonly warnings?: readonly string[]
    }

/**
 * Looks at the files of a directory; of a checkpoint only its pickle is read, no tensors. One that is broken is a version
 * still, if its name tells of which model, unless all of them are.
 *
 * @returns undefined where there is nothing of RecBole's
 * @throws RecserveError where every checkpoint in it is broken, or as `toSavedVersions`
 */
export async function recogniseRecBole(directory: string): Promise<RecBoleDirectory | undefined> {
  if (await isExportFolder(directory)) return { kind: 'export' }
  const { checkpoints, unnamed } = await identities(directory)
  const isBroken = checkpoints.every(({ problem }) => problem)
  const problem = unnamed[0] ?? checkpoints[0]?.problem
  if (isBroken && problem) throw problem
  const [first, ...others] = checkpoints
  if (!first) return undefined
  const time = parseCheckpointName(first.file)?.version
  // Its one model keeps its name when a second checkpoint comes.
  const isSaved = others.length > 0 || (basename(resolve(directory)) === savedFolder && time !== undefined)
  if (isSaved) {
    return { kind: 'saved', versions: toSavedVersions(checkpoints), ...passedOver(unnamed) }
  }
  const version = time ?? 1
  return { kind: 'checkpoint', version, file: first.file, className: first.className, ...passedOver(unnamed) }
}

/**
 * Looks at one file, named as it would be if it were alone in `saved/`.
 *
 * @returns undefined where it is no checkpoint
 * @throws RecserveError where it is broken and its name does not tell of which model
 */
export async function recogniseCheckpoint(path: string): Promise<SavedVersion | undefined> {
  if (!(await mayBeCheckpoint(path))) return undefined
  const identity = await readIdentity(path)
  if (identity instanceof RecserveError) throw identity
  return identity && toSavedVersions([identity])[0]
}

const passedOver = (problems: readonly RecserveError[]) =>
  problems.length === 0 ? {} : { warnings: problems.map(({ message }) => `passed over: ${message}`) }

/** A broken file does not hide the others. */
async function identities(directory: string) {
  const checkpoints: CheckpointIdentity[] = []
  const unnamed: RecserveError[] = []
  for (const file of await checkpointCandidates(directory)) {
    const identity = await readIdentity(join(directory, file))
    if (identity instanceof RecserveError) unnamed.push(identity)
    else if (identity) checkpoints.push(identity)
  }
  return { checkpoints, unnamed }
}

/** Undefined of what is no checkpoint; what is wrong with a broken one, where its name does not tell its class. */
async function readIdentity(path: string): Promise<CheckpointIdentity | RecserveError | undefined> {
  const file = basename(path)
  try {
    const { root } = await readTorchCheckpoint(path)
    if (!isCheckpoint(root)) return undefined
    const { className, settings } = parseCheckpoint(root, file)
    return { file, className, dataset: settings.optionalText('dataset') ?? '' }
  } catch (problem) {
    if (!(problem instanceof RecserveError)) throw problem
    const name = parseCheckpointName(file)
    return name ? { file, className: name.className, dataset: undefined, problem } : problem
  }
}
