/** Strings of JSON text: from bytes between quotes to a JavaScript string. */

const quote = 0x22
const backslash = 0x5c

/** Why bytes are no JSON string, and the position of the fault in them. */
export interface StringFault {
  readonly reason: string
  readonly at: number
}

/**
 * Position of the closing quote, or of the first control byte (0 ends every buffer) where that comes earlier.
 *
 * @param from the byte after the opening quote
 */
export function findStringEnd(bytes: Uint8Array, from: number): number {
  let at = from
  for (let byte = bytes[at]!; byte !== quote && byte >= 0x20; byte = bytes[++at]!) {
    // The escaped byte may be a quote; a control byte there ends the search as anywhere else.
    if (byte === backslash && bytes[at + 1]! >= 0x20) at++
  }
  return at
}

/** The string whose text is `bytes[from .. to)`: escapes undone, UTF-8 checked, lone surrogates refused. */
export function decodeString(bytes: Buffer, from: number, to: number): string | StringFault {
  let at = from
  while (at < to && bytes[at]! < 0x80 && bytes[at] !== backslash) at++
  if (at === to) return bytes.toString('latin1', from, to)
  const text = decodeRuns(bytes, from, to)
  if (typeof text === 'string' && /\p{Surrogate}/u.test(text)) {
    return { reason: 'half of a surrogate pair, which is no character', at: from }
  }
  return text
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Runs of UTF-8 with escapes between them. */
function decodeRuns(bytes: Buffer, from: number, to: number): string | StringFault {
  let text = ''
  let at = from
  for (;;) {
    let runEnd = at
    while (runEnd < to && bytes[runEnd] !== backslash) runEnd++
    try {
      if (runEnd > at) text += utf8.decode(bytes.subarray(at, runEnd))
    } catch {
      return { reason: 'bytes that are not UTF-8', at }
    }
    if (runEnd === to) return text
    const unit = decodeEscape(bytes, runEnd)
    if (unit === undefined) return { reason: 'an escape that JSON does not know', at: runEnd }
    text += unit
    at = runEnd + (bytes[runEnd + 1] === 0x75 ? 6 : 2)
  }
}

const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
}

/** The UTF-16 unit that the escape at `at` stands for; what it needs never goes past the closing quote. */
function decodeEscape(bytes: Buffer, at: number): string | undefined {
  const letter = String.fromCharCode(bytes[at + 1]!)
  if (letter !== 'u') return Object.hasOwn(escapes, letter) ? escapes[letter] : undefined
  const digits = bytes.toString('latin1', at + 2, at + 6)
  return /^[\da-f]{4}$/i.test(digits) ? String.fromCharCode(Number.parseInt(digits, 16)) : undefined
}
