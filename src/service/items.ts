/** Steps 3 and 8 of the walk: item ids to catalog rows and back. */
import type { IdTable } from '../core/catalog.js'
import type { TopK } from '../tensor/top-k.js'
import type { ScoredItem } from './service.js'

export interface Rows {
  readonly rows: Int32Array
  /** How many of the ids the catalog does not know. */
  readonly unknown: number
}

export const noRows = new Int32Array(0)
const none: Rows = { rows: noRows, unknown: 0 }

/** The row of every id, -1 where the catalog does not know it. */
export function toAllRows(catalog: IdTable, ids: readonly string[] | undefined): Rows {
  if (ids === undefined || ids.length === 0) return none
  const rows = Int32Array.from(ids, (id) => catalog.indexOf(id))
  return { rows, unknown: rows.reduce((count, row) => count + (row === -1 ? 1 : 0), 0) }
}

/** The rows of the known ids, in order, repeats kept. */
export function toRows(catalog: IdTable, ids: readonly string[] | undefined): Rows {
  if (ids === undefined || ids.length === 0) return none
  const rows = new Int32Array(ids.length)
  let known = 0
  for (const id of ids) {
    const row = catalog.indexOf(id)
    if (row !== -1) rows[known++] = row
  }
  return { rows: rows.subarray(0, known), unknown: ids.length - known }
}

export function toItems(catalog: IdTable, { indices, scores }: TopK): readonly ScoredItem[] {
  const items = new Array<ScoredItem>(indices.length)
  for (let i = 0; i < items.length; i++) items[i] = { item: catalog.idOf(indices[i]!), score: scores[i]! }
  return items
}

export function concatRows(...parts: readonly Int32Array[]): Int32Array {
  const filled = parts.filter((part) => part.length > 0)
  if (filled.length <= 1) return filled[0] ?? noRows
  const all = new Int32Array(filled.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of filled) {
    all.set(part, at)
    at += part.length
  }
  return all
}
