import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { appendFileSync, chmodSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { type Code, RecserveError } from '../core/errors.js'
import { type JsonScanner, scanFile } from './json-scanner.js'
import { readSmallJson } from './json-value.js'

const directory = mkdtempSync(join(tmpdir(), 'recserve-json-'))
after(() => rmSync(directory, { recursive: true }))

function write(content: string | Buffer, name = 'some.json'): string {
  const path = join(directory, name)
  writeFileSync(path, content)
  return path
}

async function assertRefused(reading: Promise<unknown>, code: Code, message: string): Promise<void> {
  await assert.rejects(reading, (error) => {
    assert.ok(error instanceof RecserveError, String(error))
    assert.deepEqual([error.code, error.message], [code, message])
    return true
  })
}

test('every kind of value is what JSON.parse makes of it', async () => {
  const texts = [
    ...['{}', '[]', '0', '-1.5e3', '"x"', 'true', 'false', 'null', ' [ ] ', '{ }\n'],
    ...[
      '{"a":[1,2,{"b":null}],"c":{"d":[[],[{}]]},"":""}',
      '\t[ 1 ,\r\n "a" , [ true ] ]',
      '[1e-320,1.8e307]',
    ],
    ...['{"__proto__":1,"constructor":{"__proto__":2}}', '{"2":0,"1":0}'],
  ]
  for (const text of texts) assert.deepEqual(await readSmallJson(write(text)), JSON.parse(text), text)
})

test('a byte order mark at the beginning is stepped over', async () => {
  assert.deepEqual(await readSmallJson(write('\ufeff{"a":1}')), { a: 1 })
})

test('tokens may lie across the edges of chunks anywhere', async () => {
  const value = ['s'.repeat(40), -12345.678901, { kéy: 'välue\n"😀"' }, true, null, 'x\\']
  const text = JSON.stringify(value)
  for (let spaces = 256 * 1024 - text.length - 3; spaces <= 256 * 1024 + 3; spaces++) {
    assert.deepEqual(await readSmallJson(write(' '.repeat(spaces) + text)), value, `after ${spaces} spaces`)
  }
})

const illFormed: readonly [string, string, string][] = [
  ['nothing but space', '  ', 'the file ends, expected a value (at byte 2)'],
  ['an object cut short', '{"a":1', "the file ends, expected ',' or '}' (at byte 6)"],
  ['an array cut short', '[1,', 'the file ends, expected a value (at byte 3)'],
  [
    'a string cut short',
    '["abc',
    `the file ends, expected '"' or a character (control bytes are written as escapes) (at byte 5)`,
  ],
  ['something after the value', '{} x', "found 'x', expected the end of the file (at byte 3)"],
  ['a second value', '1 2', "found '2', expected the end of the file (at byte 2)"],
  ['a comma too many in an array', '[1,]', "found ']', expected a value (at byte 3)"],
  ['a comma too many in an object', '{"a":1,}', "found '}', expected a key (at byte 7)"],
  ['a comma at the beginning', '[,1]', "found ',', expected a value (at byte 1)"],
  ['no comma', '[1 2]', "found '2', expected ',' or ']' (at byte 3)"],
  ['no colon', '{"a" 1}', "found '1', expected ':' (at byte 5)"],
  ['a key without quotes', '{a:1}', "found 'a', expected a key (at byte 1)"],
  ['the wrong bracket', '[1}', "found '}', expected ',' or ']' (at byte 2)"],
  ['a number with a leading zero', '[01]', 'found an ill-formed number (at byte 1)'],
  ['a number cut short', '-', 'found an ill-formed number (at byte 0)'],
  ['a word misspelt', '[True]', "found 'T', expected a value (at byte 1)"],
  ['a word that goes on', '[nullx]', "found 'n', expected a value (at byte 1)"],
  [
    'a control byte in a string',
    '["a\nb"]',
    `found byte 0xa, expected '"' or a character (control bytes are written as escapes) (at byte 3)`,
  ],
  ['a zero byte', '[1,\0]', 'found byte 0x0, expected a value (at byte 3)'],
  ['a form feed for space', '[\f1]', 'found byte 0xc, expected a value (at byte 1)'],
  ['an unknown escape', '["\\x"]', 'found an escape that JSON does not know, in a string (at byte 2)'],
]
for (const [name, text, message] of illFormed) {
  test(`${name} is refused as data loss`, () =>
    assertRefused(readSmallJson(write(text)), 'data_loss', `some.json: ${message}`))
}

test('a token longer than 64 KiB is refused, one of that length is not', async () => {
  const fits = 'x'.repeat(64 * 1024 - 1)
  for (const spaces of [0, 200_000, 250_000]) {
    const before = ' '.repeat(spaces)
    assert.equal(await readSmallJson(write(`${before}"${fits}"`)), fits)
    const refusal = (noun: string) => `some.json: found a ${noun} longer than 65536 bytes (at byte ${spaces})`
    await assertRefused(readSmallJson(write(`${before}"${fits}xx"`)), 'data_loss', refusal('string'))
    await assertRefused(
      readSmallJson(write(`${before}"${'x'.repeat(400_000)}"`)),
      'data_loss',
      refusal('string'),
    )
    await assertRefused(
      readSmallJson(write(`${before}${'1'.repeat(65_537)}`)),
      'data_loss',
      refusal('number'),
    )
  }
})

test('endless space is refused', async () => {
  const path = write(' '.repeat(2 ** 21))
  await assertRefused(
    scanFile(path, {}, async (scanner) => scanner.beginArray()),
    'data_loss',
    'some.json: found over 1048576 bytes of space (at byte 1310720)',
  )
})

const scans: readonly [string, (scanner: JsonScanner) => void, string][] = [
  ['{}', (scanner) => scanner.beginArray(), 'found an object, expected an array'],
  ['[]', (scanner) => scanner.beginObject(), 'found an array, expected an object'],
  ['null', (scanner) => scanner.beginObject(), 'found null, expected an object'],
  ['"x"', (scanner) => scanner.number(), 'found a string, expected a finite number'],
  ['NaN', (scanner) => scanner.number(), 'found NaN, expected a finite number'],
  ['Infinity', (scanner) => scanner.number(), 'found Infinity, expected a finite number'],
  ['-Infinity', (scanner) => scanner.number(), 'found -Infinity, expected a finite number'],
  ['1e309', (scanner) => scanner.number(), 'found 1e309, expected a number that a double can hold'],
  [
    '1e39',
    (scanner) => scanner.float32(new Float32Array(1), 0),
    'found 1e39, expected a number that a float32 can hold',
  ],
  ['1', (scanner) => scanner.string(), 'found a number, expected a string'],
  ['5', (scanner) => scanner.integerBelow(5), 'found 5, expected an integer from 0 to 4'],
  ['0', (scanner) => scanner.integerBelow(0), 'found 0, expected none, as no value is allowed here'],
  ['-1', (scanner) => scanner.integerBelow(5), 'found -1, expected an integer from 0 to 4'],
  ['1.0', (scanner) => scanner.integerBelow(5), 'found 1.0, expected an integer from 0 to 4'],
  ['1e0', (scanner) => scanner.integerBelow(5), 'found 1e0, expected an integer from 0 to 4'],
  [
    '9007199254740993',
    (scanner) => scanner.integerBelow(5),
    'found 9007199254740993, expected an integer from 0 to 4',
  ],
  [
    `1.${'0'.repeat(99)}`,
    (scanner) => scanner.integerText(),
    `found 1.${'0'.repeat(38)}…, expected an integer`,
  ],
]
for (const [text, scan, message] of scans) {
  test(`where the text is ${text.slice(0, 20)}: ${message.slice(0, 60)}`, () =>
    assertRefused(
      scanFile(write(text), {}, async (scanner) => scan(scanner)),
      'failed_precondition',
      `some.json: ${message} (at byte 0)`,
    ))
}

test('small JSON is refused where it is large, deep or ambiguous', async () => {
  const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
  assert.ok(await readSmallJson(write(nested(63))))
  await assertRefused(
    readSmallJson(write(nested(65))),
    'failed_precondition',
    'some.json: found over 64 levels of arrays and objects (at byte 64)',
  )
  await assertRefused(
    readSmallJson(write('[1,2,3]'), 6),
    'failed_precondition',
    'some.json: has 7 bytes, expected at most 6 (at byte 0)',
  )
  await assertRefused(
    readSmallJson(write('{"a":1,"\\u0061":2}')),
    'failed_precondition',
    'some.json: key "a" occurs twice (at byte 16)',
  )
})

test('what is no readable file is refused without its path', async () => {
  await assertRefused(readSmallJson(join(directory, 'none.json')), 'not_found', 'none.json: no such file')
  await assertRefused(readSmallJson(join(write('1'), 'below.json')), 'not_found', 'below.json: no such file')
  await assertRefused(
    readSmallJson(directory),
    'failed_precondition',
    `${directory.slice(dirname(directory).length + 1)}: is not a file`,
  )
  await assertRefused(readSmallJson(write('', 'empty.json')), 'data_loss', 'empty.json: is empty')
})

test('a pipe is refused at once, not waited for', { skip: process.platform === 'win32' }, async () => {
  const path = join(directory, 'pipe.json')
  execFileSync('mkfifo', [path])
  await assertRefused(readSmallJson(path), 'failed_precondition', 'pipe.json: is not a file')
})

test('a file that may not be read is refused', {
  skip: process.getuid?.() === 0 && 'root may read all',
}, async () => {
  const path = write('1', 'secret.json')
  chmodSync(path, 0)
  await assertRefused(readSmallJson(path), 'failed_precondition', 'secret.json: cannot be opened (EACCES)')
})

test('a file that changes while it is read is refused', async () => {
  const path = write(`[${' '.repeat(300_000)}]`)
  const grow = scanFile(path, {}, async (scanner) => {
    scanner.beginArray()
    appendFileSync(path, ' ')
    scanner.nextElement()
  })
  await assertRefused(grow, 'data_loss', 'some.json: changed while it was being read')
  const shrink = scanFile(path, {}, async (scanner) => {
    scanner.beginArray()
    truncateSync(path, 1000)
    scanner.nextElement()
  })
  await assertRefused(
    shrink,
    'data_loss',
    'some.json: was cut short: it had 300003 bytes when it was opened (at byte 262144)',
  )
})
