import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { type TestContext, test } from 'node:test'
import type { RecserveError } from '../../src/core/errors.js'
import {
  readFloatRows,
  readIdToIndex,
  readIndexToId,
  readIntRows,
  readSmallJson,
  readWeightedRows,
} from '../../src/formats/json-arrays.js'
import { readNumberTables } from '../../src/formats/json-number-tables.js'
import { toFeatures } from '../../src/models/libreco/features.js'
import { type Matrix, row } from '../../src/tensor/matrix.js'
import { fuzzIterations, fuzzReader } from './fuzz.js'

const rows = 3

/** Name, a file that the reader answers, the reader. */
const readers: readonly [string, string, string, (path: string) => Promise<unknown>][] = [
  [
    'readFloatRows',
    'item_embed.json',
    '{"0":[0.3438452184200287,-1e-3,2],"2":[0,-0.5,1.5E+2], "1": [1e-45,3.4e38,0.1]}',
    async (path) => assertSameFloats(await readFloatRows(path, { rows }), path),
  ],
  [
    'readIntRows',
    'user_consumed.json',
    '{"0":[4,2,0],"2":[],"1":[9]}',
    (path) => readIntRows(path, { rows, limit: 10 }),
  ],
  [
    'readWeightedRows',
    'sim.json',
    '{"0":[[1,0.418452650308609],[2,-0.5]],"1":[],"2":[[0,1e-3]]}',
    (path) => readWeightedRows(path, { rows, columns: rows }),
  ],
  [
    'readIdToIndex',
    'item2id.json',
    '{"10":0,"a b":2,"\\u00e9\\ud83d\\ude00":1,"ü":3}',
    (path) => readIdToIndex(path),
  ],
  [
    'readIndexToId',
    'id2item.json',
    '{"0":"x\\n","2":-12345678901234567890,"1":7}',
    (path) => readIndexToId(path, { rows }),
  ],
  [
    'readNumberTables',
    'features.json',
    '{"n_users":2,"n_items":1,"user_sparse_col_index":[1,0],"user_sparse_values":[[3,0],[4,1],[5,2]],"item_dense_col_index":[0],"item_dense_values":[[0.5],[-1e3]]}',
    readAsFeatures,
  ],
  [
    'readSmallJson',
    'features.json',
    '{"n_users":3,"max_seq_len":null,"user_dense_values":[[0.5,-1e3],[true,false]],"é":{"a\\"":"b"}}',
    readAsJsonParse,
  ],
]

/** Every number is the one that `JSON.parse` makes of the same file, and what features are made of. */
async function readAsFeatures(path: string): Promise<void> {
  const tables = await readNumberTables(path)
  const parsed = JSON.parse(await readText(path)) as Record<string, number | number[] | number[][]>
  for (const [name, { values }] of tables) assert.deepEqual([...values], [parsed[name]!].flat(2))
  toFeatures(tables, { users: 2, items: 1 })
}

/** Every number is the one that `JSON.parse` makes of the same file. */
async function assertSameFloats(matrix: Matrix, path: string): Promise<void> {
  const parsed = JSON.parse(await readText(path)) as Record<string, number[]>
  for (let r = 0; r < rows; r++) assert.deepEqual(row(matrix, r), Float32Array.from(parsed[r]!))
}

/** Reads small JSON and makes sure that `JSON.parse` takes and refuses the same files. */
async function readAsJsonParse(path: string): Promise<void> {
  const text = await readText(path)
  const value = await readSmallJson(path).catch((error: RecserveError) => {
    // What JSON.parse is not as strict about: bytes that are no characters, lengths.
    const isStricter = /UTF-8|surrogate|longer than|bytes of space/.test(error.message)
    if (error.code === 'data_loss' && !isStricter) assert.throws(() => JSON.parse(text), error.message)
    throw error
  })
  assert.deepEqual(value, JSON.parse(text))
}

const readText = async (path: string) => (await readFile(path, 'utf8')).replace(/^\ufeff/, '')

for (const [name, basename, text, read] of readers) {
  test(`${name} answers or refuses whatever it is given (${fuzzIterations} files)`, async (t: TestContext) => {
    const seedFile = Buffer.from(text)
    const { answered, refused } = await fuzzReader({
      name,
      basename,
      seedFile,
      read,
      iterations: fuzzIterations,
      seed: 1,
    })
    t.diagnostic(`${answered} answered, ${refused} refused`)
    if (fuzzIterations >= 500)
      assert.ok(answered > 0 && refused > 0, 'mutations are neither harmless nor hopeless')
  })
}
