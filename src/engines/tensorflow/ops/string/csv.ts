/** DecodeCSV: records of RFC 4180, a column of the result for each field. */
import { type Strings, stringAt } from '../../../../tensor/strings.js'
import type { AnyTensor, Attributes, Kernel, OpTable } from '../../op.js'
import { spend } from '../../run-limits.js'
import { inputAt, invalid } from '../array/arguments.js'
import { newData } from '../new-data.js'
import { bytesOf, elementWork, latin1Of, stringsAt } from './arguments.js'
import { type CsvFormat, readRecord } from './csv-record.js'
import { type NumberText, parseNumber } from './number-text.js'
import { StringsBuilder } from './strings-builder.js'

const decodeCsv: Kernel = (inputs, { attrs }) => {
  const { shape, data } = stringsAt(inputs, 0)
  const format = readFormat(attrs)
  const columns = attrs.types('OUT_TYPE').map((dtype, field) => {
    const filling = fillingOf(inputAt(inputs, field + 1), { field, dtype })
    const settings = { field, filling, shape, length: data.length, missing: format.missing }
    return dtype === 'string' ? new TextColumn(settings) : new NumberColumn(dtype as NumberText, settings)
  })
  for (let record = 0; record < data.length; record++) fill(columns, { data, record, format })
  return columns.map((column) => column.finish())
}

interface Format extends CsvFormat {
  /** Text that stands for a value that is missing, besides none. */
  readonly missing: string
}

function readFormat(attrs: Attributes): Format {
  const delimiter = latin1Of(bytesOf(attrs, 'field_delim', ','))
  if (delimiter.length !== 1) throw invalid('field_delim should be only 1 char')
  const columns = attrs.ints('select_cols', [])
  if (columns.some((column, i) => column < 0 || (i > 0 && column <= columns[i - 1]!))) {
    throw invalid('select_cols should be strictly increasing indices')
  }
  return {
    delimiter,
    isQuoted: attrs.bool('use_quote_delim', true),
    columns,
    missing: latin1Of(bytesOf(attrs, 'na_value', '')),
  }
}

/** A scalar, or an empty vector where the field must be there. */
function fillingOf(
  filling: AnyTensor,
  { field, dtype }: { readonly field: number; readonly dtype: string },
): AnyTensor | undefined {
  if (filling.dtype !== dtype)
    throw invalid(`the default of field ${field} is ${filling.dtype}, not ${dtype}`)
  if (filling.data.length > 1) {
    throw invalid(`There should only be 1 default per field but field ${field} has ${filling.data.length}`)
  }
  return filling.data.length === 1 ? filling : undefined
}

interface Reading {
  readonly data: Strings
  readonly record: number
  readonly format: Format
}

function fill(columns: readonly Column[], { data, record, format }: Reading): void {
  const text = latin1Of(stringAt(data, record))
  spend(elementWork * columns.length + text.length)
  const fields = readRecord(text, format)
  if (fields.length !== columns.length) {
    throw invalid(`Expect ${columns.length} fields but have ${fields.length} in record ${record}`)
  }
  for (const [f, column] of columns.entries()) column.add(fields[f]!, record)
}

interface ColumnSettings {
  readonly field: number
  readonly filling: AnyTensor | undefined
  readonly missing: string
  readonly shape: readonly number[]
  readonly length: number
}

interface Column {
  add(text: string, record: number): void
  finish(): AnyTensor
}

const isMissing = (text: string, { missing }: ColumnSettings) => text === '' || text === missing

function required({ field }: ColumnSettings, record: number): Error {
  return invalid(`Field ${field} is required but missing in record ${record}!`)
}

class TextColumn implements Column {
  readonly #settings: ColumnSettings
  readonly #out: StringsBuilder

  constructor(settings: ColumnSettings) {
    this.#settings = settings
    this.#out = new StringsBuilder({ elements: settings.length })
  }

  add(text: string, record: number): void {
    const { filling } = this.#settings
    if (isMissing(text, this.#settings)) {
      if (!filling || !('bytes' in filling.data)) throw required(this.#settings, record)
      this.#out.add(stringAt(filling.data, 0))
    } else {
      this.#out.writeLatin1(text)
      this.#out.end()
    }
  }

  finish(): AnyTensor {
    return this.#out.finish(this.#settings.shape)
  }
}

const numberNames: Readonly<Record<string, string>> = {
  int32: 'int32',
  int64: 'int64',
  float32: 'float',
  float64: 'double',
}

class NumberColumn implements Column {
  readonly #dtype: NumberText
  readonly #settings: ColumnSettings
  readonly #out

  constructor(dtype: NumberText, settings: ColumnSettings) {
    if (numberNames[dtype] === undefined) {
      throw invalid(`csv: data type ${dtype} not supported in field ${settings.field}`)
    }
    this.#dtype = dtype
    this.#settings = settings
    this.#out = newData(dtype, settings.shape)
  }

  add(text: string, record: number): void {
    const { field, filling } = this.#settings
    const value = isMissing(text, this.#settings) ? filling?.data : parseNumber(text, this.#dtype)
    if (value === undefined && isMissing(text, this.#settings)) throw required(this.#settings, record)
    if (value === undefined) {
      throw invalid(`Field ${field} in record ${record} is not a valid ${numberNames[this.#dtype]}: ${text}`)
    }
    this.#out[record] = typeof value === 'object' ? (value as Float32Array)[0]! : value
  }

  finish(): AnyTensor {
    return { dtype: this.#dtype, shape: this.#settings.shape, data: this.#out } as AnyTensor
  }
}

export const csvOps: OpTable = { DecodeCSV: { kernel: decodeCsv } }
