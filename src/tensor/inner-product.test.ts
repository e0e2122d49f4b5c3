import assert from 'node:assert/strict'
import { test } from 'node:test'
import { innerProduct, innerProducts, innerProductsOf } from './inner-product.js'
import type { Matrix } from './matrix.js'

let state = 1
const random = (): number => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
  return state / 2 ** 32 - 0.5
}

/** The definition, one term after another. */
function naive({ values, columns }: Matrix, row: number, query: Float32Array): number {
  let sum = 0
  for (let i = 0; i < columns; i++) sum += values[row * columns + i]! * query[i]!
  return sum
}

for (const columns of [0, 1, 3, 4, 5, 8, 16, 63]) {
  test(`is the sum of products at width ${columns}`, () => {
    const matrix = { rows: 20, columns, values: Float32Array.from({ length: 20 * columns }, random) }
    const query = Float32Array.from({ length: columns }, random)
    const all = new Float32Array(20)
    innerProducts(matrix, query, all)
    for (const [row, score] of all.entries()) {
      assert.ok(Math.abs(score - naive(matrix, row, query)) <= 1e-6)
      // Stored in single precision, summed in double.
      assert.equal(score, Math.fround(innerProduct(matrix.values, row * columns, query)))
    }
    const some = new Float32Array(3)
    innerProductsOf(matrix, Int32Array.of(19, 0, 7), query, some)
    assert.deepEqual([...some], [all[19], all[0], all[7]])
  })
}

test('is exact where single precision is not', () => {
  const values = Float32Array.of(2 ** 24, 1, -(2 ** 24), 0, 0)
  assert.equal(innerProduct(values, 0, Float32Array.of(1, 1, 1, 1, 1)), 1)
})

test('NaN in a row stays in that row', () => {
  const matrix = { rows: 2, columns: 2, values: Float32Array.of(Number.NaN, 1, 2, 3) }
  const out = new Float32Array(2)
  innerProducts(matrix, Float32Array.of(1, 1), out)
  assert.deepEqual([...out], [Number.NaN, 5])
})
