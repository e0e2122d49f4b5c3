/** Finds model directories below the given paths: each is a version, or holds numeric version directories. */
import { readdir, realpath, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { RecserveError } from '../core/errors.js'
import type { AspiredVersion, Source } from './source.js'

export interface FileSystemSourceOptions {
  /** Directories to look at and below. */
  readonly paths: readonly string[]
  /** Model name by directory, instead of the folder's own name; a directory named here is looked at too. */
  readonly names: ReadonlyMap<string, string>
  /** The kind of model a directory holds, if any. Throws for a model directory that is broken. */
  readonly recognise: (directory: string) => Promise<{ readonly kind: string } | undefined>
  /** Every version folder of a model, newest first, instead of the newest alone (TensorFlow Serving's default policy). */
  readonly allVersions: boolean
  /** Told of a path below which there is no model. */
  readonly onWarning: (message: string) => void
}

/** How far below a given path models are looked for; deeper trees are data, not model folders. */
const maxDepth = 6

interface Version {
  readonly version: number
  readonly directory: string
  readonly kind: string | undefined
}

interface Found {
  readonly directory: string
  readonly versions: readonly Version[]
}

/** @throws RecserveError from `aspiredVersions`: `not_found` for a path that is not there, `invalid_argument` where two folders have one name. */
export function createFileSystemSource(options: FileSystemSourceOptions): Source {
  return {
    async aspiredVersions() {
      const found = new Map<string, Found>()
      const names = new Map<string, string>()
      for (const [path, name] of options.names) names.set(await existing(path), name)
      for (const path of [...options.paths, ...options.names.keys()]) {
        const visited = new Set<string>()
        await search({ directory: await existing(path), depth: maxDepth, visited, found }, options)
        if (![...visited].some((directory) => found.has(directory))) {
          options.onWarning(`no model found below ${path}`)
        }
      }
      return named([...found.values()], names)
    },
  }
}

interface Visit {
  readonly directory: string
  readonly depth: number
  /** Real paths already looked at from this root: symbolic links may make a circle. */
  readonly visited: Set<string>
  /** Models by real path, so that overlapping roots find each once. */
  readonly found: Map<string, Found>
}

async function search(visit: Visit, options: FileSystemSourceOptions): Promise<void> {
  const { directory, depth, visited, found } = visit
  const real = await realpath(directory)
  if (visited.has(real)) return
  visited.add(real)
  if (found.has(real)) return
  const itself = await versionAt(directory, 1, options)
  if (itself) {
    found.set(real, { directory, versions: [itself] })
    return
  }
  const children = await folders(directory)
  const versions = await versionsBelow(directory, children, options)
  if (versions.length > 0) {
    found.set(real, { directory, versions })
  } else if (depth > 0) {
    for (const child of children)
      await search({ ...visit, directory: join(directory, child), depth: depth - 1 }, options)
  }
}

/** A broken model directory is a version too: its loader finds out again what is wrong, and that becomes its state. */
async function versionAt(
  directory: string,
  version: number,
  { recognise }: FileSystemSourceOptions,
): Promise<Version | undefined> {
  const recognised = await recognise(directory).catch(() => ({ kind: undefined }))
  return recognised && { version, directory, kind: recognised.kind }
}

/** The version directories below a model folder, newest first. */
async function versionsBelow(
  directory: string,
  children: readonly string[],
  options: FileSystemSourceOptions,
): Promise<readonly Version[]> {
  const numbered = children
    .filter((name) => /^\d+$/.test(name) && Number.isSafeInteger(Number(name)))
    .sort((a, b) => Number(b) - Number(a))
  const versions: Version[] = []
  for (const name of numbered) {
    const version = await versionAt(join(directory, name), Number(name), options)
    if (version) versions.push(version)
    if (version && !options.allVersions) break
  }
  return versions
}

/** Gives every model its name; a name that two folders share is an error, never a silent choice. */
function named(found: readonly Found[], names: ReadonlyMap<string, string>): AspiredVersion[] {
  const directories = new Map<string, string>()
  return found.flatMap(({ directory, versions }) => {
    const model = names.get(resolve(directory)) ?? basename(resolve(directory))
    const other = directories.get(model)
    if (other !== undefined) {
      throw new RecserveError(
        'invalid_argument',
        `two models are named '${model}': ${other} and ${directory}; give one of them another name with --name NAME=PATH`,
      )
    }
    directories.set(model, directory)
    return versions.map(({ version, ...rest }) => ({ servable: { model, version }, ...rest }))
  })
}

/** The absolute path of an existing directory. */
async function existing(path: string): Promise<string> {
  const found = await stat(path).catch((cause) => {
    throw new RecserveError('not_found', `${path}: no such directory`, { cause })
  })
  if (!found.isDirectory()) {
    throw new RecserveError('invalid_argument', `${path} is a file; give the directory that holds the model`)
  }
  return resolve(path)
}

/** Names of the sub-directories (symbolic links followed), hidden ones and package folders left out, in a stable order. */
async function folders(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => [])
  const names: string[] = []
  for (const entry of entries) {
    if (entry.name.startsWith('.') || entry.name === 'node_modules') continue
    const isFolder =
      entry.isDirectory() ||
      (entry.isSymbolicLink() &&
        (await stat(join(directory, entry.name))
          .then((s) => s.isDirectory())
          .catch(() => false)))
    if (isFolder) names.push(entry.name)
  }
  return names.sort()
}
