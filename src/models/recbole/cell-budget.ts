/** What a table of text may hold: a file of short rows, or of one long list, is small beside what it asks for. */
import { RecserveError } from '../../core/errors.js'

/** Fields of one file. */
const maxFields = 2 ** 14
/** Of any file: a row without all of its cells takes fewer bytes than cells. */
const leastCells = 2 ** 24
/** As many as number lists of a process can take, in 2 GiB. */
const mostCells = 2 ** 28
/** Of one field: an array that grows further ends the process. */
const mostCellsOfField = 2 ** 26

export class CellBudget {
  readonly #name: string
  readonly #maxCells: number
  #cells = 0

  /**
   * @param name of the file, for messages
   * @param bytes its size: rows that have all their cells take a byte for each, at least
   */
  constructor(name: string, bytes: number) {
    this.#name = name
    this.#maxCells = Math.min(Math.max(bytes, leastCells), mostCells)
  }

  /** Spent so far. */
  get cells(): number {
    return this.#cells
  }

  /** @throws RecserveError `resource_exhausted` for more fields than are kept */
  checkFields(count: number): void {
    if (count > maxFields) this.#refuse(`its header has ${count} fields to be read, more than ${maxFields}`)
  }

  /**
   * For a record of `count` fields that are read, the `rows`th.
   *
   * @throws RecserveError `resource_exhausted` with rows and fields
   */
  spendRow(rows: number, count: number): void {
    this.#spend(count, `${rows} rows of ${count} fields`)
    if (rows > mostCellsOfField) this.#refuse(`more than ${mostCellsOfField} rows`)
  }

  /**
   * For a cell of `count` values, where its field has `length` by now.
   *
   * @throws RecserveError `resource_exhausted`
   */
  spendValues(length: number, count: number): void {
    this.#spend(count, `lists of ${length + count} values in one field`)
    if (length + count > mostCellsOfField) this.#refuse(`more than ${mostCellsOfField} values in one field`)
  }

  #spend(count: number, what: string): void {
    this.#cells += count
    if (this.#cells > this.#maxCells) {
      this.#refuse(`with ${what} there are more than the ${this.#maxCells} cells that such a file may have`)
    }
  }

  #refuse(what: string): never {
    const remedy = 'leave out fields that the model does not use (load_col of its training), or rows'
    throw new RecserveError('resource_exhausted', `${this.#name}: ${what}; ${remedy}`)
  }
}
