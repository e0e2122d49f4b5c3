/** The tables of a data set and the rows of each that are left while it is being filtered. */
import { join } from 'node:path'
import { RecserveError } from '../../core/errors.js'
import { hasFile } from '../has-file.js'
import { readAtomicFile } from './atomic-file.js'
import {
  type AtomicColumn,
  type AtomicTable,
  concatenated,
  isTokenLike,
  type TokenColumn,
  type TokenLikeColumn,
  withSharedDictionary,
} from './atomic-table.js'
import type { DatasetSettings } from './dataset-settings.js'

/** A table and its remaining rows in order: pandas' index labels. */
export interface Frame {
  readonly table: AtomicTable
  rows: Int32Array
}

/** By the suffix of the file: `inter`, `user`, `item`, `kg` and those of `additional_feat_suffix`, in order of loading. */
export type Frames = ReadonlyMap<string, Frame>

/** What was read of a data set's folder. */
export interface AtomicDataset {
  readonly tables: ReadonlyMap<string, AtomicTable>
  /** `.link`: which item is which entity. It is no frame: RecBole makes a dict of it. */
  readonly link: AtomicTable | undefined
}

/**
 * Reads the files of a data set that its settings load.
 * @throws RecserveError naming the file where one that is needed is missing or malformed
 */
export async function readAtomicDataset(
  folder: string,
  settings: DatasetSettings,
  signal?: AbortSignal,
): Promise<AtomicDataset> {
  const read = (name: string, suffix: string) =>
    readSelected(join(folder, name), suffix, { settings, signal })
  const tables = new Map<string, AtomicTable>()
  const add = (suffix: string, table: AtomicTable | undefined) => table && tables.set(suffix, table)

  const parts = settings.benchmarkParts?.map((part) => `${settings.name}.${part}.inter`)
  const inter: AtomicTable[] = []
  for (const name of parts ?? [`${settings.name}.inter`]) {
    const table = await read(name, 'inter')
    if (table) inter.push(table)
  }
  if (inter.length === 0) {
    throw new RecserveError(
      'failed_precondition',
      `the checkpoint's settings load no field of ${settings.name}.inter`,
    )
  }
  add('inter', concatenated(inter))
  for (const suffix of ['user', 'item']) {
    const name = `${settings.name}.${suffix}`
    if (await hasFile(folder, name)) add(suffix, await read(name, suffix))
  }
  for (const suffix of settings.additionalSuffixes)
    add(suffix, await read(`${settings.name}.${suffix}`, suffix))
  const { knowledge } = settings
  if (knowledge) add('kg', await read(`${settings.name}.kg`, 'kg'))
  const link = knowledge ? await read(`${settings.name}.link`, 'link') : undefined
  return comparable({ tables, link }, settings)
}

interface Reading {
  readonly settings: DatasetSettings
  readonly signal: AbortSignal | undefined
}

function readSelected(path: string, suffix: string, { settings, signal }: Reading) {
  const selects = settings.selection(suffix)
  if (!selects) return undefined
  const isUsed = suffix === 'inter' ? usedInInteractions(settings) : () => true
  return readAtomicFile(path, {
    separator: settings.fieldSeparator,
    sequenceSeparator: settings.sequenceSeparator,
    encoding: settings.encoding,
    sequenceLimits: settings.sequenceLimits,
    selects: (field, type) => selects(field) && isUsed(field, type),
    signal,
  })
}

/**
 * Of the interactions, numbers are read where times, filters or vectors need them. Tokens always are: the models' tables
 * have rows for those of every field.
 */
function usedInInteractions({ timeField, values, preloaded, aliases }: DatasetSettings) {
  const used = new Set([timeField, ...values.keys(), ...preloaded.values()])
  for (const { fields } of aliases) for (const field of fields) used.add(field)
  return (field: string, type: AtomicColumn['kind']) => type.startsWith('token') || used.has(field)
}

/** Puts the fields that share ids over one dictionary each. */
function comparable(dataset: AtomicDataset, settings: DatasetSettings): AtomicDataset {
  const { knowledge, itemField } = settings
  const replaced = new Map<AtomicTable, Map<string, AtomicColumn>>()
  const all = [...dataset.tables.values(), ...(dataset.link ? [dataset.link] : [])]
  for (const table of all) replaced.set(table, new Map(table.columns))
  for (const alias of settings.aliases) {
    const fields =
      alias.name === 'entity_id' && knowledge ? [...alias.fields, knowledge.entity] : alias.fields
    const places = all.flatMap((table) =>
      fields.flatMap((field) => {
        const column = table.columns.get(field)
        return isTokenLike(column) ? [{ table, field, column }] : []
      }),
    )
    const shared = withSharedDictionary(places.map(({ column }) => column))
    for (const [index, { table, field }] of places.entries()) replaced.get(table)!.set(field, shared[index]!)
  }
  const renewed = (table: AtomicTable): AtomicTable => ({ ...table, columns: replaced.get(table)! })
  const linked = dataset.link && renewed(dataset.link)
  if (linked && knowledge) {
    tokenColumn(linked, itemField)
    tokenColumn(linked, knowledge.entity)
  }
  return {
    tables: new Map([...dataset.tables].map(([suffix, table]) => [suffix, renewed(table)])),
    link: linked,
  }
}

/** All rows of every table; of the user and the item file, the first row of each id (what else they say is not read). */
export function toFrames({ tables }: AtomicDataset, settings: DatasetSettings): Frames {
  return new Map(
    [...tables].map(([suffix, table]) => {
      const rows = Int32Array.from({ length: table.rowCount }, (_, row) => row)
      const idField =
        suffix === 'user' ? settings.userField : suffix === 'item' ? settings.itemField : undefined
      return [suffix, { table, rows: idField === undefined ? rows : firstOfEach(table, idField, rows) }]
    }),
  )
}

function firstOfEach(table: AtomicTable, field: string, rows: Int32Array): Int32Array {
  const { codes } = tokenColumn(table, field)
  const seen = new Set<number>()
  return rows.filter((row) => !seen.has(codes[row]!) && seen.add(codes[row]!))
}

/** @throws RecserveError `failed_precondition` where the field is not loaded, or not of type token */
export function tokenColumn(table: AtomicTable, field: string): TokenColumn {
  const column = table.columns.get(field)
  if (column?.kind === 'token') return column
  throw new RecserveError(
    'failed_precondition',
    column
      ? `${table.name}: field ${field} is of type ${column.kind}; RecBole needs it as token`
      : `${table.name}: field ${field} is not in the file or not loaded (its header and the checkpoint's load_col say what is)`,
  )
}

/** The frames in which a field's tokens are looked for, in RecBole's order (Dataset.field2feats). */
export function framesOf(field: string, frames: Frames, settings: DatasetSettings): readonly Frame[] {
  const inter = frames.get('inter')!
  const own = field === settings.userField ? 'user' : field === settings.itemField ? 'item' : undefined
  if (own) return [inter, ...(frames.has(own) ? [frames.get(own)!] : [])]
  // A field of several files belongs to the one that was loaded last.
  const owner = [...frames.values()].findLast(({ table }) => table.columns.has(field))
  return owner ? [owner] : []
}

/** The token column of each frame that has the field. */
export function columnsOf(
  field: string,
  frames: Frames,
  settings: DatasetSettings,
): readonly { readonly frame: Frame; readonly column: TokenLikeColumn }[] {
  return framesOf(field, frames, settings).map((frame) => {
    const column = frame.table.columns.get(field)
    if (isTokenLike(column)) return { frame, column }
    return { frame, column: tokenColumn(frame.table, field) }
  })
}
