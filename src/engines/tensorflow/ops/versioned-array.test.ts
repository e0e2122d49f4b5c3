import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VersionedArray } from './versioned-array.js'

test('every version stays what it was, whatever is made of it and in whatever order it is used', () => {
  let seed = 1
  const below = (count: number) => {
    seed = (seed * 48271) % 2147483647
    return seed % count
  }
  const versions = [{ array: new VersionedArray<number>([]), expected: [] as readonly number[] }]
  for (let step = 0; step < 2000; step++) {
    // Old versions as well as the newest.
    const { array, expected } = versions[step % 3 === 0 ? below(versions.length) : versions.length - 1]!
    const { length } = expected
    if (length > 0 && below(4) === 0) {
      versions.push({ array: array.withoutLast(), expected: expected.slice(0, -1) })
    } else {
      const index = below(length + 1)
      versions.push({
        array: array.with(index, step),
        expected: [...expected.slice(0, index), step, ...expected.slice(index + 1)],
      })
    }
    const { array: some, expected: known } = versions[below(versions.length)]!
    assert.deepEqual(some.elements, known)
  }
  for (const { array, expected } of versions) assert.deepEqual(array.elements, expected)
})

test('a list that grows to 300,000 elements is not copied at every step', () => {
  let list = new VersionedArray<number>([])
  const start = Date.now()
  for (let i = 0; i < 300_000; i++) list = list.with(i, i)
  for (let i = 0; i < 300_000; i++) list = list.with(i, -i)
  assert.deepEqual([list.elements.length, list.elements[299_999]], [300_000, -299_999])
  // Copies would be 90 thousand million elements.
  assert.ok(Date.now() - start < 5000)
})

test('a version that is not in use keeps one element and the way to the next', () => {
  const old = new VersionedArray([1, 2, 3])
  const next = old.with(1, 9)
  assert.deepEqual(
    [[...old.heldValues()], [...next.heldValues()]],
    [
      [2, next],
      [1, 9, 3],
    ],
  )
  assert.deepEqual([old.placeCount, next.placeCount], [1, 3])
})
