/** Rows of equally many numbers, in any order, into one float32 matrix that is allocated once. */
import type { Matrix } from '../tensor/matrix.js'
import type { RowLedger, RowSink } from './json-rows.js'
import type { JsonScanner } from './json-scanner.js'

/** The widest row that is read. */
const maxColumns = 65_536

/** The shortest row is `"0":[0],`, the shortest number `0,`. */
const minRowBytes = 8
const minNumberBytes = 2

export class FloatRows implements RowSink<Matrix> {
  readonly #rows: number
  readonly #fileBytes: number
  /** The first row alone until it has told the width, all rows then. */
  #values: Float32Array
  #columns: number | undefined
  #firstRow = 0
  /** From one row to the next in `values`: the columns, or 0 where not all rows are kept. */
  #stride = 0
  /** The row being read is `values[start .. end)`, its next number goes to `at`. */
  #start = 0
  #at = 0
  #end: number

  /** @param rows all of them must be there */
  constructor(rows: number, fileBytes: number) {
    this.#rows = rows
    this.#fileBytes = fileBytes
    this.#end = Math.min(maxColumns, Math.ceil(fileBytes / minNumberBytes))
    this.#values = new Float32Array(this.#end)
  }

  beginRow(row: number): void {
    if (this.#columns === undefined) return
    this.#start = row * this.#stride
    this.#at = this.#start
    this.#end = this.#start + this.#columns
  }

  take(scanner: JsonScanner, row: number): void {
    if (this.#at === this.#end) this.#refuseWidth(scanner, row, `more than ${this.#end - this.#start}`)
    scanner.float32(this.#values, this.#at++)
  }

  endRow(scanner: JsonScanner, row: number): void {
    const width = this.#at - this.#start
    if (this.#columns === undefined) this.#allocate(scanner, row, width)
    else if (width !== this.#columns) this.#refuseWidth(scanner, row, String(width))
  }

  finish(scanner: JsonScanner, ledger: RowLedger): Matrix {
    const missing = ledger.firstMissing()
    if (missing !== undefined) {
      scanner.fail(`has ${ledger.count} rows, expected ${this.#rows}: row ${missing} is missing`)
    }
    const columns = this.#columns ?? 0
    return { rows: this.#rows, columns, values: columns === 0 ? new Float32Array(0) : this.#values }
  }

  /**
   * Makes room for all rows, as wide as the first. Where the file is too short to have them all, rows are read into one
   * place instead, only to say what is wrong with it: that it is cut short, or which row is missing.
   */
  #allocate(scanner: JsonScanner, row: number, width: number): void {
    if (width === 0) scanner.fail(`row ${row} has no numbers`)
    const leastBytes = this.#rows * (minRowBytes + (width - 1) * minNumberBytes)
    const first = this.#values.subarray(0, width)
    this.#columns = width
    this.#firstRow = row
    this.#stride = leastBytes > this.#fileBytes ? 0 : width
    this.#values = this.#stride === 0 ? first : createFloats(scanner, this.#rows, width)
    this.#values.set(first, row * this.#stride)
  }

  #refuseWidth(scanner: JsonScanner, row: number, found: string): never {
    if (this.#columns === undefined) scanner.fail(`row ${row} has ${found} numbers, the most that is read`)
    scanner.fail(`row ${row} has ${found} numbers, row ${this.#firstRow} has ${this.#columns}`)
  }
}

function createFloats(scanner: JsonScanner, rows: number, columns: number): Float32Array {
  try {
    return new Float32Array(rows * columns)
  } catch {
    return scanner.fail(`${rows} rows of ${columns} numbers are more than memory has room for`)
  }
}
