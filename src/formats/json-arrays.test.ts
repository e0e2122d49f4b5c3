import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { type Code, RecserveError } from '../core/errors.js'
import { row } from '../tensor/matrix.js'
import { raggedRow } from '../tensor/ragged.js'
import { readFloatRows, readIdToIndex, readIndexToId, readIntRows, readWeightedRows } from './json-arrays.js'

const directory = mkdtempSync(join(tmpdir(), 'recserve-json-'))
after(() => rmSync(directory, { recursive: true }))

function write(content: string | Buffer): string {
  const path = join(directory, 'some.json')
  writeFileSync(path, content)
  return path
}

async function assertRefused(reading: Promise<unknown>, code: Code, message: string): Promise<void> {
  await assert.rejects(reading, (error) => {
    assert.ok(error instanceof RecserveError, String(error))
    assert.deepEqual([error.code, error.message], [code, `some.json: ${message}`])
    return true
  })
}

const floats = (text: string, rows = 2) => readFloatRows(write(text), { rows })
const ints = (text: string, rows = 3) => readIntRows(write(text), { rows, limit: 10 })
const pairs = (text: string, rows = 3) => readWeightedRows(write(text), { rows, columns: 10 })
const idToIndex = (text: string) => readIdToIndex(write(text))
const indexToId = (text: string, rows = 2) => readIndexToId(write(text), { rows })

test('float rows come in any order and are rounded to float32', async () => {
  const matrix = await floats('{"2": [5, -6e0], "0": [0.1, 2.5], "1": [1e-45, -0]}', 3)
  assert.deepEqual([matrix.rows, matrix.columns, matrix.values.length], [3, 2, 6])
  assert.deepEqual([...matrix.values], [Math.fround(0.1), 2.5, 1.401298464324817e-45, -0, 5, -6])
})

test('no rows at all make an empty matrix', async () => {
  assert.deepEqual(await floats('{}', 0), { rows: 0, columns: 0, values: new Float32Array(0) })
})

test('the widest row that is read has 65536 numbers', async () => {
  const ofWidth = (width: number) => `{"0":[${Array(width).fill(7).join()}]}`
  assert.equal((await floats(ofWidth(65_536), 1)).columns, 65_536)
  await assertRefused(
    floats(ofWidth(65_537), 1),
    'failed_precondition',
    'row 0 has more than 65536 numbers, the most that is read (at byte 131078)',
  )
})

test('int rows come in any order, and a row that is not there is empty', async () => {
  const ragged = await ints('{"3":[],"2":[9,0,9],"0":[4]}', 5)
  assert.deepEqual(ragged, { offsets: Int32Array.of(0, 1, 1, 4, 4, 4), values: Int32Array.of(4, 9, 0, 9) })
  assert.deepEqual(await ints('{}', 2), { offsets: new Int32Array(3), values: new Int32Array(0) })
})

test('weighted rows keep their pairs in the order of the file', async () => {
  const sparse = await pairs('{"1":[[3,0.5],[1,-2]],"0":[[9,1e-3]]}')
  assert.deepEqual([...sparse.offsets], [0, 1, 3, 3])
  assert.deepEqual([...sparse.columns], [9, 3, 1])
  assert.deepEqual([...sparse.weights], [Math.fround(1e-3), 0.5, -2])
})

test('rows of many elements, last row first, are put in order', async () => {
  const rows = 5
  const values = Array.from({ length: rows }, (_, r) =>
    Array.from({ length: 70_000 }, (_, i) => (i * 7 + r) % 1000),
  )
  const members = values.map((elements, r) => `"${r}":[${elements.join()}]`).reverse()
  const ragged = await readIntRows(write(`{${members.join()}}`), { rows, limit: 1000 })
  for (let r = 0; r < rows; r++) assert.deepEqual([...raggedRow(ragged, r)], values[r])
})

test('ids are the keys of the file, whatever they are called', async () => {
  const rows = await idToIndex('{"b":1,"__proto__":0,"10":3,"\\u00e9":2,"":4}')
  assert.deepEqual(
    [...rows],
    [
      ['b', 1],
      ['__proto__', 0],
      ['10', 3],
      ['é', 2],
      ['', 4],
    ],
  )
  assert.equal((await idToIndex('{}')).size, 0)
})

test('integers of any size are ids as they are written', async () => {
  const ids = await indexToId('{"1":"b c","0":-123456789012345678901234567890,"2":7}', 3)
  assert.deepEqual(ids, ['-123456789012345678901234567890', 'b c', '7'])
})

const refusals: readonly [() => Promise<unknown>, Code, string][] = [
  [
    () => floats('{"0":[1,2],"1":[3]}'),
    'failed_precondition',
    'row 1 has 1 numbers, row 0 has 2 (at byte 18)',
  ],
  [
    () => floats('{"1":[1,2],"0":[3,4,5]}'),
    'failed_precondition',
    'row 0 has more than 2 numbers, row 1 has 2 (at byte 20)',
  ],
  [() => floats('{"0":[],"1":[]}'), 'failed_precondition', 'row 0 has no numbers (at byte 7)'],
  [
    () => floats('{"0":[1,2]      }'),
    'failed_precondition',
    'has 1 rows, expected 2: row 1 is missing (at byte 17)',
  ],
  [() => floats('{"0":[1],"0":[2]}'), 'failed_precondition', 'row 0 occurs twice (at byte 13)'],
  [
    () => floats('{"0":[1],"2":[2]}'),
    'failed_precondition',
    'found row "2", expected a row from "0" to "1" (at byte 13)',
  ],
  [
    () => floats('{"0":[1],"01":[2]}'),
    'failed_precondition',
    'found row "01", expected a row from "0" to "1" (at byte 14)',
  ],
  [() => floats('{"0":[1]}', 0), 'failed_precondition', 'found row "0", expected no row (at byte 5)'],
  [
    () => floats('{"0":[1,NaN],"1":[2,3]}'),
    'failed_precondition',
    'row 0: found NaN, expected a finite number (at byte 8)',
  ],
  [
    () => floats('{"0":[1],"1":[-Infinity]}'),
    'failed_precondition',
    'row 1: found -Infinity, expected a finite number (at byte 14)',
  ],
  [
    () => floats('{"0":[1],"1":[4e38]}'),
    'failed_precondition',
    'row 1: found 4e38, expected a number that a float32 can hold (at byte 14)',
  ],
  [
    () => floats('{"0":[1],"1":["2"]}'),
    'failed_precondition',
    'row 1: found a string, expected a finite number (at byte 14)',
  ],
  [
    () => floats('{"0":[1],"1":2}'),
    'failed_precondition',
    'row 1: found a number, expected an array (at byte 13)',
  ],
  [() => floats('[[1],[2]]'), 'failed_precondition', 'found an array, expected an object (at byte 0)'],
  [() => floats('{"0":[1],"1":[2'), 'data_loss', "row 1: the file ends, expected ',' or ']' (at byte 15)"],
  [() => floats('{"0":[1],"1":[2.]}'), 'data_loss', 'row 1: found an ill-formed number (at byte 14)'],
  [() => floats('{"0":[1],"1":[2]}}'), 'data_loss', "found '}', expected the end of the file (at byte 17)"],
  [
    () => floats('{"0":[1,2]}', 1e8),
    'failed_precondition',
    'has 1 rows, expected 100000000: row 1 is missing (at byte 11)',
  ],
  [() => ints('{"0":[1],"0":[]}'), 'failed_precondition', 'row 0 occurs twice (at byte 13)'],
  [
    () => ints('{"0":[10]}'),
    'failed_precondition',
    'row 0: found 10, expected an integer from 0 to 9 (at byte 6)',
  ],
  [
    () => ints('{"0":[[1]]}'),
    'failed_precondition',
    'row 0: found an array, expected an integer (at byte 6)',
  ],
  [
    () => pairs('{"0":[[1,2,3]]}'),
    'failed_precondition',
    'row 0 has an array that is no pair [column, weight] (at byte 11)',
  ],
  [
    () => pairs('{"0":[[1]]}'),
    'failed_precondition',
    'row 0 has an array that is no pair [column, weight] (at byte 9)',
  ],
  [
    () => pairs('{"0":[[]]}'),
    'failed_precondition',
    'row 0 has an array that is no pair [column, weight] (at byte 8)',
  ],
  [
    () => pairs('{"0":[[10,1]]}'),
    'failed_precondition',
    'row 0: found 10, expected an integer from 0 to 9 (at byte 7)',
  ],
  [
    () => pairs('{"0":[[1,null]]}'),
    'failed_precondition',
    'row 0: found null, expected a finite number (at byte 9)',
  ],
  [() => idToIndex('{"a":0,"a":1}'), 'failed_precondition', 'id "a" occurs twice (at byte 11)'],
  [() => idToIndex('{"a":0,"b":0}'), 'failed_precondition', 'ids "a" and "b" both have row 0 (at byte 12)'],
  [
    () => idToIndex('{"a":0,"b":2}'),
    'failed_precondition',
    'has 2 ids, so their rows should be 0 to 1, but none has row 1 (at byte 13)',
  ],
  [
    () => idToIndex('{"a":0,"b":99}'),
    'failed_precondition',
    'id "b" has row 99, but the file has fewer ids than that (at byte 13)',
  ],
  [
    () => idToIndex('{"a":0,"b":"1"}'),
    'failed_precondition',
    'id "b": found a string, expected an integer (at byte 11)',
  ],
  [
    () => idToIndex('{"a":0,"\\ud800":1}'),
    'data_loss',
    'found half of a surrogate pair, which is no character, in a string (at byte 8)',
  ],
  [() => indexToId('{"0":7}'), 'failed_precondition', 'has 1 rows, expected 2: row 1 is missing (at byte 7)'],
  [
    () => indexToId('{"0":7       }'),
    'failed_precondition',
    'has 1 rows, expected 2: row 1 is missing (at byte 14)',
  ],
  [
    () => indexToId('{"0":7,"1":1.5}'),
    'failed_precondition',
    'row 1: found 1.5, expected an integer (at byte 11)',
  ],
  [
    () => indexToId('{"0":7,"1":true}'),
    'failed_precondition',
    'row 1: found true, expected a string (at byte 11)',
  ],
]
for (const [read, code, message] of refusals) {
  test(`refused as ${code}: ${message}`, () => assertRefused(read(), code, message))
}

/** A file of about 8 MB. */
function writeLarge(): { path: string; rows: number; bytes: number } {
  const rows = 20_000
  const numbers = Array.from({ length: 20 }, (_, i) => Math.fround(i / 7)).join()
  const text = `{${Array.from({ length: rows }, (_, r) => `"${r}":[${numbers}]`).join()}}`
  return { path: write(text), rows, bytes: text.length }
}

test('other work has its turn while a large file is read, and progress is told', async () => {
  const { path, rows, bytes } = writeLarge()
  let turns = 0
  let reading = true
  const progress: number[] = []
  const done = readFloatRows(path, { rows }, { onProgress: (doneBytes) => progress.push(doneBytes) })
  done.finally(() => {
    reading = false
  })
  let longest = 0
  for (let last = performance.now(); reading; last = performance.now()) {
    await setImmediate()
    turns++
    longest = Math.max(longest, performance.now() - last)
  }
  assert.equal(row(await done, rows - 1)[7], 1)
  assert.ok(turns > 2, `${turns} turns`)
  assert.ok(longest < 1000, `${longest} ms without a turn`)
  assert.equal(progress.at(-1), bytes)
  assert.deepEqual(
    progress,
    progress.toSorted((a, b) => a - b),
  )
})

test('an abort ends the reading with its own error where it is ours, as cancelled otherwise', async () => {
  const { path, rows } = writeLarge()
  const own = new RecserveError('unavailable', 'the server stops')
  await assert.rejects(readFloatRows(path, { rows }, { signal: AbortSignal.abort(own) }), own)
  await assertRefused(
    readFloatRows(path, { rows }, { signal: AbortSignal.abort() }),
    'cancelled',
    'reading was stopped',
  )
  const controller = new AbortController()
  const onProgress = () => controller.abort('a text')
  const reading = readFloatRows(path, { rows }, { signal: controller.signal, onProgress })
  await assertRefused(reading, 'cancelled', 'reading was stopped')
})

test('a wide table is read without an allocation per number', async () => {
  const { path, rows } = writeLarge()
  await readFloatRows(path, { rows })
  const before = process.memoryUsage()
  const matrix = await readFloatRows(path, { rows })
  const grown = process.memoryUsage().heapUsed - before.heapUsed
  // 400,000 numbers of 16 bytes would be 6 MB; 20,000 keys are what there is, and a collection only lowers it.
  assert.ok(grown < 4e6, `the heap grew by ${grown} bytes for ${matrix.values.length} numbers`)
})
