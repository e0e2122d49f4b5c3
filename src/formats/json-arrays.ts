/**
 * Readers of the JSON files LibRecommender's serving exporter writes, straight into typed arrays. They trust no byte:
 * what they allocate is bounded by the size of the file and by the caller's counts.
 *
 * All throw RecserveError: `not_found`, `data_loss` where the bytes are broken, `failed_precondition` where they are
 * well-formed and do not fit; the message gives the file's base name, the row and the byte.
 */
import type { Matrix } from '../tensor/matrix.js'
import type { RaggedInt32, SparseMatrix } from '../tensor/ragged.js'
import type { ReadOptions } from './chunked-file.js'
import { FloatRows } from './json-float-rows.js'
import { GrowingArray, RowExtents } from './json-ragged.js'
import { type RowSink, scanRows } from './json-rows.js'
import type { JsonScanner } from './json-scanner.js'

export type { ReadOptions } from './chunked-file.js'
export { readIdToIndex, readIndexToId } from './json-ids.js'
export { readSmallJson } from './json-value.js'

/**
 * Reads `{"<row>": [number, …], …}` with rows 0 to `rows - 1` in any order, all there and equally long (1 to 65536),
 * every number finite in float32.
 */
export function readFloatRows(
  path: string,
  { rows }: { readonly rows: number },
  options: ReadOptions = {},
): Promise<Matrix> {
  return scanRows(path, { ...options, rows }, (fileBytes) => new FloatRows(rows, fileBytes))
}

/** Reads `{"<row>": [integer, …], …}`, integers from 0 to `limit - 1`; a row that is not there is empty. */
export function readIntRows(
  path: string,
  { rows, limit }: { readonly rows: number; readonly limit: number },
  options: ReadOptions = {},
): Promise<RaggedInt32> {
  return scanRows(path, { ...options, rows }, () => new IntRows(rows, limit))
}

/**
 * Reads `{"<row>": [[column, weight], …], …}`, columns from 0 to `columns - 1`, weights finite in float32; a row that is
 * not there is empty. Pairs stay in the order of the file.
 */
export function readWeightedRows(
  path: string,
  { rows, columns }: { readonly rows: number; readonly columns: number },
  options: ReadOptions = {},
): Promise<SparseMatrix> {
  return scanRows(path, { ...options, rows }, () => new WeightedRows(rows, columns))
}

class IntRows implements RowSink<RaggedInt32> {
  readonly #limit: number
  readonly #extents: RowExtents
  readonly #values = new GrowingArray((length) => new Int32Array(length))

  constructor(rows: number, limit: number) {
    this.#limit = limit
    this.#extents = new RowExtents(rows)
  }

  beginRow(row: number): void {
    this.#extents.beginRow(row, this.#values.length)
  }

  take(scanner: JsonScanner): void {
    this.#values.push(scanner.integerBelow(this.#limit))
  }

  endRow(scanner: JsonScanner, row: number): void {
    this.#extents.endRow(scanner, row, this.#values.length)
  }

  async finish(scanner: JsonScanner): Promise<RaggedInt32> {
    const values = this.#values.createTarget()
    const offsets = await this.#extents.order(scanner, (run, at) => this.#values.copy(run, values, at))
    return { offsets, values }
  }
}

class WeightedRows implements RowSink<SparseMatrix> {
  readonly #limit: number
  readonly #extents: RowExtents
  readonly #columns = new GrowingArray((length) => new Int32Array(length))
  readonly #weights = new GrowingArray((length) => new Float32Array(length))
  readonly #weight = new Float32Array(1)

  constructor(rows: number, columns: number) {
    this.#limit = columns
    this.#extents = new RowExtents(rows)
  }

  beginRow(row: number): void {
    this.#extents.beginRow(row, this.#columns.length)
  }

  take(scanner: JsonScanner, row: number): void {
    scanner.beginArray()
    if (!scanner.nextElement()) refusePair(scanner, row)
    this.#columns.push(scanner.integerBelow(this.#limit))
    if (!scanner.nextElement()) refusePair(scanner, row)
    scanner.float32(this.#weight, 0)
    this.#weights.push(this.#weight[0]!)
    if (scanner.nextElement()) refusePair(scanner, row)
  }

  endRow(scanner: JsonScanner, row: number): void {
    this.#extents.endRow(scanner, row, this.#columns.length)
  }

  async finish(scanner: JsonScanner): Promise<SparseMatrix> {
    const columns = this.#columns.createTarget()
    const weights = this.#weights.createTarget()
    const offsets = await this.#extents.order(scanner, (run, at) => {
      this.#columns.copy(run, columns, at)
      this.#weights.copy(run, weights, at)
    })
    return { offsets, columns, weights }
  }
}

function refusePair(scanner: JsonScanner, row: number): never {
  scanner.fail(`row ${row} has an array that is no pair [column, weight]`)
}
