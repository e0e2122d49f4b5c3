/** Splits text into records and cells as pandas' Python engine does: quotes count at the start of a cell only. */
import { createReadStream } from 'node:fs'
import { basename } from 'node:path'
import { type Code, RecserveError } from '../../core/errors.js'

/** One record: its cells, and the line of the file (from 1) on which it starts. */
export interface DelimitedRecord {
  readonly line: number
  readonly cells: readonly string[]
}

export interface DelimitedOptions {
  /** One character, or several that are no regular expression (pandas would take them for one). */
  readonly separator: string
  /** As Python names it, e.g. `utf-8`, `latin-1`, `gbk`. */
  readonly encoding: string
  readonly signal?: AbortSignal | undefined
}

/** What Python's csv module takes for one cell at most. */
const maxCellChars = 131_072

/** A longer line is no atomic file. */
const maxLineChars = 16 * 1024 * 1024

/** Those that Python knows by another name than the WHATWG; null: every byte is the character of its number. */
const encodings = new Map<string, string | null>([
  ['utf8', 'utf-8'],
  ['utf_8', 'utf-8'],
  ['utf_8_sig', 'utf-8'],
  ['latin_1', null],
  ['latin1', null],
  ['iso_8859_1', null],
  ['iso8859_1', null],
  ['l1', null],
])

/**
 * The records of a file, in batches of what one read gave. Blank lines are left out, as pandas does.
 * @throws RecserveError `not_found`; `unimplemented` for an encoding or separator; `data_loss` with the line
 */
export async function* readRecords(
  path: string,
  options: DelimitedOptions,
): AsyncGenerator<readonly DelimitedRecord[]> {
  const name = basename(path)
  const decode = decoderOf(options.encoding, name)
  const splitter = new RecordSplitter(name, checkedSeparator(options.separator, name))
  const stream = createReadStream(path, {
    highWaterMark: 256 * 1024,
    ...(options.signal && { signal: options.signal }),
  })
  try {
    for await (const chunk of stream) yield splitter.push(decode(chunk as Buffer, false), false)
  } catch (error) {
    throw asReadError(error, name, options.signal)
  }
  yield splitter.push(decode(Buffer.alloc(0), true), true)
}

function asReadError(error: unknown, name: string, signal: AbortSignal | undefined): RecserveError {
  if (error instanceof RecserveError) return error
  if (signal?.aborted) {
    return signal.reason instanceof RecserveError
      ? signal.reason
      : new RecserveError('cancelled', `${name}: reading was cancelled`, { cause: signal.reason })
  }
  const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
  const code: Code = isMissing ? 'not_found' : 'data_loss'
  return new RecserveError(code, `${name}: ${isMissing ? 'no such file' : 'cannot be read'}`, {
    cause: error,
  })
}

function decoderOf(encoding: string, name: string): (bytes: Buffer, isLast: boolean) => string {
  const python = encoding.toLowerCase().replaceAll('-', '_')
  const label = encodings.has(python) ? encodings.get(python) : encoding
  if (label === null) return (bytes) => bytes.toString('latin1')
  const decoder = createDecoder(label ?? encoding, name)
  return (bytes, isLast) => {
    try {
      return decoder.decode(bytes, { stream: !isLast })
    } catch (cause) {
      throw new RecserveError('data_loss', `${name}: is not text in the encoding ${encoding}`, { cause })
    }
  }
}

function createDecoder(label: string, name: string) {
  try {
    return new TextDecoder(label, { fatal: true })
  } catch (cause) {
    throw new RecserveError(
      'unimplemented',
      `${name}: the checkpoint's setting encoding is '${label}', which is not known here; save the file as utf-8`,
      { cause },
    )
  }
}

function checkedSeparator(separator: string, name: string): string {
  if (separator.length === 1 || /^[\w:;,#~ -]{2,}$/.test(separator)) return separator
  throw new RecserveError(
    'unimplemented',
    `${name}: the checkpoint's field_separator is ${JSON.stringify(separator)}; one character is read, or several that are no regular expression`,
  )
}

/** Keeps what is not yet a whole record for the next piece of text. */
class RecordSplitter {
  readonly #name: string
  readonly #separator: string
  #rest = ''
  #line = 1

  constructor(name: string, separator: string) {
    this.#name = name
    this.#separator = separator
  }

  push(text: string, isLast: boolean): readonly DelimitedRecord[] {
    const all = this.#rest + text
    const records: DelimitedRecord[] = []
    let start = 0
    while (start < all.length) {
      const found = this.#next(all, start, isLast)
      if (!found) break
      const { cells, end } = found
      if (cells.length > 1 || cells[0]!.trim() !== '') records.push({ line: this.#line, cells })
      this.#line += found.lines
      start = end
    }
    this.#rest = all.slice(start)
    if (this.#rest.length > maxLineChars) this.#refuse('is too long to be a line of an atomic file')
    return records
  }

  /** The record at `start` and where the next one starts; undefined when its end is not there yet. */
  #next(text: string, start: number, isLast: boolean) {
    const newline = text.indexOf('\n', start)
    if (newline === -1 && !isLast) return undefined
    const end = newline === -1 ? text.length : newline
    const line = text.slice(start, end > start && text[end - 1] === '\r' ? end - 1 : end)
    if (this.#separator.length > 1) {
      return { cells: line.trim().split(this.#separator), end: newline === -1 ? end : end + 1, lines: 1 }
    }
    if (!line.includes('"') && !line.includes('\r')) {
      return { cells: line.split(this.#separator), end: newline === -1 ? end : end + 1, lines: 1 }
    }
    const record = quotedRecord(text, start, this.#separator)
    if (record === 'too long') this.#refuse('a quoted cell does not end')
    if (record) return record
    if (isLast) this.#refuse('a quoted cell is not closed before the end of the file')
    return undefined
  }

  #refuse(problem: string): never {
    throw new RecserveError('data_loss', `${this.#name} line ${this.#line}: ${problem}`)
  }
}

function lineEnds(text: string, start: number, end: number): number {
  let count = 0
  for (let at = start; at < end; at++) {
    const isReturn = text[at] === '\r' && text[at + 1] !== '\n'
    if (text[at] === '\n' || isReturn) count++
  }
  return count
}

/**
 * The rules of Python's csv module (not strict): a quote opens only at the start of a cell, two quotes inside are one, what
 * follows the closing quote belongs to the cell.
 * @returns undefined when the text ends inside quotes
 */
function quotedRecord(text: string, start: number, separator: string) {
  const cells: string[] = []
  let at = start
  for (;;) {
    let cell = ''
    if (text[at] === '"') {
      const quoted = quotedPart(text, at + 1)
      if (quoted === undefined) return text.length - at > maxCellChars ? 'too long' : undefined
      cell = quoted.value
      at = quoted.end
    }
    const from = at
    while (at < text.length && text[at] !== separator && text[at] !== '\n' && text[at] !== '\r') at++
    cell += text.slice(from, at)
    if (cell.length > maxCellChars) return 'too long'
    cells.push(cell)
    if (text[at] !== separator) break
    at++
  }
  if (text[at] === '\r' && text[at + 1] === '\n') at++
  const end = Math.min(at + 1, text.length)
  return { cells, end, lines: lineEnds(text, start, end) }
}

function quotedPart(text: string, start: number) {
  let value = ''
  for (let at = start; ; ) {
    const quote = text.indexOf('"', at)
    if (quote === -1) return undefined
    value += text.slice(at, quote)
    if (text[quote + 1] !== '"') return { value, end: quote + 1 }
    value += '"'
    at = quote + 2
  }
}
