import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { temporaryFolder } from '../../../tests/temporary.js'
import { type FeatureNames, overrideFeatures, readFeatureNames } from './feature-names.js'
import { toFeatures } from './features.js'

const counts = { users: 1, items: 2 }
const table = (shape: readonly number[], ...values: number[]) => ({
  shape,
  values: Float64Array.from(values),
})
const base = { n_users: table([], 1), n_items: table([], 2) }
const sparse = {
  user_sparse_col_index: table([1], 1),
  user_sparse_values: table([2, 1], 5, 9),
  item_sparse_col_index: table([2], 2, 0),
  item_sparse_values: table([3, 2], 1, 2, 3, 4, 0, 0),
}
const parse = (tables: Record<string, ReturnType<typeof table>>) =>
  toFeatures(new Map(Object.entries({ ...base, ...tables })), counts)

describe('features.json', () => {
  test('columns have their places in the whole row, whoever comes first', () => {
    const { sparse: row, dense, maxLength } = parse({ ...sparse, max_seq_len: table([], 4) })
    assert.equal(row.width, 3)
    assert.deepEqual([...row.user!.columns], [1])
    assert.deepEqual([...row.item!.columns], [2, 0])
    assert.deepEqual([...row.item!.values], [1, 2, 3, 4, 0, 0])
    assert.deepEqual([dense.width, maxLength], [0, 4])
  })

  for (const [what, tables, message] of [
    ['other ids', { n_items: table([], 3) }, /"n_items" is 3, item2id\.json has 2/],
    ['no counts', { n_users: table([1], 1) }, /"n_users" is a list/],
    [
      'a row short',
      { ...sparse, user_sparse_values: table([1, 1], 5) },
      /"user_sparse_values" is \[1, 1\], expected \[2, 1\]/,
    ],
    ['no values', { user_dense_col_index: table([1], 0) }, /"user_dense_values" is missing/],
    [
      'two columns in one place',
      { ...sparse, user_sparse_col_index: table([1], 0) },
      /the sparse columns are \[0, 2, 0\]/,
    ],
    [
      'a fraction for an index',
      { ...sparse, user_sparse_values: table([2, 1], 5, 0.5) },
      /"user_sparse_values" holds 0\.5/,
    ],
    [
      'a negative index',
      { ...sparse, user_sparse_values: table([2, 1], 5, -1) },
      /"user_sparse_values" holds -1/,
    ],
    [
      'a number too large',
      { user_dense_col_index: table([1], 0), user_dense_values: table([2, 1], 1e300, 0) },
      /"user_dense_values" holds a number that a float32 cannot hold/,
    ],
    ['no sequence', { max_seq_len: table([], 0) }, /"max_seq_len" is 0/],
  ] as const) {
    test(`refuses ${what}`, () => {
      assert.throws(() => parse(tables as Record<string, ReturnType<typeof table>>), {
        code: 'failed_precondition',
        message,
      })
    })
  }
})

describe('features in a request', () => {
  const names: FeatureNames = {
    sparse: new Map([
      ['sex', { column: 1, indices: new Map([['F', 3]]) }],
      ['occupation', { column: 0, indices: new Map([['4', 7]]) }],
      ['rate', { column: 0, indices: new Map([['2.0', 8]]) }],
    ]),
    dense: new Map([['age', 0]]),
  }
  const override = (given: Record<string, string | number>) => {
    const values = { sparse: Int32Array.of(1, 2), dense: Float32Array.of(0.5) }
    const warnings = overrideFeatures(values, names, given)
    return { sparse: [...values.sparse], dense: [...values.dense], warnings }
  }

  test('stand in the place of what is stored', () => {
    const used = { sparse: [7, 3], dense: [1.5], warnings: [] }
    assert.deepEqual(override({ sex: 'F', occupation: 4, age: 1.5 }), used)
    assert.deepEqual(override({ sex: 'F', occupation: '4', age: '1.5' }), used)
    assert.deepEqual(override({ rate: 2 }).sparse, [8, 2])
  })

  test('leave what is stored where the model knows nothing of them, and are told', () => {
    const { sparse, dense, warnings } = override({ sex: 'x', colour: 'red' })
    assert.deepEqual([sparse, dense], [[1, 2], [0.5]])
    assert.match(warnings[0]!, /'sex' is not used: the model was not trained with the value 'x'/)
    assert.match(
      warnings[1]!,
      /'colour' is not used: the model's user features are sex, occupation, rate, age/,
    )
  })

  test('own no names that every object has', () => {
    assert.equal(override({ constructor: 'x', toString: 1 }).warnings.length, 2)
    assert.equal(override({ sex: 'constructor' }).warnings.length, 1)
  })

  test('are refused where a number is no number', () => {
    for (const age of ['old', '', Number.POSITIVE_INFINITY, 1e300]) {
      assert.throws(() => override({ age }), {
        code: 'invalid_argument',
        message: /'age': expected a number/,
      })
    }
  })

  test('are named by three files that fit each other', async () => {
    const directory = temporaryFolder('names')
    const write = (name: string, value: unknown) => writeFile(join(directory, name), JSON.stringify(value))
    await write('user_sparse_fields.json', { sex: 0 })
    await assert.rejects(readFeatureNames(directory, { sparse: 1, dense: 0 }), {
      code: 'failed_precondition',
      message: /user_sparse_idx_mapping\.json has no values of 'sex'/,
    })
    await write('user_sparse_idx_mapping.json', { sex: { F: 0, M: 1 } })
    const { sparse } = await readFeatureNames(directory, { sparse: 1, dense: 0 })
    assert.deepEqual(sparse.get('sex'), {
      column: 0,
      indices: new Map([
        ['F', 0],
        ['M', 1],
      ]),
    })
    await write('user_dense_fields.json', { age: 0 })
    await assert.rejects(readFeatureNames(directory, { sparse: 1, dense: 0 }), {
      message: /user_dense_fields\.json: found 0, expected an index below 0/,
    })
  })
})
