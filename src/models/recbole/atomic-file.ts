/**
 * Reads RecBole's atomic files (`.inter`, `.user`, `.item`, `.kg`, `.link` and others): a header of `field:type` cells,
 * then one record per line. What counts as missing and how numbers are written follows pandas' `read_csv`, which RecBole
 * calls with the Python engine (recbole/data/dataset/dataset.py `_load_feat`).
 */
import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { RecserveError } from '../../core/errors.js'
import { createTurns } from '../../formats/turns.js'
import { type AtomicColumn, type AtomicTable, missing } from './atomic-table.js'
import { CellBudget } from './cell-budget.js'
import { type DelimitedOptions, type DelimitedRecord, readRecords } from './delimited-records.js'

export interface AtomicFileOptions extends DelimitedOptions {
  /** Between the values of one cell of a sequence field. */
  readonly sequenceSeparator: string
  /** Whether a field of the header is to be loaded: nothing is kept of the others. */
  readonly selects: (field: string, type: AtomicColumn['kind']) => boolean
  /** How many values of a sequence field are kept (RecBole's `seq_len`). */
  readonly sequenceLimits?: ReadonlyMap<string, number>
}

/** Cells that pandas 2 reads as missing (its default `na_values`), in token columns too. */
const missingCells = new Set(
  '|#N/A|#N/A N/A|#NA|-1.#IND|-1.#QNAN|-NaN|-nan|1.#IND|1.#QNAN|<NA>|N/A|NA|NULL|NaN|None|n/a|nan|null'.split(
    '|',
  ),
)

/** Read between two turns: some milliseconds. */
const cellsInTurn = 20_000

const types = ['token', 'token_seq', 'float', 'float_seq'] as const

/**
 * The selected columns of an atomic file; undefined when none is selected.
 * @throws RecserveError `data_loss` naming the file, the line and what is wrong there; `resource_exhausted` for one that has
 * more cells than it may
 */
export async function readAtomicFile(
  path: string,
  options: AtomicFileOptions,
): Promise<AtomicTable | undefined> {
  const name = basename(path)
  let header: Header | undefined
  let rowCount = 0
  // What cannot be found is told by reading it.
  const found = await stat(path).catch(() => undefined)
  const budget = new CellBudget(name, found?.size ?? 0)
  const turn = createTurns(options.signal)
  let dueAt = cellsInTurn
  for await (const records of readRecords(path, options)) {
    for (const record of records) {
      if (!header) {
        header = parseHeader(record, { ...options, name, budget })
        if (header.readers.length === 0) return undefined
        continue
      }
      rowCount++
      budget.spendRow(rowCount, header.readers.length)
      addRecord(record, header, name)
      if (budget.cells < dueAt) continue
      dueAt = budget.cells + cellsInTurn
      await turn()
    }
  }
  if (!header)
    throw new RecserveError('data_loss', `${name}: is empty; expected a header of field:type cells`)
  return {
    name,
    rowCount,
    columns: new Map(header.readers.map(({ field, reader }) => [field, reader.column()])),
  }
}

/** Collects the cells of one column. */
interface ColumnReader {
  /** @throws Error with what is wrong with the cell */
  add(cell: string | undefined): void
  column(): AtomicColumn
}

interface Header {
  readonly width: number
  readonly readers: readonly { readonly field: string; readonly at: number; readonly reader: ColumnReader }[]
}

interface Reading extends AtomicFileOptions {
  /** Of the file. */
  readonly name: string
  readonly budget: CellBudget
}

function parseHeader(record: DelimitedRecord, options: Reading): Header {
  const { name, budget } = options
  const refuse = (problem: string): never => {
    throw new RecserveError('data_loss', `${name} line ${record.line}: ${problem}`)
  }
  const seen = new Set<string>()
  const fields = record.cells.flatMap((cell, at) => {
    const [field, type, ...others] = cell.split(':')
    if (!field || type === undefined || others.length > 0) {
      return refuse(
        `the header has ${JSON.stringify(cell.slice(0, 80))} where field:type is expected, e.g. user_id:token`,
      )
    }
    const kind = types.find((known) => known === type)
    if (!kind)
      return refuse(
        `field ${field} has the type ${JSON.stringify(type.slice(0, 40))}; known are ${types.join(', ')}`,
      )
    if (seen.has(field)) return refuse(`field ${field} is there twice`)
    seen.add(field)
    return options.selects(field, kind) ? [{ field, at, kind }] : []
  })
  budget.checkFields(fields.length)
  const readers = fields.map(({ field, at, kind }) => ({
    field,
    at,
    reader: createReader(kind, field, options),
  }))
  return { width: record.cells.length, readers }
}

function addRecord({ cells, line }: DelimitedRecord, header: Header, name: string): void {
  if (cells.length > header.width) {
    throw new RecserveError(
      'data_loss',
      `${name} line ${line}: ${cells.length} cells, the header names ${header.width}`,
    )
  }
  for (const { field, at, reader } of header.readers) {
    const cell = cells[at]
    try {
      reader.add(cell === undefined || missingCells.has(cell) ? undefined : cell)
    } catch (cause) {
      if (cause instanceof RecserveError) throw cause
      const problem = cause instanceof Error ? cause.message : String(cause)
      throw new RecserveError('data_loss', `${name} line ${line}: field ${field}: ${problem}`, { cause })
    }
  }
}

function createReader(
  kind: (typeof types)[number],
  field: string,
  { sequenceSeparator, sequenceLimits, budget }: Reading,
): ColumnReader {
  const parts = (cell: string | undefined) =>
    (cell ?? '')
      .split(sequenceSeparator)
      .filter((part) => part !== '')
      .slice(0, sequenceLimits?.get(field))
  switch (kind) {
    case 'token':
      return tokenReader()
    case 'token_seq':
      return tokenSeqReader(parts, budget)
    case 'float':
      return floatReader()
    case 'float_seq':
      return floatSeqReader(parts, budget)
  }
}

function createDictionary() {
  const codes = new Map<string, number>()
  return {
    codeOf(token: string): number {
      const known = codes.get(token)
      if (known !== undefined) return known
      codes.set(token, codes.size)
      return codes.size - 1
    },
    tokens: () => [...codes.keys()],
  }
}

function tokenReader(): ColumnReader {
  const dictionary = createDictionary()
  const codes: number[] = []
  return {
    add: (cell) => codes.push(cell === undefined ? missing : dictionary.codeOf(cell)),
    column: () => ({ kind: 'token', dictionary: dictionary.tokens(), codes: Int32Array.from(codes) }),
  }
}

type Parts = (cell: string | undefined) => readonly string[]

function tokenSeqReader(partsOf: Parts, budget: CellBudget): ColumnReader {
  const dictionary = createDictionary()
  const codes: number[] = []
  const offsets = [0]
  return {
    add(cell) {
      const parts = partsOf(cell)
      budget.spendValues(codes.length, parts.length)
      for (const part of parts) codes.push(dictionary.codeOf(part))
      offsets.push(codes.length)
    },
    column: () => ({
      kind: 'token_seq',
      dictionary: dictionary.tokens(),
      offsets: Int32Array.from(offsets),
      codes: Int32Array.from(codes),
    }),
  }
}

function floatReader(): ColumnReader {
  const values: number[] = []
  return {
    add: (cell) => values.push(cell === undefined ? Number.NaN : toNumber(cell)),
    column: () => ({ kind: 'float', values: Float64Array.from(values) }),
  }
}

function floatSeqReader(partsOf: Parts, budget: CellBudget): ColumnReader {
  const values: number[] = []
  const offsets = [0]
  return {
    add(cell) {
      const parts = partsOf(cell)
      budget.spendValues(values.length, parts.length)
      for (const part of parts) values.push(toNumber(part))
      offsets.push(values.length)
    },
    column: () => ({
      kind: 'float_seq',
      offsets: Int32Array.from(offsets),
      values: Float64Array.from(values),
    }),
  }
}

/** A number as Python's `float()` takes it. */
function toNumber(cell: string): number {
  const text = cell.trim()
  if (/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) return Number(text)
  const special = /^([+-]?)(inf|infinity|nan)$/i.exec(text)
  if (special) {
    if (/nan/i.test(text)) return Number.NaN
    return special[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  }
  throw new Error(`${JSON.stringify(cell.slice(0, 40))} is not a number`)
}
