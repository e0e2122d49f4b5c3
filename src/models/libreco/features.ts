/** Features of users and items as `features.json` holds them, checked (libserving/serialization/common.py `save_features`). */
import { RecserveError } from '../../core/errors.js'
import type { NumberTable } from '../../formats/json-number-tables.js'
import { featuresFile } from './graph-folder.js'

type Numbers = Int32Array | Float32Array

/** Features of one sort of one side: of users or of items. */
export interface FeatureSide<Values extends Numbers> {
  /** Their positions in the whole row that a graph takes, in the order of `values`. */
  readonly columns: Int32Array
  /** [rows, columns], the last row standing for whoever or whatever was not there in training. */
  readonly values: Values
}

/** The row of one sort that a graph takes: users' columns and items', in whichever order. */
export interface FeatureRow<Values extends Numbers = Numbers> {
  /** Columns of both sides. */
  readonly width: number
  readonly user?: FeatureSide<Values>
  readonly item?: FeatureSide<Values>
}

export interface Features {
  /** Indices into one embedding table for all sparse columns: the exporter has added each column's offset. */
  readonly sparse: FeatureRow<Int32Array>
  readonly dense: FeatureRow<Float32Array>
  /** How many items of a sequence the model reads, where it reads one. */
  readonly maxLength?: number
}

export interface Counts {
  readonly users: number
  readonly items: number
}

/** @throws RecserveError `failed_precondition` where the tables do not fit each other or the ids */
export function toFeatures(tables: ReadonlyMap<string, NumberTable>, counts: Counts): Features {
  for (const side of ['users', 'items'] as const) {
    const found = scalar(tables, `n_${side}`)
    if (found !== counts[side]) {
      const ids = side === 'users' ? 'user2id.json' : 'item2id.json'
      throw unfit(
        `"n_${side}" is ${found ?? 'missing'}, ${ids} has ${counts[side]}: they are not of one export`,
      )
    }
  }
  const maxLength = scalar(tables, 'max_seq_len')
  if (
    maxLength !== undefined &&
    !(Number.isInteger(maxLength) && maxLength > 0 && maxLength <= maxSequence)
  ) {
    throw unfit(`"max_seq_len" is ${maxLength}, expected an integer from 1 to ${maxSequence}`)
  }
  return {
    sparse: toRow(tables, 'sparse', { counts, convert: toIndices }),
    dense: toRow(tables, 'dense', { counts, convert: toFloats }),
    ...(maxLength !== undefined && { maxLength }),
  }
}

/** Longer than any model reads; a row of this many is fed for every item. */
export const maxSequence = 65_536

interface RowOptions<Values extends Numbers> {
  readonly counts: Counts
  readonly convert: (values: Float64Array, name: string) => Values
}

function toRow<Values extends Numbers>(
  tables: ReadonlyMap<string, NumberTable>,
  sort: 'sparse' | 'dense',
  { counts, convert }: RowOptions<Values>,
): FeatureRow<Values> {
  const user = toSide(tables, `user_${sort}`, { rows: counts.users + 1, convert })
  const item = toSide(tables, `item_${sort}`, { rows: counts.items + 1, convert })
  const columns = [...(user?.columns ?? []), ...(item?.columns ?? [])]
  const isPermutation = columns.toSorted((a, b) => a - b).every((column, i) => column === i)
  if (!isPermutation) {
    throw unfit(
      `the ${sort} columns are [${columns.join(', ')}], users' first; expected each from 0 to ${columns.length - 1} once`,
    )
  }
  return { width: columns.length, ...(user && { user }), ...(item && { item }) }
}

function toSide<Values extends Numbers>(
  tables: ReadonlyMap<string, NumberTable>,
  name: string,
  { rows, convert }: { readonly rows: number } & Pick<RowOptions<Values>, 'convert'>,
): FeatureSide<Values> | undefined {
  const index = tables.get(`${name}_col_index`)
  const table = tables.get(`${name}_values`)
  if (index === undefined || index.values.length === 0) return undefined
  const [found, columns] = table?.shape ?? []
  if (table === undefined || found !== rows || columns !== index.values.length) {
    const shape = table ? `[${table.shape.join(', ')}]` : 'missing'
    throw unfit(
      `"${name}_values" is ${shape}, expected [${rows}, ${index.values.length}]: a row for each, one for the unknown, and the columns of "${name}_col_index"`,
    )
  }
  const columnPlaces = toIndices(index.values, `${name}_col_index`)
  return { columns: columnPlaces, values: convert(table.values, `${name}_values`) }
}

function toIndices(values: Float64Array, name: string): Int32Array {
  const wrong = values.find((value) => !Number.isInteger(value) || value < 0 || value > 0x7fffffff)
  if (wrong !== undefined) throw unfit(`"${name}" holds ${wrong}, expected indices`)
  return Int32Array.from(values)
}

function toFloats(values: Float64Array, name: string): Float32Array {
  const floats = Float32Array.from(values)
  if (!floats.every(Number.isFinite)) throw unfit(`"${name}" holds a number that a float32 cannot hold`)
  return floats
}

function scalar(tables: ReadonlyMap<string, NumberTable>, name: string): number | undefined {
  const table = tables.get(name)
  if (table === undefined) return undefined
  if (table.shape.length > 0) throw unfit(`"${name}" is a list, expected a number`)
  return table.values[0]
}

function unfit(message: string): RecserveError {
  return new RecserveError('failed_precondition', `${featuresFile}: ${message}`)
}
