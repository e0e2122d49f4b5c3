import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isSumOf } from './counts.js'

test('tells whether some of the sizes, each taken once, add up to a sum', () => {
  assert.deepEqual(
    [0, 3, 7, 10, 11, 6, 20, 21, -1].map((sum) => isSumOf([3, 7, 0, 11], sum)),
    [true, true, true, true, true, false, false, true, false],
  )
  assert.equal(isSumOf([], 0), true)
  assert.equal(isSumOf([], 1), false)
  assert.equal(isSumOf([4, 4], 8), true)
  assert.equal(isSumOf([4], 8), false)
})

test('is quick about many large sizes', () => {
  const sizes = Array.from({ length: 40 }, (_, field) => 2 * (100_003 + 7919 * field))
  const total = sizes.reduce((sum, size) => sum + size, 0)
  const startedAt = performance.now()
  assert.equal(isSumOf(sizes, total), true)
  assert.equal(isSumOf(sizes, total - 1), false)
  assert.ok(performance.now() - startedAt < 5_000)
})

test('takes no time over what would take too long to tell', () => {
  assert.equal(isSumOf(new Array<number>(20_000).fill(3), 2 ** 31), true)
  assert.equal(isSumOf([2 ** 40], 2 ** 40 + 1), true)
})
