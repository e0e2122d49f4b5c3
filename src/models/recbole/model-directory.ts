/** What a directory holds of RecBole's: an export, one checkpoint, or a `saved/` folder of many. */
import { basename, join, resolve } from 'node:path'
import { RecserveError } from '../../core/errors.js'
import { readTorchCheckpoint } from '../../formats/torch/checkpoint.js'
import { isCheckpoint, parseCheckpoint } from './checkpoint-file.js'
import {
  type CheckpointIdentity,
  checkpointCandidates,
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
    }
  /** Several models and versions, newest version first. */
  | { readonly kind: 'saved'; readonly versions: readonly SavedVersion[] }

/**
 * Looks at the files of a directory; of a checkpoint only its pickle is read, no tensors.
 *
 * @returns undefined where there is nothing of RecBole's
 * @throws RecserveError where every checkpoint in it is broken
 */
export async function recogniseRecBole(directory: string): Promise<RecBoleDirectory | undefined> {
  if (await isExportFolder(directory)) return { kind: 'export' }
  const { checkpoints, problem } = await identities(directory)
  const [first, ...others] = checkpoints
  if (!first) {
    if (problem) throw problem
    return undefined
  }
  const time = parseCheckpointName(first.file)?.version
  // Its one model keeps its name when a second checkpoint comes.
  const isSaved = others.length > 0 || (basename(resolve(directory)) === savedFolder && time !== undefined)
  if (isSaved) return { kind: 'saved', versions: toSavedVersions(checkpoints) }
  const version = time ?? 1
  return { kind: 'checkpoint', version, file: first.file, className: first.className }
}

/** A broken file does not hide the others. */
async function identities(directory: string) {
  const checkpoints: CheckpointIdentity[] = []
  let problem: RecserveError | undefined
  for (const file of await checkpointCandidates(directory)) {
    try {
      const { root } = await readTorchCheckpoint(join(directory, file))
      if (!isCheckpoint(root)) continue
      const { className, settings } = parseCheckpoint(root, file)
      checkpoints.push({ file, className, dataset: settings.optionalText('dataset') ?? '' })
    } catch (error) {
      if (!(error instanceof RecserveError)) throw error
      problem ??= error
    }
  }
  return { checkpoints, problem }
}
