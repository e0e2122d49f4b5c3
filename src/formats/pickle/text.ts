/** Text as protocol 0 writes it: with escapes, on one line. */
import { PickleFault } from './value.js'

const controls: Readonly<Record<string, string>> = {
  ...{ a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' },
}

/** Python 2's `repr` of a `str`: in quotes, `\\`, `\'`, `\n` and `\xhh` escaped. */
export function decodeStringLiteral(line: Buffer): string {
  const text = line.toString('latin1').trim()
  const quote = text[0]
  if (text.length < 2 || (quote !== "'" && quote !== '"') || !text.endsWith(quote))
    throw new PickleFault('has a string without quotes')
  return text
    .slice(1, -1)
    .replace(/\\(?:x([0-9a-fA-F]{2})|([0-7]{1,3})|([\s\S]))/g, (_, hex, octal, other: string) => {
      if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16))
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 0xff)
      return controls[other] ?? (/[\\'"]/.test(other) ? other : `\\${other}`)
    })
}

/** Python's raw-unicode-escape: Latin-1, and `\uhhhh` and `\Uhhhhhhhh` after an odd number of backslashes. */
export function decodeUnicodeEscapes(line: Buffer): string {
  return line
    .toString('latin1')
    .replace(/(\\*)\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/g, (whole, before: string, short, long) => {
      if (before.length % 2 === 1) return whole
      const point = Number.parseInt(short ?? long, 16)
      if (point > 0x10ffff) throw new PickleFault('has an escape that is no Unicode character')
      return before + String.fromCodePoint(point)
    })
}
