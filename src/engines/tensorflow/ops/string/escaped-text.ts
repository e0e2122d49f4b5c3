/** Any bytes as a JavaScript string and back: valid UTF-8 as its characters, any other byte as a lone surrogate. */
import { isUtf8 } from 'node:buffer'
import { textOf } from './arguments.js'
import { decodeUtf8 } from './encodings.js'

export { isUtf8 }

export interface EscapedText {
  readonly characters: string
  readonly isUtf8: boolean
}

/** U+DC80 stands for the byte 0x80 (as in Python's `surrogateescape`, PEP 383). No valid UTF-8 has surrogates. */
const surrogateBase = 0xdc00

/** First and last of the characters that stand for bytes. */
export const firstEscape = 0xdc80
export const lastEscape = 0xdcff

export function escapeBytes(bytes: Uint8Array): EscapedText {
  if (isUtf8(bytes)) return { characters: textOf(bytes), isUtf8: true }
  const parts: string[] = []
  decodeUtf8(bytes, (codePoint, start, end) => {
    if (codePoint >= 0) parts.push(String.fromCodePoint(codePoint))
    else for (let i = start; i < end; i++) parts.push(String.fromCharCode(surrogateBase + bytes[i]!))
  })
  return { characters: parts.join(''), isUtf8: false }
}

/** The bytes that escaped text stands for. */
export function unescapeText(characters: string): Uint8Array {
  const utf8 = Buffer.from(characters)
  if (!/[\udc80-\udcff]/u.test(characters)) return utf8
  const bytes: number[] = []
  for (const character of characters) {
    const codePoint = character.codePointAt(0)!
    if (codePoint >= firstEscape && codePoint <= lastEscape) bytes.push(codePoint - surrogateBase)
    else bytes.push(...Buffer.from(character))
  }
  return Uint8Array.from(bytes)
}
