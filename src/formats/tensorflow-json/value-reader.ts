/**
 * One JSON value, of lists as deep as a tensor has dimensions, into a sink (json_tensor.cc, GetDenseTensorShape and
 * FillTensorProto).
 */
import { RecserveError } from '../../core/errors.js'
import { debugText } from './debug-text.js'
import { type JsonText, openBrace, openBracket } from './json-text.js'
import type { TensorSink } from './tensor-sink.js'

/** Most dimensions of a tensor (TensorShape::MaxDimensions). */
const maxRank = 254

/** Reused: each `read` writes over the last. */
export class ValueReader {
  /** Dimensions of the value read last. */
  rank = 0
  readonly #text: JsonText
  readonly #sink: TensorSink
  /** Sizes by level, as the first list of each level has them; -1 while that is open. */
  readonly #sizes = new Int32Array(maxRank)
  /** How many levels have a size. */
  #known = 0
  /** Level of the leaves; -1 until the first one, or an empty list, is met. */
  #leafLevel = -1
  /** Elements done in each open list. */
  readonly #counts = new Int32Array(maxRank)
  #open = 0
  /** The sink's length when it began on the scalars of the innermost open list; -1 where it does not. */
  #scalarsFrom = -1

  constructor(text: JsonText, sink: TensorSink) {
    this.#text = text
    this.#sink = sink
  }

  get shape(): number[] {
    return [...this.#sizes.subarray(0, this.rank)]
  }

  sizeAt(level: number): number {
    return this.#sizes[level]!
  }

  /**
   * Takes the value at the place reached. A list of the wrong size is refused before what is wrong in it.
   *
   * @throws RecserveError in the original's words; where the text has a fault, too, any
   */
  read(): void {
    this.#known = 0
    this.#leafLevel = -1
    this.#open = 0
    this.#scalarsFrom = -1
    try {
      this.#readValue(0)
      this.rank = this.#leafLevel
    } catch (error) {
      if (error instanceof RecserveError) this.#checkOpenLists()
      throw error
    }
  }

  #readValue(level: number): void {
    const byte = this.#text.peek()
    if (byte === openBracket) {
      this.#readList(level)
      return
    }
    this.#checkLevel(level)
    if (byte === openBrace) this.#sink.takeObject(this.#text)
    else this.#sink.takeScalar(this.#text)
  }

  #readList(level: number): void {
    const start = this.#text.at
    this.#checkListLevel(level)
    const isFirst = this.#known === level
    if (isFirst) this.#sizes[this.#known++] = -1
    this.#open = level + 1
    const count = this.#readElements(level)
    this.#open = level
    if (isFirst) this.#sizes[level] = count
    else if (count !== this.#sizes[level]) {
      this.#text.at = start
      this.#refuseSize(level, count)
    }
  }

  #readElements(level: number): number {
    const text = this.#text
    let count = 0
    if (!text.enter()) {
      if (this.#leafLevel === -1) this.#leafLevel = level + 1
      return 0
    }
    do {
      this.#counts[level] = count
      const byte = text.peek()
      if (byte === openBracket || byte === openBrace) {
        this.#readValue(level + 1)
        count++
      } else count += this.#readScalars(level)
    } while (text.nextElement())
    return count
  }

  #readScalars(level: number): number {
    this.#checkLevel(level + 1)
    const from = this.#sink.length
    this.#scalarsFrom = from
    this.#sink.takeScalars(this.#text)
    this.#scalarsFrom = -1
    return this.#sink.length - from
  }

  #checkListLevel(level: number): void {
    if (this.#leafLevel !== -1 && level >= this.#leafLevel) {
      refuse(`Encountered list at unexpected level: ${level} expected < ${this.#leafLevel}`)
    }
    if (level >= maxRank) refuse(`Encountered lists at more than ${maxRank} levels`)
  }

  #checkLevel(level: number): void {
    if (this.#leafLevel === -1) this.#leafLevel = level
    if (level === this.#leafLevel) return
    const value = debugText(this.#text)
    const where = `found at incorrect level: ${level + 1} in the JSON DOM. Expected at level: ${this.#leafLevel}`
    refuse(`JSON Value: ${value} ${where}`)
  }

  #refuseSize(level: number, count: number): never {
    const expected = this.#sizes[level]
    refuse(`Encountered list at unexpected size: ${count} at level: ${level} expected size: ${expected}`)
  }

  /**
   * After a refusal, at the value refused: the original looks at a list's size before it looks into it, so an open list
   * whose size is wrong goes first, the outermost before others. One walk over the rest of them, however deep they are.
   */
  #checkOpenLists(): void {
    const text = this.#text
    let wrong: { readonly level: number; readonly count: number } | undefined
    if (this.#open > 0) text.skipValue()
    for (let level = this.#open - 1; level >= 0; level--) {
      let count = this.#counts[level]! + 1
      if (level === this.#open - 1 && this.#scalarsFrom >= 0) count += this.#sink.length - this.#scalarsFrom
      for (; text.nextElement(); count++) text.skipValue()
      const expected = this.#sizes[level]!
      if (expected !== -1 && count !== expected) wrong = { level, count }
    }
    if (wrong) this.#refuseSize(wrong.level, wrong.count)
  }
}

function refuse(message: string): never {
  throw new RecserveError('invalid_argument', message)
}
