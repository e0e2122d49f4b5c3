/**
 * RE2's regular expressions over bytes: time that grows with the text, never exponentially. The engine (re2js) reads
 * JavaScript strings, so text is turned into one character by character: what is no UTF-8 becomes a lone surrogate for each
 * byte, which the pattern is compiled not to match, for in RE2 nothing matches a byte outside of UTF-8.
 */
import { RE2JS, RE2JSException } from 're2js'
import { invalid } from '../array/arguments.js'
import { latin1Of, textOf } from './arguments.js'
import { type EscapedText, escapeBytes, isUtf8 } from './escaped-text.js'
import { withoutSurrogates } from './regex-source.js'

/** A compiled pattern. */
export interface Regex {
  /** How many groups it has, the whole match aside. */
  readonly groups: number
  matchesAll(text: Uint8Array): boolean
  /** Matches from left to right that do not overlap; no empty one directly behind another. */
  matches(text: EscapedText): Iterable<Match>
}

export interface Match {
  readonly start: number
  readonly end: number
  /** Undefined for a group that took no part. */
  group(index: number): string | undefined
}

const maxCached = 64
const cache = new Map<string, Regex>()

/** @throws RecserveError `invalid_argument` in TensorFlow's words for a pattern that RE2 refuses */
export function compileRegex(pattern: Uint8Array): Regex {
  const key = latin1Of(pattern)
  const known = cache.get(key)
  if (known) return known
  const made = createRegex(pattern)
  if (cache.size >= maxCached) cache.delete(cache.keys().next().value!)
  cache.set(key, made)
  return made
}

function createRegex(pattern: Uint8Array): Regex {
  const source = textOf(pattern)
  if (!isUtf8(pattern)) throw refusal(source, 'invalid UTF-8')
  const valid = compile(source, source)
  // Only text that is no UTF-8 needs the other, and such text is rare.
  let other: RE2JS | undefined
  const regexFor = (text: EscapedText) => {
    if (text.isUtf8) return valid
    other ??= compile(withoutSurrogates(source), source)
    return other
  }
  return {
    groups: valid.groupCount(),
    matchesAll: (bytes) => {
      const text = escapeBytes(bytes)
      return regexFor(text).matches(text.characters)
    },
    matches: (text) => findAll(regexFor(text), text.characters),
  }
}

function compile(source: string, original: string): RE2JS {
  try {
    return RE2JS.compile(source)
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error
    throw refusal(original, re2Words(error.message))
  }
}

function refusal(pattern: string, fault: string): Error {
  return invalid(`Invalid pattern: ${pattern}, error: ${fault}`)
}

/** What RE2 calls the faults that its ports have other words for. */
const words: readonly (readonly [string, string])[] = [
  ['missing closing )', 'missing )'],
  ['missing closing ]', 'missing ]'],
  ['missing argument to repetition operator', 'no argument for repetition operator'],
  ['invalid nested repetition operator', 'bad repetition operator'],
  ['invalid repeat count', 'invalid repetition size'],
  ['trailing backslash at end of expression', 'trailing \\'],
  ['invalid named capture', 'invalid named capture group'],
  ['invalid or unsupported Perl syntax', 'invalid perl operator'],
]

function re2Words(message: string): string {
  const text = message.replace(/^error parsing regexp: /, '').replace(/`([\s\S]*)`$/, '$1')
  const [theirs, ours] = words.find(([port]) => text.startsWith(port)) ?? ['', '']
  return ours + text.slice(theirs.length)
}

function* findAll(regex: RE2JS, text: string): Generator<Match> {
  const matcher = regex.matcher(text)
  let lastEnd = -1
  while (matcher.find()) {
    const [start, end] = [matcher.start(), matcher.end()]
    if (start !== end || start !== lastEnd) {
      yield { start, end, group: (index) => matcher.group(index) ?? undefined }
    }
    lastEnd = end
  }
}
