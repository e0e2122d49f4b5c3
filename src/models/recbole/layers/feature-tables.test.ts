import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RecserveError } from '../../../core/errors.js'
import { tensor } from '../../../tensor/tensor.js'
import type { Feature, Weights } from '../architecture.js'
import { type FeatureTableOptions, featureTables } from './feature-tables.js'

/** Two columns: the row's number, and its negative. */
const weights: Weights = {
  has: () => true,
  get(_name, shape = []) {
    const [rows] = shape as [number, number]
    const values = Float32Array.from({ length: 2 * rows }, (_, i) => (i % 2 === 0 ? i / 2 : -(i - 1) / 2))
    return tensor('float32', [rows, 2], values)
  },
}

const options: FeatureTableOptions = { key: 'layer', owner: 'item', rows: 3, size: 2, pooling: 'mean' }

const list: Feature = {
  kind: 'token_seq',
  field: 'genres',
  size: 5,
  width: 2,
  values: Int32Array.of(0, 0, 4, 0, 1, 4),
}
const token = (field: string, size: number, values: number[]): Feature => ({
  kind: 'token',
  field,
  size,
  values: Int32Array.from(values),
})

const tablesOf = (features: readonly Feature[], others: Partial<FeatureTableOptions> = {}) =>
  featureTables(weights, features, { ...options, ...others }).map(({ values }) => [...values])

test('gives each token field its own range of rows of the one table', () => {
  const tables = tablesOf([token('year', 3, [0, 2, 1]), token('country', 2, [0, 1, 1])])
  assert.deepEqual(tables, [
    [0, -0, 2, -2, 1, -1],
    [3, -3, 4, -4, 4, -4],
  ])
})

test('puts tokens before lists and numbers last, whatever the order of the fields', () => {
  const number: Feature = { kind: 'float', field: 'price', values: Float32Array.of(2, 0, -1) }
  const tables = tablesOf([number, list, token('year', 3, [0, 2, 1])])
  assert.deepEqual(tables[0], [0, -0, 2, -2, 1, -1])
  assert.deepEqual(tables[1], [0, 0, 4, -4, 2.5, -2.5])
  // Row 1 of the number's two, times the value.
  assert.deepEqual(tables[2], [2, -2, 0, -0, -1, 1])
})

test('pools lists over their values and not over the padding', () => {
  assert.deepEqual(tablesOf([list], { pooling: 'sum' }), [[0, 0, 4, -4, 5, -5]])
  const lowered = Math.fround(-1e9)
  assert.deepEqual(tablesOf([list], { pooling: 'max' }), [[lowered, lowered, 4, -4, 4, -1]])
})

test('refuses what it cannot embed, naming it', () => {
  const numbers: Feature = { kind: 'float_seq', field: 'prices', width: 1, values: new Float32Array(3) }
  const refused = (message: RegExp) => (error: unknown) =>
    error instanceof RecserveError && error.code === 'unimplemented' && message.test(error.message)
  assert.throws(() => tablesOf([numbers]), refused(/field prices, a list of numbers/))
  assert.throws(() => tablesOf([list], { pooling: 'median' }), refused(/pooling_mode is 'median'; it can be/))
  assert.throws(() => tablesOf([list], { pooling: 'toString' }), refused(/pooling_mode is 'toString'/))
})
