/** The header of a .npy file (numpy.org/doc/stable/reference/generated/numpy.lib.format.html): a Python dict literal, parsed, never evaluated. */

import { type Code, RecserveError } from '../core/errors.js'

export interface NpyHeader {
  /** NumPy's type string, as `<f4`. */
  readonly descr: string
  readonly isFortran: boolean
  readonly shape: readonly number[]
  /** Where the data begin. */
  readonly dataAt: number
}

/** NumPy's own limit is 10,000. */
const maxHeaderBytes = 65_536
/** NumPy's limit. */
const maxRank = 64
const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]

type Literal = string | boolean | bigint | readonly Literal[]
type Dictionary = ReadonlyMap<string, Literal>

/** @param name for messages */
export function parseNpyHeader(bytes: Uint8Array, name: string): NpyHeader {
  const major = bytes[6]
  if (magic.some((byte, i) => bytes[i] !== byte) || major === undefined) fail(name, 'is no .npy file')
  if (major !== 1 && major !== 2 && major !== 3) fail(name, `is of .npy version ${major}; 1, 2 and 3 work`)
  const begin = major === 1 ? 10 : 12
  if (bytes.length < begin) fail(name, 'ends within its header')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true)
  if (length > maxHeaderBytes) fail(name, `has a header of ${length} bytes, more than ${maxHeaderBytes}`)
  const dataAt = begin + length
  if (dataAt > bytes.length) fail(name, 'ends within its header')
  const text = Buffer.from(bytes.subarray(begin, dataAt)).toString(major === 3 ? 'utf8' : 'latin1')
  return { ...toHeader(new LiteralParser(text, name).dictionary(), name), dataAt }
}

function toHeader(dictionary: Dictionary, name: string): Omit<NpyHeader, 'dataAt'> {
  const [descr, isFortran, shape] = ['descr', 'fortran_order', 'shape'].map((key) => dictionary.get(key))
  if (dictionary.size !== 3)
    fail(
      name,
      `has a header of keys ${[...dictionary.keys()].join(', ')}; descr, fortran_order and shape are due`,
    )
  if (Array.isArray(descr)) fail(name, 'is an array of records, which cannot be read', 'failed_precondition')
  if (typeof descr !== 'string') return fail(name, 'has no descr in its header')
  if (typeof isFortran !== 'boolean') return fail(name, 'has no fortran_order in its header')
  if (!Array.isArray(shape)) return fail(name, 'has no shape in its header')
  const sizes = shape.map((size: Literal) => {
    const isSize = typeof size === 'bigint' && size <= BigInt(Number.MAX_SAFE_INTEGER)
    return isSize ? Number(size) : fail(name, 'has a shape that is not one of sizes')
  })
  if (sizes.length > maxRank) fail(name, `has ${sizes.length} dimensions, more than ${maxRank}`)
  return { descr, isFortran, shape: sizes }
}

/** Strings without escapes, non-negative integers, booleans, tuples and lists, in one dictionary. */
class LiteralParser {
  readonly #text: string
  readonly #name: string
  #at = 0

  constructor(text: string, name: string) {
    this.#text = text
    this.#name = name
  }

  dictionary(): Dictionary {
    const entries = new Map<string, Literal>()
    this.#expect('{')
    while (!this.#take('}')) {
      const key = this.#match(/'([^'\\]*)'|"([^"\\]*)"/y)
      if (key === undefined) this.#fail()
      this.#expect(':')
      const text = key.slice(1, -1)
      if (entries.has(text)) this.#fail()
      entries.set(text, this.#value(0))
      if (!this.#take(',')) {
        this.#expect('}')
        break
      }
    }
    this.#space()
    if (this.#at < this.#text.length) this.#fail()
    return entries
  }

  #value(depth: number): Literal {
    const quoted = this.#match(/'[^'\\]*'|"[^"\\]*"/y)
    if (quoted !== undefined) return quoted.slice(1, -1)
    const word = this.#match(/True|False/y)
    if (word !== undefined) return word === 'True'
    // Python 2 wrote long integers with an L.
    const digits = this.#match(/\d{1,20}L?/y)
    if (digits !== undefined) return BigInt(digits.replace('L', ''))
    // Deep enough for the fields of records, which are refused in words.
    if (depth < 8 && this.#take('(')) return this.#sequence(')', depth + 1)
    if (depth < 8 && this.#take('[')) return this.#sequence(']', depth + 1)
    return this.#fail()
  }

  #sequence(close: string, depth: number): readonly Literal[] {
    const elements: Literal[] = []
    while (!this.#take(close)) {
      elements.push(this.#value(depth))
      if (!this.#take(',')) {
        this.#expect(close)
        break
      }
    }
    return elements
  }

  #match(pattern: RegExp): string | undefined {
    this.#space()
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)?.[0]
    if (found !== undefined) this.#at += found.length
    return found
  }

  #take(character: string): boolean {
    this.#space()
    if (this.#text[this.#at] !== character) return false
    this.#at++
    return true
  }

  #expect(character: string): void {
    if (!this.#take(character)) this.#fail()
  }

  #space(): void {
    while (this.#text[this.#at] === ' ' || this.#text[this.#at] === '\n') this.#at++
  }

  #fail(): never {
    return fail(this.#name, `has a header that cannot be read, at its character ${this.#at}`)
  }
}

function fail(name: string, text: string, code: Code = 'data_loss'): never {
  throw new RecserveError(code, `${name}: ${text}`)
}
