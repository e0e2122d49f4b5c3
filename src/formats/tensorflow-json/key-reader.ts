/** Keys of rows that are objects. */
import { RecserveError } from '../../core/errors.js'
import { ByteWriter } from './byte-writer.js'
import { shortened } from './debug-text.js'
import { inRow } from './in-row.js'
import { colon, type JsonText, quote } from './json-text.js'
import type { RowColumn } from './row-column.js'

/** Finds the columns that keys mean, expecting each row to name them in the same order. */
export class KeyReader {
  readonly #text: JsonText
  readonly #columns: ReadonlyMap<string, RowColumn>
  readonly #order: RowColumn[] = []
  readonly #key = new ByteWriter(32)
  #next = 0

  constructor(text: JsonText, columns: readonly RowColumn[]) {
    this.#text = text
    this.#columns = new Map(columns.map((column) => [column.name, column]))
  }

  beginRow(): void {
    this.#next = 0
  }

  /** Steps over a key and its colon. @throws RecserveError where no input has that name */
  next(row: number): RowColumn {
    const place = this.#next++
    const expected = this.#order[place]
    if (expected?.plainKey && this.#takePlain(expected.plainKey)) return expected
    this.#key.length = 0
    this.#text.takeKey(this.#key)
    const name = this.#key.take().toString('utf8')
    const column = this.#columns.get(name)
    if (!column) {
      const refusal = new RecserveError(
        'invalid_argument',
        `JSON object: does not have named input: ${shortened(name)}`,
      )
      throw inRow(refusal, `${row} key: ${shortened(name)}`)
    }
    if (place < this.#columns.size) this.#order[place] = column
    return column
  }

  #takePlain(key: Buffer): boolean {
    const text = this.#text
    if (text.peek() !== quote) return false
    const { bytes, at } = text
    for (let i = 0; i < key.length; i++) if (bytes[at + 1 + i] !== key[i]) return false
    if (bytes[at + 1 + key.length] !== quote) return false
    text.at = at + key.length + 2
    if (text.peek() === colon) {
      text.at++
      return true
    }
    text.at = at
    return false
  }
}
