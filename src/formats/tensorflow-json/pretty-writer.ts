/** JSON laid out as rapidjson's PrettyWriter does: 4 spaces, arrays on one line by option. */
import { ByteWriter } from './byte-writer.js'

const space = 0x20
const newLine = 0x0a
const comma = 0x2c
const colon = 0x3a

interface Level {
  readonly isArray: boolean
  count: number
}

export class PrettyWriter {
  readonly out: ByteWriter
  /** Arrays are written on one line from now on, and those that are open go on there. */
  singleLineArrays = false
  readonly #levels: Level[] = []

  constructor(capacity?: number) {
    this.out = new ByteWriter(capacity)
  }

  beginObject(): void {
    this.#begin('{', false)
  }

  endObject(): void {
    if (this.#levels.pop()!.count > 0) this.#indent()
    this.out.ascii('}')
  }

  beginArray(): void {
    this.#begin('[', true)
  }

  endArray(): void {
    if (this.#levels.pop()!.count > 0 && !this.singleLineArrays) this.#indent()
    this.out.ascii(']')
  }

  /** Writes what comes before a value or key; the value's own bytes follow through `out`. */
  prefix(): void {
    const level = this.#levels[this.#levels.length - 1]
    if (level === undefined) return
    const { out } = this
    out.reserve(2)
    const isFirst = level.count === 0
    if (level.isArray) {
      if (!isFirst) out.put(comma)
      if (!this.singleLineArrays) this.#indent()
      else if (!isFirst) out.put(space)
    } else if (level.count % 2 === 1) {
      out.put(colon)
      out.put(space)
    } else {
      if (!isFirst) out.put(comma)
      this.#indent()
    }
    level.count++
  }

  /** A number, or one of JSON's words. */
  raw(text: string): void {
    this.prefix()
    this.out.ascii(text)
  }

  /** A key or a string: its bytes, UTF-8 or not. */
  string(bytes: Uint8Array): void {
    this.prefix()
    writeString(this.out, bytes)
  }

  #begin(bracket: string, isArray: boolean): void {
    this.prefix()
    this.out.ascii(bracket)
    this.#levels.push({ isArray, count: 0 })
  }

  #indent(): void {
    const { out } = this
    const count = 4 * this.#levels.length
    out.reserve(count + 1)
    out.put(newLine)
    for (let i = 0; i < count; i++) out.put(space)
  }
}

/** Letters of the short escapes, by byte. */
const shortEscapes: Readonly<Record<number, string>> = {
  8: '\\b',
  9: '\\t',
  10: '\\n',
  12: '\\f',
  13: '\\r',
  34: '\\"',
  92: '\\\\',
}

function writeString(out: ByteWriter, bytes: Uint8Array): void {
  out.reserve(bytes.length + 2)
  out.put(0x22)
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!
    // Keeps room for the bytes to come and the closing quote.
    if (byte >= 0x20 && byte !== 0x22 && byte !== 0x5c) out.put(byte)
    else {
      out.ascii(shortEscapes[byte] ?? `\\u00${byte.toString(16).toUpperCase().padStart(2, '0')}`)
      out.reserve(bytes.length - i)
    }
  }
  out.put(0x22)
}
