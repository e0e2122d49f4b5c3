/** Row form: `"instances"` is a list of values (one input), or of objects with one value per input. */
import { RecserveError } from '../../core/errors.js'
import type { AnyTensor } from '../../tensor/any-tensor.js'
import { isPlainValue } from './columns.js'
import { debugText } from './debug-text.js'
import { inRow } from './in-row.js'
import { type JsonText, openBrace, openBracket } from './json-text.js'
import { KeyReader } from './key-reader.js'
import { RowColumn } from './row-column.js'

/**
 * Takes the list at the place reached.
 *
 * @returns undefined where it is empty
 * @throws RecserveError
 */
export function readRows(
  text: JsonText,
  types: ReadonlyMap<string, string>,
): ReadonlyMap<string, AnyTensor> | undefined {
  if (!text.enter()) return undefined
  const columns = [...types].map(([name, dtype]) => new RowColumn(text, name, dtype))
  const areValues = isPlainValue(text)
  if (areValues && columns.length > 1) {
    refuse(
      'instances is a plain list, but expecting list of objects as multiple input tensors required as per tensorinfo_map',
    )
  }
  const rows = areValues ? readValues(text, columns[0]!) : readObjects(text, columns)
  return new Map(columns.map((column) => [column.name, column.finish(rows)]))
}

function readValues(text: JsonText, column: RowColumn): number {
  let row = 0
  do {
    const byte = text.peek()
    if (byte === openBrace && !isPlainValue(text)) {
      refuse(`Expecting value/list but got object at item ${row} of input list`)
    }
    try {
      if (column.isScalar && byte !== openBrace && byte !== openBracket) row += column.readScalars()
      else {
        column.read()
        row++
      }
    } catch (error) {
      throw inRow(error, `${row + column.extraRows(row)}`)
    }
  } while (text.nextElement())
  return row
}

function readObjects(text: JsonText, columns: readonly RowColumn[]): number {
  const keys = new KeyReader(text, columns)
  let row = 0
  do {
    if (isPlainValue(text)) refuse(`Expecting object but got list at item ${row} of input list`)
    const { at } = text
    let found = 0
    keys.beginRow()
    if (text.enter()) {
      do if (readMember(keys.next(row), row)) found++
      while (text.nextMember())
    }
    if (found < columns.length) refuseKeys(text, at, row, columns)
    row++
  } while (text.nextElement())
  return row
}

/** @returns whether the row had not had this input */
function readMember(column: RowColumn, row: number): boolean {
  const isNew = column.row !== row
  column.row = row
  try {
    if (isNew) column.read()
    else column.readAgain()
  } catch (error) {
    throw inRow(error, `${row} key: ${column.name}`)
  }
  return isNew
}

function refuseKeys(text: JsonText, at: number, row: number, columns: readonly RowColumn[]): never {
  text.at = at
  const names = columns.map(({ name }) => name).sort()
  refuse(
    `Failed to process element: ${row} of 'instances' list. JSON object: ${debugText(text)} keys must be equal to: ${names}`,
  )
}

function refuse(message: string): never {
  throw new RecserveError('invalid_argument', message)
}
