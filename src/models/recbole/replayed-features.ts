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
import { PaddingBudget, widthOf } from './padded-rows.js'
import { meanFilled, scaled } from './scaling.js'

export interface Replayed {
  readonly frames: Frames
  readonly settings: DatasetSettings
  readonly numberings: ReadonlyMap<string, Numbering>
}

/** Of one field. */
interface Place {
  readonly rows: Int32Array
  readonly budget: PaddingBudget
  /** For messages. */
  readonly place: string
}

/**
 * Features of the items or of the users; none where their file is not there or not loaded.
 * @throws RecserveError `unimplemented` for discretised fields; `resource_exhausted` for sequences too large when padded
 */
export function replayedFeatures(
  suffix: 'item' | 'user',
  { frames, settings, numberings }: Replayed,
): readonly Feature[] {
  const frame = frames.get(suffix)
  if (!frame) return []
  const idField = suffix === 'item' ? settings.itemField : settings.userField
  const rows = rowsById(frame, idField, numberings.get(idField)!)
  const budget = new PaddingBudget()
  return [...frame.table.columns].flatMap(([field, column]) => {
    if (field === idField || settings.unusedFields[suffix].includes(field)) return []
    if (settings.discretized.has(field)) {
      throw new RecserveError('unimplemented', `${suffix} field ${field} is discretised, which is not served`)
    }
    const at = { rows, budget, place: `${frame.table.name}: field ${field}` }
    if (isTokenLike(column))
      return [tokenFeature(field, column, { ...at, numbering: numberings.get(field)! })]
    const isScaled = settings.normalized === 'all' || settings.normalized.includes(field)
    return [floatFeature(field, column, { ...at, isScaled })]
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
  { numbering, ...at }: Place & { readonly numbering: Numbering },
): Feature {
  const size = numbering.codes.length + 1
  const ids = column.codes.map((code) => numbering.idOf(code))
  if (column.kind === 'token') {
    return { kind: 'token', field, size, values: at.rows.map((row) => (row === -1 ? 0 : ids[row]!)) }
  }
  const width = paddedWidth(column.offsets, at)
  const values = new Int32Array(at.rows.length * width)
  fillRows(values, { offsets: column.offsets, values: ids }, { rows: at.rows, width })
  return { kind: 'token_seq', field, size, width, values }
}

function floatFeature(
  field: string,
  column: FloatColumn | FloatSeqColumn,
  { isScaled, ...at }: Place & { readonly isScaled: boolean },
): Feature {
  const { rows } = at
  if (column.kind === 'float') {
    const filled = meanFilled(
      Float64Array.from(rows, (row) => (row === -1 ? Number.NaN : column.values[row]!)),
    )
    return { kind: 'float', field, values: Float32Array.from(isScaled ? scaled(filled) : filled) }
  }
  const all = isScaled ? { ...column, values: scaledOver(column, rows) } : column
  const width = paddedWidth(column.offsets, at)
  const values = new Float32Array(rows.length * width)
  fillRows(values, all, { rows, width })
  return { kind: 'float_seq', field, width, values }
}

type Sequences = Pick<TokenSeqColumn, 'offsets'> & { readonly values: Int32Array | Float64Array }

function paddedWidth(offsets: Int32Array, { rows, budget, place }: Place): number {
  const width = widthOf(rows.length, (id) =>
    rows[id] === -1 ? 0 : offsets[rows[id]! + 1]! - offsets[rows[id]!]!,
  )
  budget.claim(place, rows.length, width)
  return width
}

/** @param padded [ids, width], zeros, which stay on the right of each row */
function fillRows(
  padded: Int32Array | Float32Array,
  { offsets, values }: Sequences,
  { rows, width }: { readonly rows: Int32Array; readonly width: number },
): void {
  for (const [id, row] of rows.entries()) {
    if (row !== -1) padded.set(values.subarray(offsets[row], offsets[row + 1]), id * width)
  }
}

/** Scaled by the extremes of the values of these rows. */
function scaledOver({ offsets, values }: FloatSeqColumn, rows: Int32Array): Float64Array {
  let low = Infinity
  let high = -Infinity
  for (const row of rows) {
    if (row === -1) continue
    for (const value of values.subarray(offsets[row], offsets[row + 1])) {
      low = Math.min(low, value)
      high = Math.max(high, value)
    }
  }
  return values.map((value) => (low === high ? 1 : (value - low) / (high - low)))
}
