/** Finds models below the given paths: a directory is a version, or holds numeric version directories; a file may be a model, too. */
import { readdir, realpath, stat } from 'node:fs/promises'
import { basename, join, resolve, sep } from 'node:path'
import { RecserveError } from '../core/errors.js'
import type { AspiredVersion, Recognised, Source, SourceKind, SourceOptions } from './source.js'

/** How far below a given path models are looked for; deeper trees are data, not model folders. */
const maxDepth = 6

interface Version {
  readonly version: number
  readonly directory: string
  readonly kind: string | undefined
}

interface Found {
  readonly directory: string
  /** Where it is not the folder's. */
  readonly name?: string
  readonly versions: readonly Version[]
}

/** @throws RecserveError from `aspiredVersions`: `not_found` for a path that is not there, `invalid_argument` for a file that is no model, and where two folders have one name, or one two. */
export function createFileSystemSource(options: SourceOptions): Source {
  return {
    async aspiredVersions() {
      const names = await namesByDirectory(options.names)
      const found = new Map<string, Found>()
      for (const path of [...names.keys(), ...options.paths]) {
        const root = await existing(path)
        await refuseOtherFile(root, options)
        const before = found.size
        // A name goes with one model: what is below its folder is not looked for.
        await search(
          { directory: root, ancestors: [], deepest: names.has(root) ? 0 : maxDepth, found },
          options,
        )
        // Whoever names a folder means it: that it is no model becomes its state, and hinders no other.
        if (names.has(root) && !found.has(root)) {
          refuseSeveral(root, { found, name: names.get(root)! })
          found.set(root, { directory: root, versions: [{ version: 1, directory: root, kind: undefined }] })
        }
        if (found.size === before && !isWithin(root, found)) options.onWarning(`no model found below ${path}`)
      }
      return named([...found.values()], names)
    },
  }
}

export const fileSystem: SourceKind = { name: 'file-system', create: createFileSystemSource }

/** Turned around: a folder has one name. */
async function namesByDirectory(names: ReadonlyMap<string, string>): Promise<ReadonlyMap<string, string>> {
  const byDirectory = new Map<string, string>()
  for (const [name, path] of names) {
    const directory = await existing(path)
    const other = byDirectory.get(directory)
    if (other !== undefined) {
      throw new RecserveError(
        'invalid_argument',
        `${path} is named twice: '${other}' and '${name}'; choose one`,
      )
    }
    byDirectory.set(directory, name)
  }
  return byDirectory
}

/** @throws RecserveError `invalid_argument` where a folder that is to have one name holds several models */
function refuseSeveral(
  root: string,
  { found, name }: { readonly found: ReadonlyMap<string, Found>; readonly name: string },
): void {
  const models = [...found].flatMap(([place, model]) =>
    model.name !== undefined && place.startsWith(root + sep) ? [model.name] : [],
  )
  if (models.length === 0) return
  throw new RecserveError(
    'invalid_argument',
    `${root} holds several models (${models.join(', ')}), which cannot all be named '${name}': serve it without a name`,
  )
}

/** Whether a model has been found at a directory or below it. */
const isWithin = (root: string, found: ReadonlyMap<string, Found>): boolean =>
  [...found.keys()].some((directory) => directory === root || directory.startsWith(root + sep))

interface Visit {
  readonly directory: string
  /** Real paths of the folders above: symbolic links may make a circle. */
  readonly ancestors: readonly string[]
  /** How many levels below the root are looked at. */
  readonly deepest: number
  /** Models by absolute path, so that overlapping roots find each once. A link to a model is another one, under its own name. */
  readonly found: Map<string, Found>
}

async function search(
  { directory, ancestors, deepest, found }: Visit,
  options: SourceOptions,
): Promise<void> {
  const real = await realpath(directory)
  if (ancestors.includes(real) || found.has(directory)) return
  const recognised = await recogniseAt(directory, options)
  for (const warning of recognised?.warnings ?? []) options.onWarning(`${directory}: ${warning}`)
  if (recognised?.parts) {
    const models = partsOf(recognised, options)
    for (const model of models) {
      // Several of them cannot have the one name that a folder may be given.
      const place = models.length === 1 ? directory : join(directory, model.name)
      found.set(place, { ...model, directory: place })
    }
    return
  }
  if (recognised) {
    const { version = 1, kind } = recognised
    found.set(directory, { directory, versions: [{ version, directory, kind }] })
    return
  }
  const children = await folders(directory)
  const versions = await versionsBelow(directory, children, options)
  if (versions.length > 0) {
    found.set(directory, { directory, versions })
  } else if (ancestors.length < deepest) {
    for (const child of children) {
      await search(
        { directory: join(directory, child), ancestors: [...ancestors, real], deepest, found },
        options,
      )
    }
  }
}

interface Recognition extends Omit<Recognised, 'kind'> {
  /** Undefined for a model directory that is broken: its loader finds out again what is wrong, and that becomes its state. */
  readonly kind: string | undefined
}

function recogniseAt(directory: string, { recognise }: SourceOptions): Promise<Recognition | undefined> {
  return recognise(directory).catch(() => ({ kind: undefined }))
}

/** The models in one directory, each with its versions. */
function partsOf({ kind, parts = [] }: Recognition, { allVersions }: SourceOptions) {
  const models = new Map<string, Version[]>()
  for (const { model, version, path, isBroken } of parts) {
    const versions = models.get(model) ?? []
    // What is broken hides nothing below it.
    const isWanted = allVersions || versions.every((newer) => newer.kind === undefined)
    if (isWanted) versions.push({ version, directory: path, kind: isBroken ? undefined : kind })
    models.set(model, versions)
  }
  return [...models].map(([name, versions]) => ({ name, versions }))
}

/** The version directories below a model folder, newest first. */
async function versionsBelow(
  directory: string,
  children: readonly string[],
  options: SourceOptions,
): Promise<readonly Version[]> {
  const numbered = children
    .filter((name) => /^\d+$/.test(name) && Number.isSafeInteger(Number(name)))
    .sort((a, b) => Number(b) - Number(a))
  const versions: Version[] = []
  for (const name of numbered) {
    const child = join(directory, name)
    const recognised = await recogniseAt(child, options)
    if (!recognised) continue
    versions.push({ version: Number(name), directory: child, kind: recognised.kind })
    if (!options.allVersions) break
  }
  return versions
}

/** Gives every model its name; a name that two folders share is an error, never a silent choice. */
function named(found: readonly Found[], names: ReadonlyMap<string, string>): AspiredVersion[] {
  const directories = new Map<string, string>()
  return found.flatMap(({ directory, name, versions }) => {
    const model = names.get(directory) ?? name ?? basename(directory)
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

/** The absolute path of a file or directory that exists. */
async function existing(path: string): Promise<string> {
  await stat(path).catch((cause) => {
    throw new RecserveError('not_found', `${path}: no such directory or file`, { cause })
  })
  return resolve(path)
}

/** A broken model is let pass: what is wrong becomes its state. @throws RecserveError `invalid_argument` for a file that is no model */
async function refuseOtherFile(path: string, options: SourceOptions): Promise<void> {
  if ((await stat(path)).isDirectory() || (await recogniseAt(path, options))) return
  throw new RecserveError(
    'invalid_argument',
    `${path} is a file, and no model by itself as a RecBole checkpoint (.pth) is; give the directory that holds the model`,
  )
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
