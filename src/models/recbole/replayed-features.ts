/** Features from the rows of the `.item` and `.user` files, by internal id (Dataset._user_item_feat_preparation, _fill_nan). */
import { RecserveError } from '../../core/errors.js'
import type { Feature } from './architecture.js'
import {
  type FloatColumn,
  type FloatSeqColumn,
  isTokenLike,
  type TokenLikeColumn,
  type TokenSeqColumn,
} from './atomic-table.js'
import type { DatasetSettings } from './dataset-settings.js'
import { type Frame, type Frames, tokenColumn } from './frames.js'
import type { Numbering } from './numbering.js'
import { meanFilled, scaled } from './scaling.js'

export interface Replayed {
  readonly frames: Frames
  readonly settings: DatasetSettings
  readonly numberings: ReadonlyMap<string, Numbering>
}

/**
 * Features of the items or of the users; none where their file is not there or not loaded.
 * @throws RecserveError `unimplemented` for discretised fields
 */
export function replayedFeatures(
  suffix: 'item' | 'user',
  { frames, settings, numberings }: Replayed,
): readonly Feature[] {
  const frame = frames.get(suffix)
  if (!frame) return []
  const idField = suffix === 'item' ? settings.itemField : settings.userField
  const rows = rowsById(frame, idField, numberings.get(idField)!)
  return [...frame.table.columns].flatMap(([field, column]) => {
    if (field === idField || settings.unusedFields[suffix].includes(field)) return []
    if (settings.discretized.has(field)) {
      throw new RecserveError('unimplemented', `${suffix} field ${field} is discretised, which is not served`)
    }
    if (isTokenLike(column)) return [tokenFeature(field, column, { rows, numbering: numberings.get(field)! })]
    const isScaled = settings.normalized === 'all' || settings.normalized.includes(field)
    return [floatFeature(field, column, { rows, isScaled })]
  })
}

/** Row of the file by internal id; -1 for the padding and for ids that the file does not have. */
function rowsById({ table, rows }: Frame, idField: string, ids: Numbering): Int32Array {
  const { codes } = tokenColumn(table, idField)
  const byId = new Int32Array(ids.codes.length + 1).fill(-1)
  // A row without an id that RecBole failed to drop (see filters.ts) becomes the padding's.
  for (const row of rows) byId[ids.idOf(codes[row]!)] = row
  return byId
}

function tokenFeature(
  field: string,
  column: TokenLikeColumn,
  { rows, numbering }: { readonly rows: Int32Array; readonly numbering: Numbering },
): Feature {
  const size = numbering.codes.length + 1
  const ids = column.codes.map((code) => numbering.idOf(code))
  if (column.kind === 'token') {
    return { kind: 'token', field, size, values: rows.map((row) => (row === -1 ? 0 : ids[row]!)) }
  }
  const { width, values } = paddedRows({ offsets: column.offsets, values: ids }, rows)
  return { kind: 'token_seq', field, size, width, values: Int32Array.from(values) }
}

function floatFeature(
  field: string,
  column: FloatColumn | FloatSeqColumn,
  { rows, isScaled }: { readonly rows: Int32Array; readonly isScaled: boolean },
): Feature {
  if (column.kind === 'float') {
    const filled = meanFilled(
      Float64Array.from(rows, (row) => (row === -1 ? Number.NaN : column.values[row]!)),
    )
    return { kind: 'float', field, values: Float32Array.from(isScaled ? scaled(filled) : filled) }
  }
  const all = isScaled ? { ...column, values: scaledOver(column, rows) } : column
  const { width, values } = paddedRows(all, rows)
  return { kind: 'float_seq', field, width, values: Float32Array.from(values) }
}

type Sequences = Pick<TokenSeqColumn, 'offsets'> & { readonly values: Int32Array | Float64Array }

/** [ids, width], zeros on the right. */
function paddedRows({ offsets, values }: Sequences, rows: Int32Array) {
  const lengthOf = (row: number) => (row === -1 ? 0 : offsets[row + 1]! - offsets[row]!)
  const width = rows.reduce((longest, row) => Math.max(longest, lengthOf(row)), 0)
  const padded = new Float64Array(rows.length * width)
  for (const [id, row] of rows.entries()) {
    if (row !== -1) padded.set(values.subarray(offsets[row], offsets[row + 1]), id * width)
  }
  return { width, values: padded }
}

/** Scaled by the extremes of the values of these rows. */
function scaledOver({ offsets, values }: FloatSeqColumn, rows: Int32Array): Float64Array {
  const present = [...rows]
    .filter((row) => row !== -1)
    .flatMap((row) => [...values.subarray(offsets[row], offsets[row + 1])])
  const low = present.reduce((least, value) => Math.min(least, value), Infinity)
  const high = present.reduce((most, value) => Math.max(most, value), -Infinity)
  return values.map((value) => (low === high ? 1 : (value - low) / (high - low)))
}
