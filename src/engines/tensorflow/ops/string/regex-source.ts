/**
 * Regular expressions of RE2's syntax rewritten so that nothing in them matches the surrogates that stand for bytes outside
 * of UTF-8 (escaped-text.ts): everything that means "any but" says that it does not mean those either.
 */
import { firstEscape, lastEscape } from './escaped-text.js'

const hex = (codePoint: number) => `\\x{${codePoint.toString(16)}}`
const escapes = `${hex(firstEscape)}-${hex(lastEscape)}`
const maxCodePoint = 0x10ffff

type Ranges = readonly (readonly [string, string])[]

const digits: Ranges = [['0', '9']]
const letters: Ranges = [
  ['A', 'Z'],
  ['a', 'z'],
]
const alphanumeric: Ranges = [...digits, ...letters]
const word: Ranges = [...digits, ['A', 'Z'], ['_', '_'], ['a', 'z']]

/** ASCII's classes, in ascending order, by the names of POSIX; `perl` is what `\s` means. */
const classes: Readonly<Record<string, Ranges>> = {
  alnum: alphanumeric,
  alpha: letters,
  ascii: [['\0', '\x7f']],
  blank: [
    ['\t', '\t'],
    [' ', ' '],
  ],
  cntrl: [
    ['\0', '\x1f'],
    ['\x7f', '\x7f'],
  ],
  digit: digits,
  graph: [['!', '~']],
  lower: [['a', 'z']],
  perl: [
    ['\t', '\n'],
    ['\f', '\r'],
    [' ', ' '],
  ],
  print: [[' ', '~']],
  punct: [
    ['!', '/'],
    [':', '@'],
    ['[', '`'],
    ['{', '~'],
  ],
  space: [
    ['\t', '\r'],
    [' ', ' '],
  ],
  upper: [['A', 'Z']],
  word,
  xdigit: [
    ['0', '9'],
    ['A', 'F'],
    ['a', 'f'],
  ],
}

/** All characters but those of a class and the escapes, as the inside of a class. */
function complement(ranges: Ranges): string {
  const taken = ranges.map(([first, last]) => [first.charCodeAt(0), last.charCodeAt(0)] as const)
  let text = ''
  let next = 0
  for (const [first, last] of [...taken, [firstEscape, lastEscape] as const]) {
    if (first > next) text += `${hex(next)}-${hex(first - 1)}`
    next = last + 1
  }
  return `${text}${hex(next)}-${hex(maxCodePoint)}`
}

/** The classes of Perl that mean "any but". */
const negated: Readonly<Record<string, string>> = {
  D: complement(digits),
  S: complement(classes.perl!),
  W: complement(word),
}

/** Outside of classes, in order: literal text, escapes, classes, groups with flags, the end of a group, any character. */
const token =
  /\\Q[\s\S]*?(?:\\E|$)|\\[pP]\{[^}]*\}|\\[pP]?[\s\S]|\[\^?\]?(?:\[:\^?\w+:\]|\\[\s\S]|[^\]\\])*\]|\(\?[imsU-]*[:)]|[().]/g

/** @param source that compiles as it is */
export function withoutSurrogates(source: string): string {
  /** Whether a dot takes a line's end, for each group that is open. */
  const dotAll = [false]
  return source.replace(token, (text) => {
    if (text === '.') return dotAll.at(-1) ? `[^${escapes}]` : `[^\\n${escapes}]`
    if (text === ')') dotAll.pop()
    else if (text.startsWith('(')) openGroup(text, dotAll)
    else if (text.startsWith('[')) return classWithout(text)
    else return escapeWithout(text)
    return text
  })
}

function openGroup(text: string, dotAll: boolean[]): void {
  const outer = dotAll.at(-1) ?? false
  const isDotAll = flagAfter(text, outer)
  if (text.endsWith(')')) dotAll[dotAll.length - 1] = isDotAll
  else dotAll.push(isDotAll)
}

/** What the flags of `(?s-i:` say of `s`. */
function flagAfter(text: string, before: boolean): boolean {
  const [on = '', off = ''] = text.slice(2).split('-')
  if (text === '(') return before
  return !off.includes('s') && (on.includes('s') || before)
}

function escapeWithout(text: string): string {
  const kind = text[1]!
  if (text.length === 2 && negated[kind] !== undefined) return `[${negated[kind]}]`
  if (/^\\P/.test(text) || /^\\p\{\^/.test(text)) return `[^${opposite(text)}${escapes}]`
  return text
}

/** `\P{Greek}` and `\p{^Greek}` as `\p{Greek}`. */
function opposite(text: string): string {
  return text.startsWith('\\P') ? `\\p${text.slice(2)}` : text.replace('{^', '{')
}

/** In a class of what may match, `\D` and its like are written out; a class of what may not match names the escapes too. */
function classWithout(text: string): string {
  if (text.startsWith('[^')) return `${text.slice(0, -1)}${escapes}]`
  const written = text.replace(range, (part, first: string, last: string) => {
    const [from, to] = [codePointOf(first), codePointOf(last)]
    const goesPast = from < firstEscape && to > lastEscape
    return goesPast ? `${first}-${hex(firstEscape - 1)}${hex(lastEscape + 1)}-${last}` : part
  })
  return written.replace(/\[:\^(\w+):\]|\\([\s\S])/g, (part, name: string | undefined, letter: string) => {
    const ranges = name === undefined ? undefined : classes[name]
    return ranges ? complement(ranges) : (negated[letter] ?? part)
  })
}

/** A range in a class that ends beyond the surrogates. */
const range = /(\\x\{[\da-f]+\}|\\x[\da-f]{2}|\\?[^\\])-(\\x\{[\da-f]+\}|[\u{e000}-\u{10ffff}])/giu

function codePointOf(text: string): number {
  const digits = /^\\x\{?([\da-f]+)/i.exec(text)?.[1]
  return digits === undefined ? text.replace(/^\\/, '').codePointAt(0)! : Number.parseInt(digits, 16)
}
