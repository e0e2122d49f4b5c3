/** A table's contents from a text file of the model: a vocabulary, or columns (tensorflow/core/kernels/lookup_util.cc). */
import { RecserveError } from '../../../../core/errors.js'
import type { AnyTensor, TfDataType } from '../../op.js'
import { spend } from '../../run-limits.js'
import { invalid } from '../array/arguments.js'
import { latin1Of, textOf } from '../string/arguments.js'
import { type NumberText, parseNumber } from '../string/number-text.js'
import { StringsBuilder } from '../string/strings-builder.js'

export interface TextFile {
  /** For messages. */
  readonly name: string
  readonly bytes: Uint8Array
  /** Undefined: as many lines as there are. More are not read, fewer are an error. */
  readonly lineCount: number | undefined
  /** One byte. */
  readonly delimiter: string
  /** Added to numbers of lines. */
  readonly offset: number
}

/** Which part of a line is meant: a column from 0, or one of these. */
export const wholeLine = -2
export const lineNumber = -1

export interface Part {
  /** For messages: `key` or `value`. */
  readonly name: string
  readonly index: number
  readonly dtype: TfDataType
}

const newline = 0x0a
const carriageReturn = 0x0d

/** @throws RecserveError `invalid_argument` for an empty line and for what does not fit its dtype, `out_of_range` for no line */
export function readTextFile(file: TextFile, parts: readonly Part[]): readonly AnyTensor[] {
  for (const part of parts) checkPart(part)
  const columns = parts.map((part) => createCollector(part, file))
  const needed = Math.max(...parts.map(({ index }) => index)) + 1
  let count = 0
  let at = 0
  while (at < file.bytes.length && count !== file.lineCount) {
    const found = file.bytes.indexOf(newline, at)
    const end = found < 0 ? file.bytes.length : found
    const line = withoutReturn(file.bytes.subarray(at, end))
    spend(64 + line.length)
    at = found < 0 ? end : end + 1
    if (line.length === 0) {
      throw invalid(`Invalid content in ${file.name}: empty line found at position ${at}.`)
    }
    const fields = needed > 0 ? latin1Of(line).split(file.delimiter) : []
    if (fields.length < needed) {
      throw invalid(
        `Invalid number of columns in ${file.name} line ${count} (${textOf(line)}) : expected at least ${needed} got ${fields.length}`,
      )
    }
    for (const collector of columns) collector.add({ line, fields, number: count })
    count++
  }
  checkCount(count, file)
  return columns.map((collector) => collector.finish(count))
}

/** Lines may end as on Windows. */
function withoutReturn(line: Uint8Array): Uint8Array {
  return line.at(-1) === carriageReturn ? line.subarray(0, -1) : line
}

function checkPart({ name, index, dtype }: Part): void {
  if (index < wholeLine)
    throw invalid(`the ${name} of a line has the index -2, -1 or that of a column, not ${index}`)
  const title = name[0]!.toUpperCase() + name.slice(1)
  if (index === lineNumber && dtype !== 'int64') {
    throw invalid(`${title} index for line number requires table ${name} dtype of int64, got ${dtype}`)
  }
}

function checkCount(count: number, { name, lineCount }: TextFile): void {
  if (lineCount !== undefined && count < lineCount) {
    throw invalid(`Invalid vocab_size in ${name}: expected ${lineCount} but got ${count}`)
  }
  if (count === 0) throw new RecserveError('out_of_range', `no line was read from ${name}`)
}

interface Line {
  readonly line: Uint8Array
  /** Their characters are bytes. */
  readonly fields: readonly string[]
  readonly number: number
}

interface Collector {
  add(line: Line): void
  finish(count: number): AnyTensor
}

function createCollector({ index, dtype }: Part, { offset }: TextFile): Collector {
  if (index === lineNumber) return new LineNumbers(offset)
  if (dtype === 'string') return new TextCollector(index)
  return new NumberCollector(index, dtype)
}

class LineNumbers implements Collector {
  readonly #offset: bigint

  constructor(offset: number) {
    this.#offset = BigInt(offset)
  }

  add(): void {}

  finish(count: number): AnyTensor {
    return {
      dtype: 'int64',
      shape: [count],
      data: BigInt64Array.from({ length: count }, (_, i) => BigInt(i) + this.#offset),
    }
  }
}

class TextCollector implements Collector {
  readonly #index: number
  readonly #out = new StringsBuilder()

  constructor(index: number) {
    this.#index = index
  }

  add({ line, fields }: Line): void {
    if (this.#index === wholeLine) this.#out.write(line)
    else this.#out.writeLatin1(fields[this.#index]!)
    this.#out.end()
  }

  finish(count: number): AnyTensor {
    return this.#out.finish([count])
  }
}

const numberArrays = {
  int32: Int32Array,
  int64: BigInt64Array,
  float32: Float32Array,
  float64: Float64Array,
} as const

type Number = keyof typeof numberArrays

class NumberCollector implements Collector {
  readonly #index: number
  readonly #dtype: Number
  readonly #values: (number | bigint)[] = []

  constructor(index: number, dtype: TfDataType) {
    if (!(dtype in numberArrays))
      throw invalid(`Unsupported data type for a table from a text file: ${dtype}`)
    this.#index = index
    this.#dtype = dtype as Number
  }

  add({ line, fields, number }: Line): void {
    const text = this.#index === wholeLine ? latin1Of(line) : fields[this.#index]!
    const value = parseNumber(text, this.#dtype satisfies NumberText)
    if (value === undefined) {
      const name = { int32: 'int32', int64: 'int64', float32: 'float', float64: 'double' }[this.#dtype]
      throw invalid(`Field ${text} in line ${number} is not a valid ${name}.`)
    }
    this.#values.push(value)
  }

  finish(count: number): AnyTensor {
    const data = new numberArrays[this.#dtype](count)
    data.set(this.#values as never)
    return { dtype: this.#dtype, shape: [count], data } as AnyTensor
  }
}
