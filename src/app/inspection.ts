/** What `inspect` finds out about model directories: each version is loaded once, as `serve` would, and let go. */
import { readdir, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { RecserveError } from '../core/errors.js'
import { noEngine } from '../engines/no-engine.js'
import type { AspiredVersion } from '../lifecycle/source.js'
import type { ModelSummary } from '../models/recommender.js'
import { createServing, createSource } from './serving.js'

export interface Inspection {
  readonly model: string
  readonly version: number
  readonly kind: string | null
  readonly servable: boolean
  /** Why it cannot be served. */
  readonly reason?: string
  /** Absent where it cannot be served. */
  readonly summary?: ModelSummary
  readonly files: readonly { readonly name: string; readonly bytes: number }[]
}

/** @throws RecserveError `not_found` where the path is missing or holds no model. */
export async function inspectPath(path: string): Promise<readonly Inspection[]> {
  const aspired = await createSource({ paths: [path], allVersions: true }).aspiredVersions()
  if (aspired.length === 0) {
    throw new RecserveError(
      'not_found',
      `${path} holds no model that recserve knows: a LibRecommender folder has model_name.json and sim.json, or user_embed.json and item_embed.json`,
    )
  }
  const inspections: Inspection[] = []
  for (const version of aspired) inspections.push(await inspectVersion(version))
  return inspections
}

async function inspectVersion(version: AspiredVersion): Promise<Inspection> {
  const serving = createServing({ engine: noEngine, index: 'exact', fallback: 'none', onEvent: () => {} })
  await serving.manager.apply([version])
  const error = serving.manager.statuses()[0]?.error
  const summary = serving.manager.available()[0]?.loaded.summary
  await serving.close()
  return {
    ...version.servable,
    kind: version.kind ?? null,
    servable: error === undefined,
    ...(error && { reason: error.message }),
    ...(summary && { summary }),
    files: await filesBelow(version.directory),
  }
}

async function filesBelow(directory: string): Promise<Inspection['files']> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const sized = files.map(async (file) => ({
    name: relative(directory, file),
    bytes: (await stat(file)).size,
  }))
  return (await Promise.all(sized)).sort((a, b) => a.name.localeCompare(b.name))
}

export function toText(inspections: readonly Inspection[]): string {
  return inspections.map((inspection) => `${linesOf(inspection).join('\n')}\n`).join('\n')
}

function linesOf({ model, version, kind, servable, reason, summary, files }: Inspection): string[] {
  return [
    `${model}, version ${version}`,
    `  kind       ${kind ?? 'none'}${summary ? ` (${summary.algorithm})` : ''}`,
    `  servable   ${servable ? 'yes' : `no: ${reason}`}`,
    ...(summary
      ? [
          `  users      ${summary.users}`,
          `  items      ${summary.items}`,
          ...(summary.width === undefined ? [] : [`  width      ${summary.width}`]),
          `  memory     about ${toSize(summary.memoryBytes)}`,
        ]
      : []),
    '  files',
    ...files.map(({ name, bytes }) => `    ${name}  ${toSize(bytes)}`),
  ]
}

function toSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  return bytes < 2 ** 20 ? `${(bytes / 1024).toFixed(1)} KB` : `${(bytes / 2 ** 20).toFixed(1)} MB`
}
