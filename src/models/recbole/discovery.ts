/** RecBole's `saved/` folder: many checkpoints, which are models and versions by their file names and settings. */
import { readdir, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { RecserveError } from '../../core/errors.js'
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
  /** Name of the data set in its settings; undefined where they cannot be read. */
  readonly dataset: string | undefined
  /** Why it cannot be read; then its class is what its name says. */
  readonly problem?: RecserveError
}

/** One version of a model in a `saved/` folder. */
export interface SavedVersion {
  readonly model: string
  readonly version: number
  readonly file: string
  /** Of a file that cannot be read: loading it tells why. */
  readonly isBroken?: boolean
}

/**
 * Names the checkpoints of one folder. Those of one class are versions of one model, called by the class in lower case, if
 * they are of one data set; otherwise there is a model `<dataset>-<class>` for each. One whose name has no time, or the name of
 * another class, is a model of its own, named after its file.
 *
 * @throws RecserveError `invalid_argument` where two files would be one version, or two models would have one name
 */
export function toSavedVersions(checkpoints: readonly CheckpointIdentity[]): readonly SavedVersion[] {
  const datasetsOf = new Map<string, Set<string>>()
  for (const { className, dataset } of checkpoints) {
    if (dataset === undefined) continue
    datasetsOf.set(className, (datasetsOf.get(className) ?? new Set()).add(dataset))
  }
  const named = checkpoints.map(({ file, className, dataset, problem }): Named => {
    const name = parseCheckpointName(file)
    const rest = { version: name?.version ?? 1, file, ...(problem && { isBroken: true }) }
    const isOwn = name?.className.toLowerCase() !== className.toLowerCase()
    if (isOwn) return { ...rest, model: toModelName(file.replace(/\.pth$/, '')), series: file }
    const isShared = dataset === undefined || datasetsOf.get(className)!.size === 1
    const series = isShared ? className : `${dataset}-${className}`
    return {
      ...rest,
      model: toModelName(isShared ? series.toLowerCase() : `${dataset}-${className.toLowerCase()}`),
      series,
    }
  })
  refuseClash(named)
  return named
    .map(({ series, ...version }) => version)
    .sort((a, b) => (a.model === b.model ? b.version - a.version : a.model < b.model ? -1 : 1))
}

interface Named extends SavedVersion {
  /** What its versions have in common before that becomes a name. */
  readonly series: string
}

function refuseClash(named: readonly Named[]): void {
  const first = new Map<string, Named>()
  const seen = new Map<string, Named>()
  for (const one of named) {
    const key = `${one.model}/${one.version}`
    const other = seen.get(key) ?? first.get(one.model)
    if (other && (seen.has(key) || other.series !== one.series)) {
      const what = seen.has(key)
        ? `version ${one.version} of the model '${one.model}'`
        : `the model '${one.model}'`
      throw new RecserveError(
        'invalid_argument',
        `${other.file} and ${one.file} would both be ${what}; rename one of them, or move it to a folder of its own`,
      )
    }
    seen.set(key, one)
    if (!first.has(one.model)) first.set(one.model, one)
  }
}

/** What a URL and a log can carry as they are: settings and file names may hold anything, `../` too. */
const toModelName = (text: string): string => text.replaceAll(/[^\p{L}\p{N}._-]/gu, '-').slice(0, maxName)

/** As much as a file's name may have. */
const maxName = 255

/** The files of a folder that may be checkpoints. */
export async function checkpointCandidates(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => [])
  const names = entries
    .filter((entry) => !entry.isDirectory())
    .map(({ name }) => name)
    .sort()
  const may = await Promise.all(names.map((name) => mayBeCheckpoint(join(directory, name))))
  return names.filter((_, index) => may[index])
}

/**
 * Whether a file may be a checkpoint, by name and first bytes; RecBole's data loaders are none. Where the name is that of a
 * checkpoint the bytes are not asked: it may be half written.
 */
export async function mayBeCheckpoint(path: string): Promise<boolean> {
  if (!path.endsWith('.pth') || isDataLoader(path)) return false
  const found = await stat(path).catch(() => undefined)
  if (!found?.isFile()) return false
  return parseCheckpointName(basename(path)) !== undefined || (await isZipOrPickle(path))
}

/** `<dataset>-for-<Model>-dataloader.pth`: large, and it holds nothing that the data set does not. */
export const isDataLoader = (name: string): boolean => name.endsWith('-dataloader.pth')
