import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeString, findStringEnd } from './json-string.js'

/** @param text what stands between the quotes */
function decode(text: string | Buffer) {
  const bytes = Buffer.concat([Buffer.from('"'), Buffer.from(text), Buffer.from('"\0')])
  const end = findStringEnd(bytes, 1)
  assert.equal(end, bytes.length - 2)
  return decodeString(bytes, 1, end)
}

test('strings are what JSON.parse makes of them', () => {
  const texts = [
    ...['', 'abc', 'ünïcödé', '日本語', '😀', '\\u00e9', '\\ud83d\\ude00', '\\uD83D\\uDE00x', '😀\\u0000😀'],
    ...[
      '\\"',
      '\\\\',
      '\\/\\b\\f\\n\\r\\t',
      'a\\"b\\"',
      '\\\\\\"',
      '__proto__',
      '\u007f',
      '\ufeff',
      'x\ufeff',
    ],
  ]
  for (const text of texts) assert.equal(decode(text), JSON.parse(`"${text}"`), text)
})

const faults: readonly [string, string | Buffer, RegExp, number][] = [
  ['an unknown escape', 'ab\\x41', /escape/, 3],
  ['a property of objects as an escape', '\\constructor', /escape/, 1],
  ['an escape of too few digits', '\\u12', /escape/, 1],
  ['an escape of letters', '\\u12g4', /escape/, 1],
  ['half a surrogate pair', '\\ud83d', /surrogate/, 1],
  ['a surrogate pair the wrong way round', '\\ude00\\ud83d', /surrogate/, 1],
  ['half a surrogate pair in UTF-8', Buffer.from([0xed, 0xa0, 0xbd]), /UTF-8/, 1],
  ['a lone continuation byte', Buffer.from([0x61, 0x80]), /UTF-8/, 1],
  ['an overlong form', Buffer.from([0xc0, 0x80]), /UTF-8/, 1],
  ['a sequence cut short', Buffer.from([0xe6, 0x97]), /UTF-8/, 1],
  ['a sequence cut by an escape', Buffer.from('\xe6\\n', 'latin1'), /UTF-8/, 1],
]
for (const [name, text, reason, at] of faults) {
  test(`${name} is refused with its place`, () => {
    const fault = decode(text)
    assert.ok(typeof fault === 'object')
    assert.match(fault.reason, reason)
    assert.equal(fault.at, at)
  })
}

test('a control byte ends the search for the quote, after a backslash too', () => {
  for (const [text, end] of [
    ['a\nb"', 1],
    ['a\\\0"', 2],
    ['\\"\0', 2],
    ['\0', 0],
  ] as const) {
    assert.equal(findStringEnd(Buffer.from(text), 0), end, JSON.stringify(text))
  }
})
