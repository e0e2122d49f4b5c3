/** Users, items and who has had what, as `data_info.save` writes them (libreco/data/data_info.py). */
import { createIdTable, type IdTable } from '../../core/catalog.js'
import { RecserveError } from '../../core/errors.js'
import { naming, readNpzArrays } from '../../formats/npz-arrays.js'
import { NumpyArray } from '../../formats/pickle/numpy-array.js'
import { readPickle } from '../../formats/pickle/pickle.js'
import { PickleFault, type PickleValue } from '../../formats/pickle/value.js'
import { type RaggedInt32, raggedRow } from '../../tensor/ragged.js'
import { type ExportReader, type Population, toPopulation } from './export.js'

/** Ids and histories; more would not fit a process. */
const maxBytes = 2 ** 32

export const nativePopulationFiles = (prefix: string): readonly string[] => [
  `${prefix}_data_info.npz`,
  `${prefix}_user_consumed.pkl`,
]

/**
 * Of the training data only the ids are unpacked, and of the histories those by user.
 *
 * @param prefix what `data_info.save` was told
 * @throws RecserveError naming the file
 */
export async function readNativePopulation(reader: ExportReader, prefix: string): Promise<Population> {
  const [idsFile, consumedFile] = nativePopulationFiles(prefix) as [string, string]
  const names = ['user_unique_vals', 'item_unique_vals']
  const ids = await reader.read(idsFile, (path, options) =>
    readNpzArrays(path, { ...options, names, maxBytes }),
  )
  const [users, catalog] = names.map((name) => toIds(ids.get(name), `${idsFile}: "${name}"`)) as [
    IdTable,
    IdTable,
  ]
  const histories = await reader.read(consumedFile, (path, options) =>
    readPickle(path, { ...options, maxBytes }),
  )
  const consumed = naming(consumedFile, () => toRagged(histories, users.size, catalog.size))
  return toPopulation({ users, catalog, consumed, popularity: countUsers(consumed, catalog.size) })
}

/** Row i has the i-th of the values, which pandas and NumPy keep as integers, text or objects. */
function toIds(values: NumpyArray | undefined, name: string): IdTable {
  if (values === undefined)
    throw new RecserveError('data_loss', `${name} is missing: data_info.save writes it`)
  if (values.shape.length !== 1)
    throw new RecserveError('data_loss', `${name}: is ${values.describe()}; a vector of ids is due`)
  const rows = new Map<string, number>()
  for (const [row, value] of naming(name, () => values.toValues()).entries()) {
    const id = toId(value)
    if (id === undefined || rows.has(id)) {
      const what =
        id === undefined ? 'is neither text nor a number' : `is ${JSON.stringify(id)}, as another one is`
      throw new RecserveError('data_loss', `${name}: id ${row} ${what}`)
    }
    rows.set(id, row)
  }
  return createIdTable(rows)
}

/** As a client writes it: 7 and "7" are one id, 1.0 is 1. */
function toId(value: PickleValue): string | undefined {
  if (typeof value === 'string') return value
  const isNumber = (typeof value === 'number' && Number.isFinite(value)) || typeof value === 'bigint'
  return isNumber ? String(value) : undefined
}

/** `{user: [item, …]}`, rows in any order; a user who is not there has had nothing. */
function toRagged(value: PickleValue, rows: number, limit: number): RaggedInt32 {
  if (!(value instanceof Map)) throw new PickleFault('holds no dict of histories by user')
  const histories = new Array<readonly PickleValue[]>(rows).fill([])
  let total = 0
  for (const [user, items] of value as ReadonlyMap<PickleValue, PickleValue>) {
    if (!isRow(user, rows)) throw new PickleFault(`has a history of user ${shown(user)} of ${rows}`)
    const list = items instanceof NumpyArray ? items.toValues() : items
    if (!Array.isArray(list)) throw new PickleFault(`has a history of user ${user} that is no list of items`)
    histories[user] = list
    total += list.length
  }
  if (total >= 2 ** 31) throw new PickleFault(`has ${total} items in histories`, 'resource_exhausted')
  const ragged = { offsets: new Int32Array(rows + 1), values: new Int32Array(total) }
  let end = 0
  for (const [user, items] of histories.entries()) {
    for (const item of items) {
      if (!isRow(item, limit))
        throw new PickleFault(`has item ${shown(item)} of ${limit} in the history of user ${user}`)
      ragged.values[end++] = item
    }
    ragged.offsets[user + 1] = end
  }
  return ragged
}

function isRow(value: PickleValue, limit: number): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < limit
}

const shown = (value: PickleValue): string =>
  typeof value === 'number' || typeof value === 'bigint' ? String(value) : 'that is no row number'

/** How many users had each item: the library's popularity (`DataInfo._get_popular_items`). */
function countUsers(consumed: RaggedInt32, items: number): Int32Array {
  const counts = new Int32Array(items)
  for (let user = 0; user + 1 < consumed.offsets.length; user++) {
    for (const item of new Set(raggedRow(consumed, user))) counts[item]!++
  }
  return counts
}
