/** RecBole's `saved/` folder: many checkpoints, which are models and versions by their file names and settings. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { isZipOrPickle } from './file-kind.js'

/** What a file name of RecBole's trainer says: `<Model>-<Mon-dd-yyyy_hh-mm-ss>.pth`. */
export interface CheckpointName {
  readonly className: string
  /** Seconds since 1970, the time in the name being taken for UTC (the name does not tell the zone). */
  readonly version: number
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** Undefined for a name of another form, or of no date that there is. */
export function parseCheckpointName(fileName: string): CheckpointName | undefined {
  const found = /^(.+)-([A-Z][a-z]{2})-(\d{2})-(\d{4})_(\d{2})-(\d{2})-(\d{2})\.pth$/.exec(fileName)
  if (!found) return undefined
  const month = months.indexOf(found[2]!)
  const [day, year, hour, minute, second] = found.slice(3).map(Number) as [
    number,
    number,
    number,
    number,
    number,
  ]
  const time = new Date(Date.UTC(year, month, day, hour, minute, second))
  const isDate = month !== -1 && time.getUTCDate() === day && hour < 24 && minute < 60 && second < 60
  return isDate ? { className: found[1]!, version: time.getTime() / 1000 } : undefined
}

/** A checkpoint, as far as models are told apart by it. */
export interface CheckpointIdentity {
  /** Base name of the file. */
  readonly file: string
  readonly className: string
  /** Name of the data set in its settings. */
  readonly dataset: string
}

/** One version of a model in a `saved/` folder. */
export interface SavedVersion {
  readonly model: string
  readonly version: number
  readonly file: string
}

/**
 * Names the checkpoints of one folder. Those of one class are versions of one model, called by the class in lower case, if
 * they are of one data set; otherwise there is a model `<dataset>-<class>` for each. One whose name has no time is a model of
 * its own, named after its file.
 */
export function toSavedVersions(checkpoints: readonly CheckpointIdentity[]): readonly SavedVersion[] {
  const datasetsOf = new Map<string, Set<string>>()
  for (const { className, dataset } of checkpoints) {
    datasetsOf.set(className, (datasetsOf.get(className) ?? new Set()).add(dataset))
  }
  return checkpoints
    .map(({ file, className, dataset }) => {
      const name = parseCheckpointName(file)
      if (!name) return { model: file.replace(/\.pth$/, ''), version: 1, file }
      const model = className.toLowerCase()
      const isShared = datasetsOf.get(className)!.size === 1
      return { model: isShared ? model : `${dataset}-${model}`, version: name.version, file }
    })
    .sort((a, b) => (a.model === b.model ? b.version - a.version : a.model < b.model ? -1 : 1))
}

/** The files of a folder that may be checkpoints, by name and first bytes; RecBole's data loaders are none. */
export async function checkpointCandidates(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => [])
  const names = entries
    .filter((entry) => !entry.isDirectory() && entry.name.endsWith('.pth') && !isDataLoader(entry.name))
    .map(({ name }) => name)
    .sort()
  const kinds = await Promise.all(names.map((name) => isZipOrPickle(join(directory, name))))
  return names.filter((_, index) => kinds[index])
}

/** `<dataset>-for-<Model>-dataloader.pth`: large, and it holds nothing that the data set does not. */
export const isDataLoader = (name: string): boolean => name.endsWith('-dataloader.pth')
