/**
 * RecBole's data filters, in its order (recbole/data/dataset/dataset.py `_data_filtering`). Each changes the remaining rows
 * of the frames it is given, as `DataFrame.drop(inplace=True)` does there; ids follow from what is left.
 */
import { RecserveError } from '../../core/errors.js'
import { missing, type TokenColumn } from './atomic-table.js'
import type { DatasetSettings } from './dataset-settings.js'
import { type Frame, type Frames, framesOf, tokenColumn } from './frames.js'
import { type Interval, isWithin, parseIntervals } from './interval.js'
import { describe } from './settings.js'

/** How rows of one time are ordered when duplicates are removed: the sort that RecBole uses leaves it open. */
export type TieOrder = 'file' | 'reversed'

/** @throws RecserveError `failed_precondition` where nothing is left or RecBole itself would fail */
export function filterInteractions(frames: Frames, settings: DatasetSettings, ties: TieOrder): void {
  dropMissingIds(frames, settings)
  dropDuplicates(frames, settings, ties)
  keepValues(frames, settings)
  if (settings.onlyKnown) keepKnown(frames, settings)
  keepByCount(frames, settings)
  for (const { table, rows } of frames.values()) {
    if (rows.length === 0) {
      throw new RecserveError(
        'failed_precondition',
        `${table.name}: the checkpoint's filters leave no row of it`,
      )
    }
  }
}

function dropMissingIds(frames: Frames, { userField, itemField }: DatasetSettings): void {
  for (const [field, suffix] of [
    [userField, 'user'],
    [itemField, 'item'],
  ] as const) {
    const own = frames.get(suffix)
    if (own) dropMissing(own, field)
    dropMissing(frames.get('inter')!, field)
  }
}

/** RecBole takes the numbers of the rows to drop for positions, which they are not any more once rows have been dropped. */
function dropMissing(frame: Frame, field: string): void {
  const { codes } = tokenColumn(frame.table, field)
  const labels = frame.rows.filter((row) => codes[row] === missing)
  const dropped = new Set<number>()
  for (const label of labels) {
    const row = frame.rows[label]
    if (row === undefined) {
      throw new RecserveError(
        'failed_precondition',
        `${frame.table.name}: rows without ${field} follow others that were dropped; RecBole itself fails on such a file`,
      )
    }
    dropped.add(row)
  }
  frame.rows = frame.rows.filter((row) => !dropped.has(row))
}

function dropDuplicates(frames: Frames, settings: DatasetSettings, ties: TieOrder): void {
  const { duplicates, timeField, userField, itemField } = settings
  if (!duplicates) return
  const inter = frames.get('inter')!
  const times = timeField === undefined ? undefined : inter.table.columns.get(timeField)
  if (times?.kind === 'float') inter.rows = sortedBy(times.values, inter.rows, ties)
  const users = tokenColumn(inter.table, userField).codes
  const items = tokenColumn(inter.table, itemField)
  const pairOf = (row: number) => users[row]! * (items.dictionary.length + 1) + items.codes[row]! + 1
  const kept = new Map<number, number>()
  for (const row of inter.rows) {
    if (duplicates === 'last' || !kept.has(pairOf(row))) kept.set(pairOf(row), row)
  }
  inter.rows = inter.rows.filter((row) => kept.get(pairOf(row)) === row)
}

/** Rising; rows without a value last, which always stay in order. */
function sortedBy(values: Float64Array, rows: Int32Array, ties: TieOrder): Int32Array {
  const isKnown = (row: number) => !Number.isNaN(values[row])
  const known = rows.filter(isKnown)
  if (ties === 'reversed') known.reverse()
  // The difference of two infinities is NaN, which a comparison must not give.
  known.sort((a, b) => (values[a] === values[b] ? 0 : values[a]! - values[b]!))
  const sorted = new Int32Array(rows.length)
  sorted.set(known)
  sorted.set(
    rows.filter((row) => !isKnown(row)),
    known.length,
  )
  return sorted
}

function keepValues(frames: Frames, settings: DatasetSettings): void {
  for (const [field, wanted] of settings.values) {
    const places = framesOf(field, frames, settings)
    if (places.length === 0) {
      throw new RecserveError(
        'failed_precondition',
        `the checkpoint's val_interval names ${field}, a field that is not loaded`,
      )
    }
    for (const frame of places) {
      const column = frame.table.columns.get(field)
      if (column?.kind === 'float' && typeof wanted === 'string') {
        const intervals = parseIntervals(wanted, `val_interval of ${field}`)
        frame.rows = frame.rows.filter((row) => isWithin(column.values[row]!, intervals))
      } else if (column?.kind === 'token' && Array.isArray(wanted)) {
        const isWanted = column.dictionary.map((token) => wanted.includes(token))
        frame.rows = frame.rows.filter((row) => isWanted[column.codes[row]!])
      } else {
        throw new RecserveError(
          'failed_precondition',
          `the checkpoint's val_interval of ${field} is ${describe(wanted)}; a float field is filtered by a text such as "[3,inf)", a token field by a list of tokens`,
        )
      }
    }
  }
}

function keepKnown(frames: Frames, { userField, itemField }: DatasetSettings): void {
  const inter = frames.get('inter')!
  for (const [field, suffix] of [
    [userField, 'user'],
    [itemField, 'item'],
  ] as const) {
    const own = frames.get(suffix)
    if (!own) continue
    const column = tokenColumn(own.table, field)
    const known = new Set(own.rows.map((row) => column.codes[row]!))
    const { codes } = tokenColumn(inter.table, field)
    inter.rows = inter.rows.filter((row) => known.has(codes[row]!))
  }
}

function keepByCount(frames: Frames, settings: DatasetSettings): void {
  const inter = frames.get('inter')!
  const sides = [
    { intervals: settings.userCounts, field: settings.userField, own: frames.get('user') },
    { intervals: settings.itemCounts, field: settings.itemField, own: frames.get('item') },
  ]
  if (sides.every(({ intervals }) => !intervals)) return
  const limits = sides.map(({ intervals, field, own }) => ({
    intervals,
    columns: [tokenColumn(inter.table, field)],
    own: own && { frame: own, column: tokenColumn(own.table, field) },
  }))
  keepWithinCounts(inter, limits)
}

/** How often the ids of some columns may occur together. */
export interface CountLimit {
  /** Undefined: as often as they like. */
  readonly intervals: readonly Interval[] | undefined
  readonly columns: readonly TokenColumn[]
  /** The file of these ids, which loses those that do not occur often enough. */
  readonly own?: { readonly frame: Frame; readonly column: TokenColumn } | undefined
}

/** Drops rows until every id that is left occurs as often as it may (k-core); an id that went is not counted again. */
export function keepWithinCounts(frame: Frame, limits: readonly CountLimit[]): void {
  const counts = limits.map(({ intervals, columns }) =>
    intervals ? countsOf(frame.rows, columns) : new Map(),
  )
  for (;;) {
    const banned = limits.map((limit, side) => bannedIds(limit, counts[side]!))
    if (banned.every(({ size }) => size === 0)) return
    for (const [side, { own }] of limits.entries()) {
      if (own) own.frame.rows = own.frame.rows.filter((row) => !banned[side]!.has(own.column.codes[row]!))
    }
    const isDropped = (row: number) =>
      limits.some(({ columns }, side) => columns.some(({ codes }) => banned[side]!.has(codes[row]!)))
    const dropped = frame.rows.filter(isDropped)
    frame.rows = frame.rows.filter((row) => !isDropped(row))
    for (const [side, { columns }] of limits.entries()) subtract(counts[side]!, countsOf(dropped, columns))
  }
}

function countsOf(rows: Int32Array, columns: readonly TokenColumn[]): Map<number, number> {
  const counts = new Map<number, number>()
  for (const { codes } of columns) {
    for (const row of rows) counts.set(codes[row]!, (counts.get(codes[row]!) ?? 0) + 1)
  }
  return counts
}

function bannedIds({ intervals, own }: CountLimit, counts: ReadonlyMap<number, number>): ReadonlySet<number> {
  const banned = new Set<number>()
  if (!intervals) return banned
  for (const [id, count] of counts) if (!isWithin(count, intervals)) banned.add(id)
  const least = intervals[0]?.low ?? -1
  for (const row of own?.frame.rows ?? []) {
    const id = own!.column.codes[row]!
    if ((counts.get(id) ?? 0) < least) banned.add(id)
  }
  return banned
}

/** Python's `Counter -= Counter`: what is left of nothing is gone. */
function subtract(counts: Map<number, number>, fewer: ReadonlyMap<number, number>): void {
  for (const [id, count] of fewer) {
    const left = (counts.get(id) ?? 0) - count
    if (left > 0) counts.set(id, left)
    else counts.delete(id)
  }
}
