/** Strings of JSON text as rapidjson takes them: escapes undone, bytes beyond ASCII as they are, UTF-8 or not. */
import { parseError } from './parse-error.js'

const quote = 0x22
const backslash = 0x5c
const letterU = 0x75

/** Where the bytes of strings go. */
export interface ByteTarget {
  length: number
  readonly bytes: Uint8Array
  /** Makes room for `count` more bytes; may replace `bytes`. */
  reserve(count: number): void
}

const escapes: Readonly<Record<number, number>> = {
  [quote]: quote,
  [backslash]: backslash,
  47: 0x2f,
  98: 0x08,
  102: 0x0c,
  110: 0x0a,
  114: 0x0d,
  116: 0x09,
}

/** Checks the string whose opening quote is at `start`; gives the position after the closing one. */
export function skipString(bytes: Buffer, start: number): number {
  for (let at = start + 1; ; ) {
    const byte = bytes[at]!
    if (byte === quote) return at + 1
    if (byte < 0x20) refuseControl(byte, at)
    if (byte !== backslash) at++
    else if (bytes[at + 1] === letterU) at = unicodeEscape(bytes, at).stop
    else if (escapes[bytes[at + 1]!] !== undefined) at += 2
    else throw parseError('Invalid escape character in string.', at)
  }
}

/** As `skipString`, and appends what the string stands for. */
export function takeString(bytes: Buffer, start: number, target: ByteTarget): number {
  for (let at = start + 1; ; ) {
    at = copyPlain(bytes, at, target)
    const byte = bytes[at]!
    if (byte === quote) return at + 1
    if (byte < 0x20) refuseControl(byte, at)
    target.reserve(4)
    const next = bytes[at + 1]!
    if (next === letterU) {
      const { codePoint, stop } = unicodeEscape(bytes, at)
      putCodePoint(codePoint, target)
      at = stop
    } else {
      const escaped = escapes[next]
      if (escaped === undefined) throw parseError('Invalid escape character in string.', at)
      target.bytes[target.length++] = escaped
      at += 2
    }
  }
}

/** Bytes copied before more room is made. */
const stride = 64

/** Appends what stands for itself; gives the position of what does not. */
function copyPlain(bytes: Buffer, from: number, target: ByteTarget): number {
  let at = from
  for (;;) {
    target.reserve(stride)
    const out = target.bytes
    const offset = target.length - at
    const stop = at + stride
    let byte = bytes[at]!
    for (; byte !== quote && byte !== backslash && byte >= 0x20 && at < stop; byte = bytes[++at]!) {
      out[offset + at] = byte
    }
    target.length = offset + at
    if (at < stop) return at
  }
}

/** A byte 0 is where the text ends. */
function refuseControl(byte: number, at: number): never {
  throw byte === 0
    ? parseError('Missing a closing quotation mark in string.', at)
    : parseError('Invalid escape character in string.', at)
}

/** The code point of the `\u` escape at `at`, of both halves of a surrogate pair. A low half alone stands for itself. */
function unicodeEscape(bytes: Buffer, at: number): { codePoint: number; stop: number } {
  const high = hexDigits(bytes, at + 2, at)
  if (high < 0xd800 || high > 0xdbff) return { codePoint: high, stop: at + 6 }
  const isPair = bytes[at + 6] === backslash && bytes[at + 7] === letterU
  const low = isPair ? hexDigits(bytes, at + 8, at) : 0
  if (low < 0xdc00 || low > 0xdfff) throw parseError('The surrogate pair in string is invalid.', at)
  return { codePoint: ((high - 0xd800) << 10) + (low - 0xdc00) + 0x10000, stop: at + 12 }
}

function hexDigits(bytes: Buffer, from: number, escapeAt: number): number {
  const digits = bytes.toString('latin1', from, from + 4)
  if (!/^[\da-f]{4}$/i.test(digits)) {
    throw parseError('Incorrect hex digit after \\u escape in string.', escapeAt)
  }
  return Number.parseInt(digits, 16)
}

/** Appends UTF-8, that of lone surrogates too. */
function putCodePoint(codePoint: number, target: ByteTarget): void {
  const { bytes } = target
  if (codePoint < 0x80) {
    bytes[target.length++] = codePoint
    return
  }
  const tails = codePoint < 0x800 ? 1 : codePoint < 0x10000 ? 2 : 3
  const marks = [0, 0xc0, 0xe0, 0xf0]
  bytes[target.length++] = marks[tails]! | (codePoint >> (6 * tails))
  for (let i = tails - 1; i >= 0; i--) bytes[target.length++] = 0x80 | ((codePoint >> (6 * i)) & 0x3f)
}
