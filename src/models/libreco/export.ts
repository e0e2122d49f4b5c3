/**
 * What every folder written by LibRecommender's serving exporter holds: the algorithm, the ids, the histories
 * (libserving/serialization/common.py). Shared by the `libreco-*` kinds.
 */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { createIdTable, type IdTable } from '../../core/catalog.js'
import { RecserveError } from '../../core/errors.js'
import type { UserSnapshot } from '../../core/user.js'
import {
  type ReadOptions,
  readIdToIndex,
  readIndexToId,
  readIntRows,
  readSmallJson,
} from '../../formats/json-arrays.js'
import { type RaggedInt32, raggedRow } from '../../tensor/ragged.js'
import { hasFile } from '../has-file.js'
import type { LoadTools } from '../model-kind.js'

/** Users, items and who has consumed what, as the exporter wrote them. */
export interface Population {
  readonly users: IdTable
  readonly catalog: IdTable
  /** Row = user, values = item rows, oldest first; the exporter drops only consecutive repeats. */
  readonly consumed: RaggedInt32
  readonly snapshot: UserSnapshot
  /** Times each item occurs in `consumed`. */
  readonly popularity: Int32Array
  readonly memoryBytes: number
}

/** The algorithm named in `model_name.json`; undefined when there is no such file. */
export async function readAlgorithm(directory: string): Promise<string | undefined> {
  if (!(await hasFile(directory, 'model_name.json'))) return undefined
  const content = await readSmallJson(join(directory, 'model_name.json'))
  const name =
    typeof content === 'object' && content !== null && 'model_name' in content && content.model_name
  if (typeof name !== 'string' || name === '') {
    throw new RecserveError(
      'data_loss',
      'model_name.json: expected {"model_name": "<algorithm>"}, as LibRecommender writes it',
    )
  }
  return name
}

/** Reads files of one folder one after another and reports progress over all of them. */
export interface ExportReader {
  read<T>(name: string, read: (path: string, options: ReadOptions) => Promise<T>): Promise<T>
}

/** @param names every file that will be read, for the total of the progress bar. */
export async function openExport(
  directory: string,
  names: readonly string[],
  tools: Pick<LoadTools, 'signal' | 'onProgress'>,
): Promise<ExportReader> {
  const sizes = await Promise.all(names.map((name) => fileSize(join(directory, name))))
  const total = sizes.reduce((sum, size) => sum + size, 0)
  let done = 0
  return {
    async read(name, read) {
      const result = await read(join(directory, name), {
        ...(tools.signal && { signal: tools.signal }),
        onProgress: (bytes) => tools.onProgress?.(done + bytes, total),
      })
      done += sizes[names.indexOf(name)] ?? 0
      return result
    },
  }
}

/** An id: its text, its place in the list and in the map (measured over 100,000 seven-digit ids). */
const idBytes = 100

export const populationFiles = ['user2id.json', 'item2id.json', 'id2item.json', 'user_consumed.json'] as const

/**
 * @throws RecserveError `failed_precondition` where the files contradict each other, naming both.
 */
export async function readPopulation(reader: ExportReader): Promise<Population> {
  const users = asExported(createIdTable(await reader.read('user2id.json', readIdToIndex)))
  const itemToIndex = await reader.read('item2id.json', readIdToIndex)
  const itemIds = await reader.read('id2item.json', (path, options) =>
    readIndexToId(path, { rows: itemToIndex.size }, options),
  )
  for (const [index, id] of itemIds.entries()) {
    if (itemToIndex.get(id) !== index) {
      throw new RecserveError(
        'failed_precondition',
        `id2item.json names item '${id}' for row ${index}, item2id.json has ${itemToIndex.get(id) ?? 'no row'} for it: the two files are not of one export`,
      )
    }
  }
  const catalog = asExported(createIdTable(itemToIndex))
  const consumed = await reader.read('user_consumed.json', (path, options) =>
    readIntRows(path, { rows: users.size, limit: catalog.size }, options),
  )
  return toPopulation({
    users,
    catalog,
    consumed,
    popularity: countOccurrences(consumed.values, catalog.size),
  })
}

/** Adds what follows from the ids and the histories. */
export function toPopulation(
  parts: Pick<Population, 'users' | 'catalog' | 'consumed' | 'popularity'>,
): Population {
  const { users, catalog, consumed } = parts
  return {
    ...parts,
    snapshot: snapshotOf(users, consumed),
    memoryBytes:
      consumed.offsets.byteLength +
      consumed.values.byteLength +
      4 * catalog.size +
      idBytes * (users.size + catalog.size),
  }
}

/**
 * The exporter passes every id through Python's `int()`, so a data set's `"0042"` is `"42"` in the files. An id that is not
 * found as it stands is therefore looked up again without its leading zeros.
 */
function asExported(table: IdTable): IdTable {
  return {
    ...table,
    indexOf(id) {
      const index = table.indexOf(id)
      return index === -1 && /^0\d+$/.test(id) ? table.indexOf(id.replace(/^0+(?=\d)/, '')) : index
    },
  }
}

function snapshotOf(users: IdTable, consumed: RaggedInt32): UserSnapshot {
  return {
    read(user) {
      const index = users.indexOf(user)
      return index === -1 ? undefined : { consumed: raggedRow(consumed, index) }
    },
  }
}

function countOccurrences(values: Int32Array, size: number): Int32Array {
  const counts = new Int32Array(size)
  for (const value of values) counts[value]!++
  return counts
}

function fileSize(path: string): Promise<number> {
  return stat(path).then(
    (found) => found.size,
    () => 0, // its reader will say that it is missing
  )
}
