/** Several tables of numbers in one file: `{"<name>": 5, "<name>": [0, 2], "<name>": [[1, 2], [3, 4]], …}`. */
import type { ReadOptions } from './chunked-file.js'
import { quoted } from './json-cursor.js'
import { GrowingArray } from './json-ragged.js'
import { type JsonScanner, scanFile } from './json-scanner.js'

/** A number, a list or equally long rows; row-major. */
export interface NumberTable {
  /** [], [size] or [rows, columns]; an empty list is [0]. */
  readonly shape: readonly number[]
  readonly values: Float64Array
}

/** More members than any export has. */
const maxTables = 1024

/**
 * Reads a file of tables by name. What is kept is at most four times the file.
 *
 * @throws RecserveError as the other readers do; `failed_precondition` where rows are of different lengths, a name occurs twice
 * or there are over 1024
 */
export function readNumberTables(
  path: string,
  options: ReadOptions = {},
): Promise<ReadonlyMap<string, NumberTable>> {
  return scanFile(path, options, async (scanner) => {
    const tables = new Map<string, NumberTable>()
    scanner.beginObject()
    for (let name = scanner.nextKey(); name !== undefined; name = scanner.nextKey()) {
      if (tables.has(name)) scanner.fail(`key ${quoted(name)} occurs twice`)
      if (tables.size === maxTables) scanner.fail(`has over ${maxTables} keys`)
      tables.set(name, await takeTable(scanner, name))
    }
    return tables
  })
}

async function takeTable(scanner: JsonScanner, name: string): Promise<NumberTable> {
  if (scanner.peek() === 'number') return { shape: [], values: Float64Array.of(scanner.number()) }
  const values = new GrowingArray((length) => new Float64Array(length))
  /** Of the rows; undefined where the elements are numbers. */
  let columns: number | undefined
  let size = 0
  scanner.beginArray()
  for (; scanner.nextElement(); size++) {
    const isRow = scanner.peek() === 'array'
    if (size > 0 && isRow !== (columns !== undefined)) {
      scanner.fail(`${quoted(name)} has numbers beside rows`)
    }
    if (isRow) {
      const width = takeRow(scanner, values)
      columns ??= width
      if (width !== columns) {
        scanner.fail(`row ${size} of ${quoted(name)} has ${width} numbers, row 0 has ${columns}`)
      }
    } else values.push(scanner.number())
    if (scanner.file.isDue) await scanner.file.rest()
  }
  const all = values.createTarget()
  values.copy({ start: 0, count: all.length }, all, 0)
  return { shape: columns === undefined ? [size] : [size, columns], values: all }
}

/** @returns how many numbers it has */
function takeRow(scanner: JsonScanner, values: GrowingArray<Float64Array>): number {
  const before = values.length
  scanner.beginArray()
  while (scanner.nextElement()) values.push(scanner.number())
  return values.length - before
}
