/** Rows of unknown length, in any order, gathered into arrays of one piece (CSR) at twice their memory at most. */
import type { JsonScanner } from './json-scanner.js'

/** Elements a segment holds: 256 KiB. */
const segmentLength = 64 * 1024

/** CSR offsets are int32. */
const maxElements = 2 ** 31 - 1

/** Rows are moved by this many between two looks at the clock: some 0.1 ms. */
const rowsPerLook = 1024

type Elements = Int32Array | Float32Array | Float64Array

/** Elements `start .. start + count - 1`. */
export interface Run {
  readonly start: number
  readonly count: number
}

/** An array that grows by segments: what it holds is never copied to make room. */
export class GrowingArray<A extends Elements> {
  readonly #create: (length: number) => A
  readonly #segments: A[] = []
  #last: A
  /** Elements in the last segment. */
  #used = 0
  #length = 0

  constructor(create: (length: number) => A) {
    this.#create = create
    this.#last = create(0)
  }

  get length(): number {
    return this.#length
  }

  push(value: number): void {
    if (this.#used === this.#last.length) {
      this.#last = this.#create(segmentLength)
      this.#segments.push(this.#last)
      this.#used = 0
    }
    this.#last[this.#used++] = value
    this.#length++
  }

  /** An array of the same kind and length, all 0. */
  createTarget(): A {
    return this.#create(this.#length)
  }

  /** Copies a run of elements to `target[at ..]`. */
  copy({ start, count }: Run, target: A, at: number): void {
    for (let done = 0; done < count; ) {
      const from = (start + done) % segmentLength
      const part = Math.min(count - done, segmentLength - from)
      const segment = this.#segments[Math.floor((start + done) / segmentLength)]!
      target.set(segment.subarray(from, from + part), at + done)
      done += part
    }
  }
}

/** Where each row's elements stand, first in the order of the file, then in the order of the rows. */
export class RowExtents {
  readonly #rows: number
  /** Row r's length in place r + 1 until `order`, CSR offsets after it. */
  readonly #offsets: Int32Array
  /** Where row r begins in the order of the file. */
  readonly #starts: Int32Array

  constructor(rows: number) {
    this.#rows = rows
    this.#offsets = new Int32Array(rows + 1)
    this.#starts = new Int32Array(rows)
  }

  /** @param length elements read so far */
  beginRow(row: number, length: number): void {
    this.#starts[row] = length
  }

  /** @param length elements read so far */
  endRow(scanner: JsonScanner, row: number, length: number): void {
    if (length > maxElements) scanner.fail(`row ${row} makes it over ${maxElements} values`)
    this.#offsets[row + 1] = length - this.#starts[row]!
  }

  /**
   * Brings elements into the order of rows.
   *
   * @param move copies a run, which stands in the order of the file, to place `at`
   * @returns CSR offsets, `rows + 1` of them
   */
  async order(scanner: JsonScanner, move: (run: Run, at: number) => void): Promise<Int32Array> {
    let at = 0
    for (let row = 0; row < this.#rows; row++) {
      const count = this.#offsets[row + 1]!
      if (count > 0) move({ start: this.#starts[row]!, count }, at)
      at += count
      this.#offsets[row + 1] = at
      if (row % rowsPerLook === 0) scanner.file.checkClock()
      if (scanner.file.isDue) await scanner.file.rest()
    }
    return this.#offsets
  }
}
