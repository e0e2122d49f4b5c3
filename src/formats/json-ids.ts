/** Tables of ids: `{"<raw id>": row, …}` and the other way round. */

import type { ReadOptions } from './chunked-file.js'
import { quoted } from './json-cursor.js'
import { nextRow, RowLedger } from './json-rows.js'
import { type JsonScanner, scanFile } from './json-scanner.js'

/** The shortest entry of either table is `"":0,` or `"0":0,`, the last one without its comma but with braces. */
const minEntryBytes = 5

/** A Map holds 2^24 entries at most; one more would throw a RangeError. */
const maxIds = 2 ** 24 - 1

/** Reads `{"<raw id>": row, …}`: n different ids, whose rows are 0 to n - 1. The Map has the order of the file. */
export function readIdToIndex(path: string, options: ReadOptions = {}): Promise<Map<string, number>> {
  return scanFile(path, options, async (scanner) => {
    const rows = new Map<string, number>()
    const seen = new Uint8Array(Math.min(maxIds, Math.ceil(scanner.file.size / minEntryBytes)))
    scanner.memberNoun = 'id'
    scanner.beginObject()
    for (let id = scanner.nextKey(); id !== undefined; id = scanner.nextKey()) {
      takeRow(scanner, id, { rows, seen })
      if (scanner.file.isDue) await scanner.file.rest()
    }
    const missing = seen.indexOf(0)
    if (missing !== -1 && missing < rows.size) {
      scanner.fail(
        `has ${rows.size} ids, so their rows should be 0 to ${rows.size - 1}, but none has row ${missing}`,
      )
    }
    return rows
  })
}

interface IdTable {
  readonly rows: Map<string, number>
  /** 1 for a row that has an id. */
  readonly seen: Uint8Array
}

function takeRow(scanner: JsonScanner, id: string, { rows, seen }: IdTable): void {
  if (rows.has(id)) scanner.fail(`id ${quoted(id)} occurs twice`)
  if (rows.size === maxIds) scanner.fail(`has over ${maxIds} ids`)
  scanner.member = id
  const row = scanner.integerBelow(maxIds)
  scanner.member = undefined
  if (row >= seen.length)
    scanner.fail(`id ${quoted(id)} has row ${row}, but the file has fewer ids than that`)
  if (seen[row]) {
    const other = [...rows.keys()].find((name) => rows.get(name) === row) ?? ''
    scanner.fail(`ids ${quoted(other)} and ${quoted(id)} both have row ${row}`)
  }
  seen[row] = 1
  rows.set(id, row)
}

/** Reads `{"<row>": raw id, …}`, every row from 0 to `rows - 1`; an id is a string or an integer, kept as its text. */
export function readIndexToId(
  path: string,
  { rows }: { readonly rows: number },
  options: ReadOptions = {},
): Promise<string[]> {
  return scanFile(path, options, async (scanner) => {
    // A file too short for all rows is read only to say what is wrong with it.
    const canBeWhole = rows * minEntryBytes <= scanner.file.size
    const ids = new Array<string>(canBeWhole ? rows : 0).fill('')
    const ledger = new RowLedger(rows)
    scanner.beginObject()
    for (let row = nextRow(scanner, ledger); row !== undefined; row = nextRow(scanner, ledger)) {
      const id = scanner.peek() === 'number' ? scanner.integerText() : scanner.string()
      if (canBeWhole) ids[row] = id
      if (scanner.file.isDue) await scanner.file.rest()
    }
    const missing = ledger.firstMissing()
    if (missing !== undefined)
      scanner.fail(`has ${ledger.count} rows, expected ${rows}: row ${missing} is missing`)
    return ids
  })
}
