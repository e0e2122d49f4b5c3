import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Tensor } from '../../../tensor/tensor.js'
import { sessionFeeds } from './session-graph.js'

const query = (...items: readonly number[]) => ({ sequence: Int32Array.from(items), user: 0 })

/** Rows of one request's matrix. */
function rows({ data, shape }: Tensor, request: number): number[][] {
  const size = shape[1]!
  const from = request * size * size
  return Array.from({ length: size }, (_, r) =>
    Array.from(data.subarray(from + r * size, from + (r + 1) * size) as Float32Array),
  )
}

test('joins consecutive items, a row shared out among its edges', () => {
  // The session of the paper's figure: 1 → 2 → 3 → 2 → 4.
  const feeds = sessionFeeds([query(1, 2, 3, 2, 4)], 5)
  assert.deepEqual([...feeds.nodes!.data], [1n, 2n, 3n, 4n])
  assert.deepEqual([...feeds.node_of!.data], [0n, 1n, 2n, 1n, 3n])
  assert.deepEqual(rows(feeds.outgoing!, 0), [
    [0, 1, 0, 0],
    [0, 0, 0.5, 0.5],
    [0, 1, 0, 0],
    [0, 0, 0, 0],
  ])
  assert.deepEqual(rows(feeds.incoming!, 0), [
    [0, 0, 0, 0],
    [0.5, 0, 0.5, 0],
    [0, 1, 0, 0],
    [0, 1, 0, 0],
  ])
})

test('counts an edge once however often it is walked, and keeps an edge to itself', () => {
  const feeds = sessionFeeds([query(7, 8, 7, 8, 8)], 5)
  assert.deepEqual(rows(feeds.outgoing!, 0), [
    [0, 1],
    [0.5, 0.5],
  ])
  assert.deepEqual(rows(feeds.incoming!, 0), [
    [0, 1],
    [0.5, 0.5],
  ])
})

test('gives requests of other sizes nodes without edges', () => {
  const feeds = sessionFeeds([query(5), query(1, 2, 3)], 4)
  assert.deepEqual(feeds.nodes!.shape, [2, 3])
  assert.deepEqual([...feeds.nodes!.data], [5n, 0n, 0n, 1n, 2n, 3n])
  assert.deepEqual(feeds.node_of!.shape, [2, 4, 1])
  assert.deepEqual([...feeds.node_of!.data], [0n, 0n, 0n, 0n, 0n, 1n, 2n, 0n])
  assert.ok(
    rows(feeds.outgoing!, 0)
      .flat()
      .every((share) => share === 0),
  )
  assert.deepEqual(rows(feeds.incoming!, 1), [
    [0, 0, 0],
    [1, 0, 0],
    [0, 1, 0],
  ])
})
