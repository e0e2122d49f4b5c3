/** A place in a file of JSON text: stepping over space, getting more bytes, and saying what was found instead. */
import type { Code } from '../core/errors.js'
import { type ChunkedFile, maxTokenBytes } from './chunked-file.js'

/** More space than this between two tokens is no file that anyone wrote. */
const maxSpaceBytes = 1024 * 1024

/** JSON's three words, and Python's three numbers that JSON has no word for. */
const words = ['true', 'false', 'null', 'NaN', 'Infinity', '-Infinity']
const longestWord = 9

/** Text of the file's own, short enough for a message. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text)
}

export class JsonCursor {
  readonly file: ChunkedFile
  /** The member being read, named in messages: a row by its number, an id in quotes. */
  member: string | undefined
  memberNoun: 'row' | 'id' = 'row'
  protected readonly bytes: Buffer
  protected position = 0

  constructor(file: ChunkedFile) {
    this.file = file
    this.bytes = file.bytes
    file.refill(0)
    // Windows editors and Python's `utf-8-sig` begin a file with a byte order mark.
    if (this.bytes[0] === 0xef && this.bytes[1] === 0xbb && this.bytes[2] === 0xbf) this.position = 3
  }

  /** Refuses what is well-formed but does not fit, at the place reached; `text` names the member where it matters. */
  fail(text: string): never {
    this.file.fail('failed_precondition', text, this.position)
  }

  /** The next byte that is no space; 0 at the end of the file. */
  protected peekByte(): number {
    const byte = this.bytes[this.position]!
    return byte > 0x20 ? byte : this.#skipSpace()
  }

  #skipSpace(): number {
    let at = this.position
    for (let spaces = 0; ; ) {
      const from = at
      let byte = this.bytes[at]!
      while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) byte = this.bytes[++at]!
      spaces += at - from
      if (spaces > maxSpaceBytes) this.failAt('data_loss', `found over ${maxSpaceBytes} bytes of space`, at)
      if (at < this.file.end || !this.file.refill(at)) break
      at = 0
    }
    this.position = at
    return this.bytes[at]!
  }

  /**
   * Gets more of a token that begins at `position` and reaches the end of the bytes at hand; it then begins at 0.
   *
   * @returns false at the end of the file
   */
  protected refillToken(noun: string): boolean {
    this.checkLength(noun, this.file.end)
    if (!this.file.refill(this.position)) return false
    this.position = 0
    return true
  }

  protected checkLength(noun: string, stop: number): void {
    if (stop - this.position <= maxTokenBytes) return
    this.failAt('data_loss', `found a ${noun} longer than ${maxTokenBytes} bytes`, this.position)
  }

  /** One of JSON's or Python's words, where one begins at `position`. */
  protected wordHere(): string | undefined {
    if (this.file.end - this.position <= longestWord && this.file.refill(this.position)) this.position = 0
    const text = this.bytes.toString('latin1', this.position, this.position + longestWord + 1)
    const word = /^-?[a-z]+/i.exec(text)?.[0]
    return word !== undefined && words.includes(word) ? word : undefined
  }

  /** Refuses what begins at `position`: it does not fit where it is a value, it is no JSON otherwise. */
  protected refuse(expected: string): never {
    const value = this.#valueHere()
    if (value === undefined) this.illFormed(expected)
    this.failAt('failed_precondition', `found ${value}, expected ${expected}`, this.position)
  }

  protected illFormed(expected: string, at = this.position): never {
    const byte = this.bytes[at]!
    if (at >= this.file.end) this.failAt('data_loss', `the file ends, expected ${expected}`, at)
    const found =
      byte > 0x20 && byte < 0x7f ? `'${String.fromCharCode(byte)}'` : `byte 0x${byte.toString(16)}`
    this.failAt('data_loss', `found ${found}, expected ${expected}`, at)
  }

  protected failAt(code: Code, text: string, at: number): never {
    if (this.member === undefined) this.file.fail(code, text, at)
    const name = this.memberNoun === 'row' ? this.member : quoted(this.member)
    this.file.fail(code, `${this.memberNoun} ${name}: ${text}`, at)
  }

  #valueHere(): string | undefined {
    const word = this.wordHere()
    if (word !== undefined) return word
    const letter = String.fromCharCode(this.bytes[this.position]!)
    if (letter === '{') return 'an object'
    if (letter === '[') return 'an array'
    if (letter === '"') return 'a string'
    return /[-\d]/.test(letter) ? 'a number' : undefined
  }
}
