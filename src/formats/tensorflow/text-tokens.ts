import { RecserveError } from '../../core/errors.js'

/** A piece of protobuf text. A string's text is its bytes, one character each, escapes done. */
export interface Token {
  readonly kind: 'word' | 'string' | 'sign' | 'end'
  readonly text: string
}

const lineFeed = 0x0a
const backslash = 0x5c
const minus = 0x2d

const escapes = /\\(?:([0-7]{1,3})|[xX]([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))/gs
const signs = '{}<>[]:,;-/'
const letters: Readonly<Record<string, string>> = {
  ...{ a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', '?': '?' },
  ...{ '\\': '\\', "'": "'", '"': '"' },
}

/** Cuts protobuf's text form into tokens (protobuf.dev/reference/protobuf/textformat-spec), one ahead of what is read. */
export class TextTokens {
  /** Base name of the file, for messages. */
  readonly name: string
  /** The token at hand. */
  token: Token = { kind: 'end', text: '' }
  readonly #text: string
  #offset = 0

  /** @param text bytes as latin1, so that a string's bytes stay what they are */
  constructor(text: string, name: string) {
    this.name = name
    this.#text = text
    this.next()
  }

  /** Gives the token at hand and goes on to the next. */
  next(): Token {
    const before = this.token
    this.#skipSpace()
    this.token = this.#scan()
    return before
  }

  isAt(sign: string): boolean {
    return this.token.kind === 'sign' && this.token.text === sign
  }

  /** Goes on behind a sign if it is at hand. */
  accept(sign: string): boolean {
    const found = this.isAt(sign)
    if (found) this.next()
    return found
  }

  /** The token at hand, for messages. */
  get shown(): string {
    return this.token.kind === 'end' ? 'the end of the file' : JSON.stringify(this.token.text.slice(0, 40))
  }

  fail(text: string): never {
    const line = this.#text.slice(0, this.#offset).split('\n').length
    throw new RecserveError('data_loss', `${this.name}: ${text} (at line ${line})`)
  }

  // By hand and not by patterns: V8's patterns overflow their stack on long strings.

  #skipSpace(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#offset)
      if (code === 0x23) {
        const end = this.#text.indexOf('\n', this.#offset)
        this.#offset = end < 0 ? this.#text.length : end + 1
      } else if (code === 0x20 || (code >= 0x09 && code <= 0x0d)) this.#offset++
      else return
    }
  }

  #scan(): Token {
    const first = this.#text[this.#offset]
    if (first === undefined) return { kind: 'end', text: '' }
    if (signs.includes(first)) {
      this.#offset++
      return { kind: 'sign', text: first }
    }
    if (first === '"' || first === "'")
      return { kind: 'string', text: this.#unescape(this.#scanString(first)) }
    const begin = this.#offset
    while (this.#isWord(this.#offset)) this.#offset++
    if (this.#offset === begin) this.fail('is not protobuf text')
    return { kind: 'word', text: this.#text.slice(begin, this.#offset) }
  }

  /** Letters, digits, `_` and `.`, and the sign of an exponent: what a word may be is known only where it stands. */
  #isWord(at: number): boolean {
    const code = this.#text.charCodeAt(at)
    if ((code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || (code >= 0x30 && code <= 0x39))
      return true
    if (code === 0x5f || code === 0x2e) return true
    return (code === minus || code === 0x2b) && /\d[eE]/.test(this.#text.slice(Math.max(0, at - 2), at))
  }

  #scanString(quote: string): string {
    const begin = this.#offset + 1
    const end = quote.charCodeAt(0)
    for (let at = begin; at < this.#text.length; at++) {
      const code = this.#text.charCodeAt(at)
      if (code === backslash) at++
      else if (code === lineFeed) break
      else if (code === end) {
        this.#offset = at + 1
        return this.#text.slice(begin, at)
      }
    }
    this.fail('a string has no end')
  }

  #unescape(text: string): string {
    if (!text.includes('\\')) return text
    return text.replace(
      escapes,
      (_, octal?: string, hex?: string, short?: string, long?: string, letter?: string) => {
        if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 0xff)
        if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16))
        const point = short ?? long
        if (point !== undefined) return this.#utf8(Number.parseInt(point, 16))
        const known = Object.hasOwn(letters, letter!) ? letters[letter!] : undefined
        return known ?? this.fail(`a string has the unknown escape \\${JSON.stringify(letter)}`)
      },
    )
  }

  #utf8(point: number): string {
    if (point > 0x10ffff) this.fail('a string escapes a character that does not exist')
    return Buffer.from(String.fromCodePoint(point), 'utf8').toString('latin1')
  }
}
