/**
 * A place in JSON text, stepping over it as rapidjson's iterative parser does (flags NanAndInf and StopWhenDone): the same
 * texts are taken, and a fault is reported with the same words at the same byte.
 */

import { expectLetters, NumberLiteral } from './number-literal.js'
import { parseError } from './parse-error.js'
import { type ByteTarget, skipString, takeString } from './string-literal.js'

const minus = 0x2d
const point = 0x2e
const zero = 0x30
const letterE = 0x65

/** What `takeSmallInteger` gives where there is none: an integer that has ten digits. */
export const notSmall = 0x7fffffff

export const comma = 0x2c
export const colon = 0x3a
export const quote = 0x22
export const openBrace = 0x7b
export const closeBrace = 0x7d
export const openBracket = 0x5b
export const closeBracket = 0x5d

/** What a value is, by its first byte. Anything that is nothing else is held for a number, and refused as one. */
export type JsonType = 'Object' | 'Array' | 'String' | 'True' | 'False' | 'Null' | 'Number'

const types: Readonly<Record<number, JsonType>> = {
  [openBrace]: 'Object',
  [openBracket]: 'Array',
  [quote]: 'String',
  116: 'True',
  102: 'False',
  110: 'Null',
}

export class JsonText {
  /** The text, with a byte 0 after it; a byte 0 within it ends it too. */
  readonly bytes: Buffer
  at = 0
  readonly number = new NumberLiteral()
  /** Whether each container around the place is an object (1) or an array (0). */
  #isObject = new Uint8Array(64)

  /** Copies the text. */
  constructor(text: Uint8Array) {
    this.bytes = Buffer.allocUnsafeSlow(text.length + 1)
    this.bytes.set(text)
    this.bytes[text.length] = 0
    // A byte order mark.
    for (const byte of [0xef, 0xbb, 0xbf]) if (this.bytes[this.at] === byte) this.at++
  }

  /** The next byte that is no space, which `at` then points to. */
  peek(): number {
    let byte = this.bytes[this.at]!
    while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) byte = this.bytes[++this.at]!
    return byte
  }

  peekType(): JsonType {
    return types[this.peek()] ?? 'Number'
  }

  /** Refuses the text at the place reached. */
  fail(text: string): never {
    throw parseError(text, this.at)
  }

  /** Steps over a key and its colon; without `target` the key is only checked. */
  takeKey(target?: ByteTarget): void {
    if (this.peek() !== quote) this.fail('Missing a name for object member.')
    this.takeString(target)
    if (this.peek() !== colon) this.fail('Missing a colon after a name of object member.')
    this.at++
  }

  takeString(target?: ByteTarget): void {
    this.at = target ? takeString(this.bytes, this.at, target) : skipString(this.bytes, this.at)
  }

  /** Steps into an object or array: false where it is empty, and then over it. */
  enter(): boolean {
    const close = this.bytes[this.at++]! + 2
    if (this.peek() !== close) return true
    this.at++
    return false
  }

  /** After an element or member: whether another follows; steps over the comma or the end. */
  nextElement(): boolean {
    const byte = this.peek()
    if (byte !== comma && byte !== closeBracket) {
      this.fail("Missing a comma or ']' after an array element.")
    }
    this.at++
    return byte === comma
  }

  nextMember(): boolean {
    const byte = this.peek()
    if (byte !== comma && byte !== closeBrace) {
      this.fail("Missing a comma or '}' after an object member.")
    }
    this.at++
    return byte === comma
  }

  /** After an element: steps over a comma where another scalar follows it, else over nothing. */
  nextScalar(): boolean {
    if (this.peek() !== comma) return false
    const back = this.at++
    const byte = this.peek()
    if (byte !== openBracket && byte !== openBrace) return true
    this.at = back
    return false
  }

  /** Steps over one value of any depth and checks it. */
  skipValue(): void {
    let depth = 0
    for (;;) {
      const byte = this.peek()
      if (byte === openBrace || byte === openBracket) {
        if (this.enter()) {
          this.#push(depth++, byte === openBrace)
          if (byte === openBrace) this.takeKey()
          continue
        }
      } else this.#skipScalar(byte)
      while (depth > 0 && !this.#next(depth)) depth--
      if (depth === 0) return
      if (this.#isObject[depth - 1]) this.takeKey()
    }
  }

  #next(depth: number): boolean {
    return this.#isObject[depth - 1] ? this.nextMember() : this.nextElement()
  }

  #push(depth: number, isObject: boolean): void {
    if (depth === this.#isObject.length) {
      const grown = new Uint8Array(2 * depth)
      grown.set(this.#isObject)
      this.#isObject = grown
    }
    this.#isObject[depth] = isObject ? 1 : 0
  }

  #skipScalar(byte: number): void {
    if (byte === quote) this.takeString()
    else if (byte === 0x74) this.at = expectLetters(this.bytes, this.at, 'true')
    else if (byte === 0x66) this.at = expectLetters(this.bytes, this.at, 'false')
    else if (byte === 0x6e) this.at = expectLetters(this.bytes, this.at, 'null')
    else this.skipNumber()
  }

  /**
   * Steps over an integer literal of at most nine digits and gives it: most ids and counts.
   *
   * @returns `notSmall`, and stays, at anything else
   */
  takeSmallInteger(): number {
    const { bytes } = this
    let at = this.at
    const isNegative = bytes[at] === minus
    if (isNegative) at++
    const first = at
    const last = first + 10
    let value = 0
    let digit = bytes[at]! - zero
    for (; digit >= 0 && digit <= 9 && at < last; digit = bytes[++at]! - zero) value = value * 10 + digit
    const next = digit + zero
    const isPlain = at > first && at < last && next !== point && (next | 0x20) !== letterE
    if (!isPlain || (bytes[first] === zero && at > first + 1)) return notSmall
    this.at = at
    return isNegative ? 0 - value : value
  }

  /** Steps over a number, which `number` then holds. */
  skipNumber(): void {
    this.number.read(this.bytes, this.at)
    this.at = this.number.stop
  }
}
