/**
 * Where a checkpoint's ids may be: beside it or in `dataset/`, in the order in which they are tried. A file that names the
 * ids comes first, then RecBole's own data set file, then the atomic files, and last what the checkpoint itself carries.
 */
import { readdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { RecserveError } from '../../core/errors.js'
import { readSmallJson } from '../../formats/json-arrays.js'
import { hasFile } from '../has-file.js'
import type { CheckpointFile } from './checkpoint-file.js'
import type { RecBoleDataset } from './dataset.js'
import { embeddedDataset, isDatasetObject, toDataset } from './dataset-object.js'
import type { DatasetSettings } from './dataset-settings.js'
import { isDataLoader, parseCheckpointName } from './discovery.js'
import { isZipOrPickle } from './file-kind.js'
import { replayAtomicFiles } from './replay.js'
import { useSharedPickle } from './shared-pickles.js'
import { parseTokens, readTokensFile, toTokensOnly } from './tokens-file.js'

/** One place that may tell the ids; `read` gives undefined where it turns out to be something else. */
export interface DatasetSource {
  readonly kind: 'tokens' | 'dataset file' | 'atomic files' | 'checkpoint'
  /** For messages. */
  readonly name: string
  read(): Promise<RecBoleDataset | undefined>
}

export interface SourceSearch {
  /** The checkpoint's path. */
  readonly path: string
  readonly checkpoint: CheckpointFile
  readonly settings: DatasetSettings
  /** Folders to look into instead of those beside the checkpoint. */
  readonly folders?: readonly string[] | undefined
  readonly signal?: AbortSignal | undefined
}

/** A model's own settings for recserve; of it only `tokens` is read here. */
const settingsFile = 'recserve.json'

export async function findDatasetSources(search: SourceSearch): Promise<readonly DatasetSource[]> {
  const folders = search.folders ?? foldersBeside(search.path, search.settings.name)
  const found: DatasetSource[] = []
  for (const find of [tokenSources, datasetFileSources, atomicSources]) {
    for (const folder of folders) found.push(...(await find(folder, search)))
  }
  const { checkpoint } = search
  const embedded = embeddedDataset(checkpoint.otherParameter)
  if (embedded) {
    found.push({
      kind: 'checkpoint',
      name: checkpoint.name,
      read: () => toDataset(embedded, optionsFor(search, checkpoint.name)),
    })
  }
  return found
}

/** RecBole trains with `saved/` and `dataset/<name>/` in one folder. The name is the checkpoint's word: it must be a name. */
export function foldersBeside(path: string, dataset: string): readonly string[] {
  const own = dirname(path)
  const isName =
    dataset !== '' && dataset !== '..' && basename(dataset) === dataset && !dataset.includes('\\')
  return [
    own,
    join(own, 'dataset'),
    ...(isName ? [join(own, 'dataset', dataset), join(own, '..', 'dataset', dataset)] : []),
  ]
}

const optionsFor = ({ settings, checkpoint }: SourceSearch, source: string) => ({
  source,
  settings,
  paired: checkpoint.settings.optionalTexts('numerical_features'),
})

async function filesOf(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  return entries
    .filter((entry) => entry.isFile() || entry.isSymbolicLink())
    .map(({ name }) => name)
    .sort()
}

/** `recserve.json` with `"tokens"` (the lists, or the name of a file of them), and every `*.tokens.json`. */
async function tokenSources(folder: string, { path }: SourceSearch): Promise<readonly DatasetSource[]> {
  const names = await filesOf(folder)
  const stem = basename(path).replace(/\.\w+$/, '')
  const files = names
    .filter((name) => name === 'tokens.json' || name.endsWith('.tokens.json'))
    .sort((a, b) => Number(b.startsWith(stem)) - Number(a.startsWith(stem)))
  const described = names.includes(settingsFile)
    ? [{ kind: 'tokens' as const, name: settingsFile, read: () => readNamedTokens(folder) }]
    : []
  return [
    ...described,
    ...files.map((name) => ({
      kind: 'tokens' as const,
      name,
      read: () => readTokensFile(join(folder, name)),
    })),
  ]
}

async function readNamedTokens(folder: string): Promise<RecBoleDataset | undefined> {
  const content = await readSmallJson(join(folder, settingsFile), 512 * 2 ** 20)
  const tokens =
    typeof content === 'object' && content !== null && 'tokens' in content ? content.tokens : undefined
  if (tokens === undefined) return undefined
  if (typeof tokens !== 'string') return toTokensOnly(parseTokens(tokens, settingsFile), settingsFile)
  if (basename(tokens) !== tokens) {
    throw new RecserveError(
      'invalid_argument',
      `${settingsFile}: tokens is ${JSON.stringify(tokens)}; expected the name of a file beside it`,
    )
  }
  return readTokensFile(join(folder, tokens))
}

/** Pickles of a Dataset, whatever their names; those called as RecBole calls them first. */
async function datasetFileSources(folder: string, search: SourceSearch): Promise<readonly DatasetSource[]> {
  const { settings, path } = search
  const isOwnName = (name: string) => name.startsWith(`${settings.name}-`)
  const found: DatasetSource[] = []
  const names = (await filesOf(folder)).filter(
    (name) =>
      !(isDataLoader(name) || parseCheckpointName(name) || join(folder, name) === path) && !isAtomic(name),
  )
  for (const name of names.sort((a, b) => Number(isOwnName(b)) - Number(isOwnName(a)))) {
    if (!(await isZipOrPickle(join(folder, name)))) continue
    found.push({ kind: 'dataset file', name, read: () => readDatasetFile(join(folder, name), name, search) })
  }
  return found
}

const isAtomic = (name: string) => /\.(inter|user|item|kg|link|ent|rel|net|json)$/.test(name)

function readDatasetFile(
  path: string,
  name: string,
  search: SourceSearch,
): Promise<RecBoleDataset | undefined> {
  return useSharedPickle(path, search.signal, async ({ root }) =>
    isDatasetObject(root) ? toDataset(root, optionsFor(search, name)) : undefined,
  )
}

async function atomicSources(
  folder: string,
  { settings, signal }: SourceSearch,
): Promise<readonly DatasetSource[]> {
  const [part] = settings.benchmarkParts ?? []
  const name = `${settings.name}${part === undefined ? '' : `.${part}`}.inter`
  if (basename(name) !== name || !(await hasFile(folder, name))) return []
  return [{ kind: 'atomic files', name, read: () => replayAtomicFiles(folder, settings, signal) }]
}
