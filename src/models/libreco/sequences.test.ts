import assert from 'node:assert/strict'
import { test } from 'node:test'
import { padSequence, splitHistory, toInteractions } from './sequences.js'

const padding = 100
const pad = (size: number, ...history: number[]) => {
  const { items, length } = padSequence(Int32Array.from(history), { size, padding })
  return [[...items], length]
}

test('a sequence stands on the left and is padded on the right', () => {
  assert.deepEqual(pad(5, 7, 8), [[7, 8, padding, padding, padding], 2])
})

test('of a long history the last items are read, oldest first', () => {
  assert.deepEqual(pad(3, 1, 2, 3, 4, 5), [[3, 4, 5], 3])
  assert.deepEqual(pad(3, 1, 2, 3), [[1, 2, 3], 3])
})

test('an empty history is all padding, of length 1', () => {
  assert.deepEqual(pad(2), [[padding, padding], 1])
})

test('an unknown item is padding that counts', () => {
  assert.deepEqual(pad(4, 1, -1, 2, -1), [[1, padding, 2, padding], 4])
})

test('the long part of a history ends where the short part begins', () => {
  const split = (history: readonly number[]) => {
    const { long, short } = splitHistory(Int32Array.from(history), { long: 3, short: 2 })
    return [[...long], [...short]]
  }
  assert.deepEqual(split([]), [[], []])
  assert.deepEqual(split([1]), [[], [1]])
  assert.deepEqual(split([1, 2, 3]), [[1], [2, 3]])
  assert.deepEqual(split([1, 2, 3, 4, 5]), [
    [1, 2, 3],
    [4, 5],
  ])
  assert.deepEqual(split([1, 2, 3, 4, 5, 6, 7]), [
    [3, 4, 5],
    [6, 7],
  ])
})

test('interactions are the last items, unknown ones as -1, one -1 for none', () => {
  assert.deepEqual([...toInteractions(Int32Array.of(1, 2, -1, 3), 3)], [2, -1, 3])
  assert.deepEqual([...toInteractions(new Int32Array(0), 3)], [-1])
})
