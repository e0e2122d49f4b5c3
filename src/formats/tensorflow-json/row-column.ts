/** Rows of one input: each has the shape of the first. */
import { RecserveError } from '../../core/errors.js'
import type { AnyTensor } from '../../tensor/any-tensor.js'
import { closeBracket, type JsonText, openBracket } from './json-text.js'
import { createSink } from './sinks.js'
import type { TensorSink } from './tensor-sink.js'
import { ValueReader } from './value-reader.js'

/** Input of one name, all rows of it. */
export class RowColumn {
  readonly name: string
  /** The name as it stands in text that escapes nothing; undefined where it has to escape. */
  readonly plainKey: Buffer | undefined
  /** The row this input was last found in. */
  row = -1
  readonly #text: JsonText
  readonly #sink: TensorSink
  readonly #reader: ValueReader
  /** Shape of each row, once known. */
  #shape: readonly number[] | undefined
  #size = 0

  constructor(text: JsonText, name: string, dtype: string) {
    this.name = name
    this.#text = text
    // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what must be escaped
    this.plainKey = /["\\\u0000-\u001f]/.test(name) ? undefined : Buffer.from(name)
    this.#sink = createSink(dtype)
    this.#reader = new ValueReader(text, this.#sink)
  }

  /** Takes the value at the place reached; every row must have the shape of the first. */
  read(): void {
    if (this.#readFlat()) return
    const before = this.#sink.length
    this.#reader.read()
    const size = this.#sink.length - before
    if (!this.#shape) {
      this.#shape = this.#reader.shape
      this.#size = size
    } else if (size !== this.#size) refuse(`Expecting tensor size: ${this.#size} but got: ${size}`)
    else if (!this.#hasShape(this.#shape)) {
      refuse(`Expecting shape [${this.#shape}] but got: [${this.#reader.shape}]`)
    }
  }

  #hasShape(shape: readonly number[]): boolean {
    if (shape.length !== this.#reader.rank) return false
    for (let i = 0; i < shape.length; i++) if (shape[i] !== this.#reader.sizeAt(i)) return false
    return true
  }

  /**
   * Takes a row of scalars where earlier ones were that.
   *
   * @returns false, and nothing is taken, where the row is anything else or has a fault: `read` says which
   */
  #readFlat(): boolean {
    const text = this.#text
    if (this.#shape?.length !== 1 || text.peek() !== openBracket) return false
    const { at } = text
    const before = this.#sink.length
    try {
      if (text.enter() && text.peekType() !== 'Array' && text.peekType() !== 'Object') {
        this.#sink.takeScalars(text)
        if (text.peek() === closeBracket && this.#sink.length - before === this.#size) {
          text.at++
          return true
        }
      }
    } catch (error) {
      if (!(error instanceof RecserveError)) throw error
    }
    this.#sink.truncate(before)
    text.at = at
    return false
  }

  /** Where rows are scalars: takes all that follow, up to another kind of value, and gives how many. */
  readScalars(): number {
    const before = this.#sink.length
    this.#sink.takeScalars(this.#text)
    return this.#sink.length - before
  }

  /** How many rows were taken beyond `rows`, where rows are scalars. */
  extraRows(rows: number): number {
    return this.isScalar ? this.#sink.length - rows : 0
  }

  get isScalar(): boolean {
    return this.#shape?.length === 0
  }

  /** Takes a value and drops it: the second one of a name in a row. */
  readAgain(): void {
    const before = this.#sink.length
    this.read()
    this.#sink.truncate(before)
  }

  finish(rows: number): AnyTensor {
    return this.#sink.finish([rows, ...this.#shape!])
  }
}

function refuse(message: string): never {
  throw new RecserveError('invalid_argument', message)
}
