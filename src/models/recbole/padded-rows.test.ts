import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PaddingBudget, widthOf } from './padded-rows.js'

test('bounds what the fields of a table take together, a field read again once', () => {
  const budget = new PaddingBudget(100)
  budget.claim('a: field x', 10, 6)
  budget.claim('a: field x', 10, 6)
  budget.claim('a: field y', 10, 4)
  assert.throws(() => budget.claim('a: field z', 3, 7), {
    code: 'resource_exhausted',
    message: /^a: field z: 3 rows padded to the longest one, 7 values, make 121 /,
  })
})

test('knows the longest of no rows, and of more than an argument list holds', () => {
  assert.equal(
    widthOf(0, () => 5),
    0,
  )
  assert.equal(
    widthOf(1_000_000, (row) => row % 9),
    8,
  )
})
