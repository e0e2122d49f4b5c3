/** One record of a CSV text, by the rules of TensorFlow's kernel (tensorflow/core/kernels/decode_csv_op.cc). */
import { invalid } from '../array/arguments.js'

export interface CsvFormat {
  /** One character. */
  readonly delimiter: string
  /** Whether a field may stand in double quotes. */
  readonly isQuoted: boolean
  /** Which fields are wanted, in order; none: all. */
  readonly columns: readonly number[]
}

/** @throws RecserveError `invalid_argument` for quotes that are out of place, and for a line's end within a field */
export function readRecord(text: string, { delimiter, isQuoted, columns }: CsvFormat): string[] {
  const fields: string[] = []
  let seen = 0
  const isWanted = () => columns.length === 0 || columns[fields.length] === seen
  let at = 0
  while (at < text.length) {
    if (text[at] === '\n' || text[at] === '\r') {
      at++
      continue
    }
    const { value, next } =
      isQuoted && text[at] === '"'
        ? quoted(text, at + 1, delimiter)
        : plain(text, at, { delimiter, isQuoted })
    if (isWanted()) fields.push(value)
    if (fields.length === columns.length && columns.length > 0) return fields
    seen++
    at = next
  }
  // A delimiter at the end has an empty field behind it.
  if (text.at(-1) === delimiter && isWanted()) fields.push('')
  return fields
}

interface Field {
  readonly value: string
  /** Where the next field begins. */
  readonly next: number
}

function plain(text: string, start: number, format: Omit<CsvFormat, 'columns'>): Field {
  const found = text.indexOf(format.delimiter, start)
  const end = found < 0 ? text.length : found
  const value = text.slice(start, end)
  if (/[\n\r]/.test(value) || (format.isQuoted && value.includes('"'))) {
    throw invalid('Unquoted fields cannot have quotes/CRLFs inside')
  }
  return { value, next: end + 1 }
}

function quoted(text: string, start: number, delimiter: string): Field {
  let value = ''
  for (let at = start; ; ) {
    const quote = text.indexOf('"', at)
    if (quote < 0) throw invalid('Quoted field has to end with quote followed by delim or end')
    value += text.slice(at, quote)
    const after = text[quote + 1]
    if (after === undefined || after === delimiter) return { value, next: quote + 2 }
    if (after !== '"') throw invalid('Quote inside a string has to be escaped by another quote')
    value += '"'
    at = quote + 2
  }
}
