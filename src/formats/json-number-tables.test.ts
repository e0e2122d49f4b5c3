import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { temporaryFolder } from '../../tests/temporary.js'
import { type NumberTable, readNumberTables } from './json-number-tables.js'

describe('tables of numbers', () => {
  const directory = temporaryFolder('tables')
  const read = async (text: string): Promise<ReadonlyMap<string, NumberTable>> => {
    const path = join(directory, 'tables.json')
    await writeFile(path, text)
    return readNumberTables(path)
  }
  const plain = (tables: ReadonlyMap<string, NumberTable>) =>
    [...tables].map(([name, { shape, values }]) => [name, shape, [...values]])

  test('are numbers, lists and rows', async () => {
    const tables = await read('{"n": 3, "columns": [2, 0], "rows": [[1, 0.5], [-2, 1e3]], "none": []}')
    assert.deepEqual(plain(tables), [
      ['n', [], [3]],
      ['columns', [2], [2, 0]],
      ['rows', [2, 2], [1, 0.5, -2, 1000]],
      ['none', [0], []],
    ])
  })

  test('are read whole where they are longer than a segment', async () => {
    const rows = Array.from({ length: 30_000 }, (_, r) => [r, r + 0.5, -r])
    const { shape, values } = (await read(JSON.stringify({ rows }))).get('rows')!
    assert.deepEqual(shape, [30_000, 3])
    assert.deepEqual([...values.subarray(-3)], [29_999, 29_999.5, -29_999])
  })

  for (const [what, text, expected] of [
    ['rows of different lengths', '{"a": [[1, 2], [3]]}', /row 1 of "a" has 1 numbers, row 0 has 2/],
    ['numbers beside rows', '{"a": [[1, 2], 3]}', /"a" has numbers beside rows/],
    ['a name that occurs twice', '{"a": 1, "a": 2}', /"a" occurs twice/],
    ['what is no number', '{"a": ["1"]}', /expected a finite number/],
    ['NaN', '{"a": [NaN]}', /finite number/],
    ['a third level', '{"a": [[[1]]]}', /finite number/],
    ['a file that is cut short', '{"a": [[1, 2', /ends/],
  ] as const) {
    test(`refuses ${what}`, async () => {
      await assert.rejects(read(text), { message: expected })
    })
  }
})
