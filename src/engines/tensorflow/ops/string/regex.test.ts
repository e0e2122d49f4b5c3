/** RE2's answers, recorded from TensorFlow, for bytes outside of UTF-8; and hostile patterns in bounded time. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { escapeBytes, unescapeText } from './escaped-text.js'
import { compileRegex } from './regex.js'
import { withoutSurrogates } from './regex-source.js'
import { parseRewrite } from './rewrite.js'

const bytes = (text: string) => Buffer.from(text, 'latin1')

/** Matched parts of a text whose characters are bytes. */
function matched(pattern: string, text: string): string[] {
  const escaped = escapeBytes(bytes(text))
  return [...compileRegex(Buffer.from(pattern)).matches(escaped)].map(({ start, end }) =>
    Buffer.from(unescapeText(escaped.characters.slice(start, end))).toString('latin1'),
  )
}

describe('regular expressions', () => {
  test('nothing matches a byte that is no UTF-8', () => {
    const text = 'a\xffb\xc3\xa9\xc3'
    const patterns = [
      '.',
      '(?s).',
      '(?s:.)',
      '[^x]',
      '\\D',
      '[\\D]',
      '\\PN',
      '[^\\d]',
      '[[:^digit:]]',
      '[\\x00-\\x{10FFFF}]',
    ]
    for (const pattern of patterns) assert.deepEqual(matched(pattern, text), ['a', 'b', '\xc3\xa9'], pattern)
  })

  test('a dot takes the end of a line only where its flag says so', () => {
    assert.deepEqual(matched('a.b|(?s:c.d)|(?s)e.f', 'a\nb c\nd e\nf \xff'), ['c\nd', 'e\nf'])
    assert.deepEqual(matched('(?s)a(?-s:.)b|c.d', 'a\nb c\nd \xff'), ['c\nd'])
  })

  test('what stands in quotes or in a class is left as it is', () => {
    for (const source of ['\\Q.(\\E', '[.]', '\\.', '[]a]', '[[:alpha:]]', '\\pL', '\\x{e9}', '(?P<n>a)']) {
      assert.equal(withoutSurrogates(source), source)
    }
  })

  test('any bytes come back from escaped text', () => {
    const all = Buffer.from(Array.from({ length: 512 }, (_, i) => (i * 7) % 256))
    assert.deepEqual(Buffer.from(unescapeText(escapeBytes(all).characters)), all)
  })

  test('an empty match directly behind another is none', () => {
    assert.deepEqual(matched('x*', 'axb'), ['', 'x', ''])
    assert.deepEqual(matched('a*?', 'aa'), ['', '', ''])
    assert.deepEqual(matched('', '\xf0\x9f\x98\x80'), ['', ''])
  })

  test('broken patterns are refused in the words of RE2', () => {
    const refusals = [
      ['(', 'missing ): ('],
      ['[', 'missing ]: ['],
      ['a**', 'bad repetition operator: **'],
      ['*a', 'no argument for repetition operator: *'],
      ['a{1001}', 'invalid repetition size: {1001}'],
      ['\\8', 'invalid escape sequence: \\8'],
    ] as const
    for (const [pattern, fault] of refusals) {
      const message = `Invalid pattern: ${pattern}, error: ${fault}`
      assert.throws(() => compileRegex(bytes(pattern)), { code: 'invalid_argument', message })
    }
    assert.throws(() => compileRegex(bytes('\xff')), { code: 'invalid_argument' })
  })

  test('patterns that take others exponential time are done in a moment', () => {
    const hostile: readonly (readonly [string, string])[] = [
      ['(a+)+$', `${'a'.repeat(50_000)}b`],
      ['(x+x+)+y', 'x'.repeat(50_000)],
      ['(a|aa)+$', `${'a'.repeat(50_000)}b`],
      ['^(([a-z])+.)+[A-Z]([a-z])+$', 'a'.repeat(50_000)],
      ['((((a*)*)*)*)b', 'a'.repeat(50_000)],
      ['(.*a){20}', `${'a'.repeat(20_000)}b`],
      ['(a?){500}a{500}', 'a'.repeat(1000)],
      ['[ab]*a[ab]{1000}', 'ab'.repeat(5000)],
      ['(.*)(.*)(.*)(.*)(.*)[^a]', 'a'.repeat(20_000)],
    ]
    for (const [pattern, text] of hostile) {
      const start = performance.now()
      compileRegex(bytes(pattern)).matchesAll(bytes(text))
      matched(pattern, text)
      assert.ok(performance.now() - start < 5000, `${pattern} took ${performance.now() - start} ms`)
    }
  })

  test('a rewrite ends where RE2 gives up', () => {
    assert.deepEqual(parseRewrite(bytes('\\1\\\\2')).parts.map(String), ['', '1', '', '\\2'])
    assert.equal(parseRewrite(bytes('a\\x\\9')).isBroken, true)
    assert.equal(parseRewrite(bytes('\\')).isBroken, true)
  })
})
