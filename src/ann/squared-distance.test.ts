import assert from 'node:assert/strict'
import { test } from 'node:test'
import { negativeSquaredDistances } from './squared-distance.js'

for (const columns of [1, 2, 3, 8, 33]) {
  test(`is minus the sum of squared differences at width ${columns}`, () => {
    const values = Float32Array.from({ length: 5 * columns }, (_, i) => Math.sin(i) * 3)
    const query = Float32Array.from({ length: columns }, (_, i) => Math.cos(i))
    const out = new Float32Array(5)
    negativeSquaredDistances({ rows: 5, columns, values }, query, out)
    for (const [row, score] of out.entries()) {
      const sum = query.reduce((total, value, i) => total + (values[row * columns + i]! - value) ** 2, 0)
      assert.ok(Math.abs(score + sum) <= 1e-6 * sum)
    }
  })
}

test('is 0, and not minus 0, at the query itself', () => {
  const out = new Float32Array(1)
  negativeSquaredDistances(
    { rows: 1, columns: 3, values: Float32Array.of(1, 2, 3) },
    Float32Array.of(1, 2, 3),
    out,
  )
  assert.ok(Object.is(out[0], 0))
})
