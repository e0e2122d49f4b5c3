/** The columns of one of RecBole's atomic files, tokens as codes of a dictionary. */

/** A code that stands for a missing token (NaN in pandas). */
export const missing = -1

/** Strings by code; codes are given in order of first occurrence in the file, whether or not the row is kept later. */
export type Dictionary = readonly string[]

export interface TokenColumn {
  readonly kind: 'token'
  readonly dictionary: Dictionary
  /** One code per row, `missing` where there is none. */
  readonly codes: Int32Array
}

export interface TokenSeqColumn {
  readonly kind: 'token_seq'
  readonly dictionary: Dictionary
  /** Row r has `codes[offsets[r] .. offsets[r + 1])`. */
  readonly offsets: Int32Array
  readonly codes: Int32Array
}

export interface FloatColumn {
  readonly kind: 'float'
  /** NaN where there is none. */
  readonly values: Float64Array
}

export interface FloatSeqColumn {
  readonly kind: 'float_seq'
  readonly offsets: Int32Array
  readonly values: Float64Array
}

export type AtomicColumn = TokenColumn | TokenSeqColumn | FloatColumn | FloatSeqColumn
export type TokenLikeColumn = TokenColumn | TokenSeqColumn

export interface AtomicTable {
  /** File name, for messages. */
  readonly name: string
  readonly rowCount: number
  /** By field, in the order of the file's header. */
  readonly columns: ReadonlyMap<string, AtomicColumn>
}

export function isTokenLike(column: AtomicColumn | undefined): column is TokenLikeColumn {
  return column?.kind === 'token' || column?.kind === 'token_seq'
}

/** The codes of the given rows, one row after the other. */
export function codesOf(column: TokenLikeColumn, rows: Int32Array): Int32Array {
  const { codes } = column
  if (column.kind === 'token') return rows.map((row) => codes[row]!)
  const { offsets } = column
  const length = rows.reduce((sum, row) => sum + offsets[row + 1]! - offsets[row]!, 0)
  const result = new Int32Array(length)
  let at = 0
  for (const row of rows) {
    const values = codes.subarray(offsets[row], offsets[row + 1])
    result.set(values, at)
    at += values.length
  }
  return result
}

/** The same columns over one dictionary, so that their codes can be compared. */
export function withSharedDictionary(columns: readonly TokenLikeColumn[]): TokenLikeColumn[] {
  const codeOf = new Map<string, number>()
  const recoded = columns.map(({ dictionary }) =>
    Int32Array.from(dictionary, (token) => {
      const known = codeOf.get(token)
      if (known !== undefined) return known
      codeOf.set(token, codeOf.size)
      return codeOf.size - 1
    }),
  )
  const dictionary = [...codeOf.keys()]
  return columns.map((column, index) => ({
    ...column,
    dictionary,
    codes: column.codes.map((code) => (code === missing ? missing : recoded[index]![code]!)),
  }))
}

/** The files of one table put one below the other (RecBole's benchmark files). */
export function concatenated(tables: readonly AtomicTable[]): AtomicTable {
  const [first] = tables
  if (!first) throw new Error('no tables to concatenate: this is a bug')
  if (tables.length === 1) return first
  const columns = new Map<string, AtomicColumn>()
  for (const field of new Set(tables.flatMap((table) => [...table.columns.keys()]))) {
    columns.set(field, concatenatedColumn(tables, field))
  }
  return {
    name: tables.map(({ name }) => name).join(' + '),
    rowCount: tables.reduce((sum, { rowCount }) => sum + rowCount, 0),
    columns,
  }
}

function concatenatedColumn(tables: readonly AtomicTable[], field: string): AtomicColumn {
  const kind = tables.find((table) => table.columns.has(field))!.columns.get(field)!.kind
  const parts = tables.map(({ columns, rowCount }) => {
    const column = columns.get(field)
    return column?.kind === kind ? column : emptyColumn(kind, rowCount)
  })
  const offsets = joinedOffsets(parts.map((part) => ('offsets' in part ? part.offsets : new Int32Array(1))))
  if (kind === 'token' || kind === 'token_seq') {
    const shared = withSharedDictionary(parts.filter(isTokenLike))
    const codes = new Int32Array(shared.reduce((sum, part) => sum + part.codes.length, 0))
    fill(
      codes,
      shared.map((part) => part.codes),
    )
    const { dictionary } = shared[0]!
    return kind === 'token' ? { kind, dictionary, codes } : { kind, dictionary, codes, offsets }
  }
  const numbers = parts.flatMap((part) => ('values' in part ? [part.values] : []))
  const values = new Float64Array(numbers.reduce((sum, part) => sum + part.length, 0))
  fill(values, numbers)
  return kind === 'float' ? { kind, values } : { kind, values, offsets }
}

/** Puts the parts into the whole, one behind the other. */
function fill<T extends Int32Array | Float64Array>(whole: T, parts: readonly T[]): void {
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
}

function emptyColumn(kind: AtomicColumn['kind'], rowCount: number): AtomicColumn {
  const offsets = new Int32Array(rowCount + 1)
  switch (kind) {
    case 'token':
      return { kind, dictionary: [], codes: new Int32Array(rowCount).fill(missing) }
    case 'token_seq':
      return { kind, dictionary: [], codes: new Int32Array(0), offsets }
    case 'float':
      return { kind, values: new Float64Array(rowCount).fill(Number.NaN) }
    case 'float_seq':
      return { kind, values: new Float64Array(0), offsets }
  }
}

function joinedOffsets(parts: readonly Int32Array[]): Int32Array {
  const joined = [0]
  for (const offsets of parts) {
    const base = joined.at(-1)!
    for (let row = 1; row < offsets.length; row++) joined.push(base + offsets[row]!)
  }
  return Int32Array.from(joined)
}
