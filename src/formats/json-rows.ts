/** What all row files share: `{"<row>": value, …}`, rows in any order, none twice. */

import type { ReadOptions } from './chunked-file.js'
import { quoted } from './json-cursor.js'
import { type JsonScanner, scanFile } from './json-scanner.js'

/** Makes a `T` of a file of arrays, given one row after another in the order of the file. */
export interface RowSink<T> {
  beginRow(row: number): void
  /** Takes one element from the scanner. */
  take(scanner: JsonScanner, row: number): void
  endRow(scanner: JsonScanner, row: number): void
  finish(scanner: JsonScanner, ledger: RowLedger): T | Promise<T>
}

/**
 * Reads `{"<row>": [element, …], …}`.
 *
 * @param options `rows`: the file's rows are below this
 */
export function scanRows<T>(
  path: string,
  options: ReadOptions & { readonly rows: number },
  createSink: (fileBytes: number) => RowSink<T>,
): Promise<T> {
  return scanFile(path, options, async (scanner) => {
    const sink = createSink(scanner.file.size)
    const ledger = new RowLedger(options.rows)
    scanner.beginObject()
    for (let row = nextRow(scanner, ledger); row !== undefined; row = nextRow(scanner, ledger)) {
      scanner.beginArray()
      sink.beginRow(row)
      while (!takeElements(scanner, sink, row)) await scanner.file.rest()
      sink.endRow(scanner, row)
      if (scanner.file.isDue) await scanner.file.rest()
    }
    return sink.finish(scanner, ledger)
  })
}

/** @returns whether the row has ended; it has not where other work must have its turn first */
function takeElements(scanner: JsonScanner, sink: RowSink<unknown>, row: number): boolean {
  while (scanner.nextElement()) {
    sink.take(scanner, row)
    if (scanner.file.isDue) return false
  }
  return true
}

/** The row whose value must be taken next; undefined when the object has ended. */
export function nextRow(scanner: JsonScanner, ledger: RowLedger): number | undefined {
  scanner.member = undefined
  const key = scanner.nextKey()
  if (key === undefined) return undefined
  const row = ledger.enter(scanner, key)
  scanner.member = key
  return row
}

/** Which rows have been seen. */
export class RowLedger {
  readonly #seen: Uint8Array
  #count = 0

  constructor(rows: number) {
    this.#seen = new Uint8Array(rows)
  }

  get count(): number {
    return this.#count
  }

  /** @throws RecserveError `failed_precondition` where the key is no row number, or one that was seen before */
  enter(scanner: JsonScanner, key: string): number {
    const rows = this.#seen.length
    const row = /^(?:0|[1-9]\d{0,9})$/.test(key) ? Number(key) : rows
    if (row >= rows) {
      scanner.fail(
        `found row ${quoted(key)}, expected ${rows > 0 ? `a row from "0" to "${rows - 1}"` : 'no row'}`,
      )
    }
    if (this.#seen[row]) scanner.fail(`row ${row} occurs twice`)
    this.#seen[row] = 1
    this.#count++
    return row
  }

  /** The lowest row not seen; undefined where there is none. */
  firstMissing(): number | undefined {
    const row = this.#seen.indexOf(0)
    return row === -1 ? undefined : row
  }
}
