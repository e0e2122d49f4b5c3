import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { SignatureSpec } from '../../core/signature.js'
import type { Features } from './features.js'
import { createGraphFeeds } from './graph-feeds.js'
import { toGraphInputs, type UserSide } from './graph-inputs.js'

const counts = { users: 2, items: 3 }
/** Columns of the whole row: item, user, item; and one dense one of the user's. */
const features: Features = {
  sparse: {
    width: 3,
    user: { columns: Int32Array.of(1), values: Int32Array.of(5, 6, 7) },
    item: { columns: Int32Array.of(2, 0), values: Int32Array.of(10, 20, 11, 21, 12, 22, 0, 0) },
  },
  dense: { width: 1, user: { columns: Int32Array.of(0), values: Float32Array.of(0.5, 1, 2) } },
  maxLength: 2,
}
const user: UserSide = {
  user: 1,
  sparse: Int32Array.of(6),
  dense: Float32Array.of(1),
  history: Int32Array.of(2, 0, 1),
}

function feedsOf(
  algorithm: string,
  inputs: Record<string, readonly [dtype: string, shape: readonly number[]]>,
) {
  const tensors = Object.entries(inputs).map(
    ([alias, [dtype, shape]]) => [alias, { name: `${alias}:0`, dtype, shape }] as const,
  )
  const spec: SignatureSpec = { name: 'topk', methodName: '', inputs: new Map(tensors), outputs: new Map() }
  const graphInputs = toGraphInputs(spec, { algorithm, features, counts })
  const feeds = createGraphFeeds(graphInputs, counts.items)
  return (rows?: Int32Array) =>
    Object.fromEntries(
      Object.entries(feeds.toFeeds(user, rows)).map(([alias, { shape, data }]) => [
        alias,
        [[...shape], Array.from(data as ArrayLike<number | bigint>, Number)],
      ]),
    )
}

const crossed = {
  user_indices: ['int32', [-1]],
  item_indices: ['int64', [-1]],
  sparse_indices: ['int32', [-1, 3]],
  dense_values: ['float32', [-1, 1]],
  user_interacted_seq: ['int32', [-1, 2]],
  user_interacted_len: ['int32', [-1]],
  k: ['int32', []],
} as const

describe('feeds of a graph', () => {
  test('that scores rows: the user in every row, columns in their places', () => {
    assert.deepEqual(feedsOf('DIN', crossed)(), {
      user_indices: [[3], [1, 1, 1]],
      item_indices: [[3], [0, 1, 2]],
      sparse_indices: [
        [3, 3],
        [20, 6, 10, 21, 6, 11, 22, 6, 12],
      ],
      dense_values: [
        [3, 1],
        [1, 1, 1],
      ],
      user_interacted_seq: [
        [3, 2],
        [0, 1, 0, 1, 0, 1],
      ],
      user_interacted_len: [[3], [2, 2, 2]],
      k: [[], [1]],
    })
  })

  test('of chosen items are their rows, in their order', () => {
    const feeds = feedsOf('DIN', crossed)(Int32Array.of(2, 0))
    assert.deepEqual(feeds.item_indices, [[2], [2, 0]])
    assert.deepEqual(feeds.sparse_indices, [
      [2, 3],
      [22, 6, 12, 20, 6, 10],
    ])
    assert.deepEqual(feeds.user_indices, [[2], [1, 1]])
  })

  test('are not changed by a request before', () => {
    const toFeeds = feedsOf('DIN', crossed)
    const first = toFeeds()
    toFeeds(Int32Array.of(1))
    assert.deepEqual(toFeeds(), first)
  })

  test('of two towers have one row of the user', () => {
    const feeds = feedsOf('TwoTower', {
      user_indices: ['int32', [-1]],
      item_indices: ['int32', [-1]],
      user_sparse_indices: ['int32', [-1, 1]],
      user_dense_values: ['float32', [-1, 1]],
      item_sparse_indices: ['int32', [-1, 2]],
    })()
    assert.deepEqual(feeds, {
      user_indices: [[1], [1]],
      item_indices: [[3], [0, 1, 2]],
      user_sparse_indices: [[1, 1], [6]],
      user_dense_values: [[1, 1], [1]],
      item_sparse_indices: [
        [3, 2],
        [10, 20, 11, 21, 12, 22],
      ],
    })
  })

  test('of a sparse row are its entries', () => {
    const feeds = feedsOf('YouTubeRetrieval', {
      item_interaction_indices: ['int64', [-1, 2]],
      item_interaction_values: ['int64', [-1]],
      modified_batch_size: ['int32', []],
    })()
    assert.deepEqual(feeds, {
      item_interaction_indices: [
        [2, 2],
        [0, 0, 0, 0],
      ],
      item_interaction_values: [[2], [0, 1]],
      modified_batch_size: [[], [1]],
    })
  })

  for (const [what, inputs, message] of [
    ['an input that nothing is known of', { labels: ['float32', [-1]] }, /the graph takes 'labels'/],
    [
      'other columns',
      { sparse_indices: ['int32', [-1, 4]] },
      /rows of 4 in 'sparse_indices', features\.json has 3/,
    ],
    [
      'another dtype',
      { user_indices: ['string', [-1]] },
      /'user_indices' as string, expected int32 or int64/,
    ],
    [
      'features that are not there',
      { item_dense_values: ['float32', [-1, 1]] },
      /takes 'item_dense_values', for which/,
    ],
    ['an endless sequence', { user_interacted_seq: ['int32', [-1, 2 ** 30]] }, /takes 1073741824 items/],
  ] as const) {
    test(`are refused to a graph that takes ${what}`, () => {
      const given = inputs as unknown as Parameters<typeof feedsOf>[1]
      assert.throws(() => feedsOf('DIN', given), { code: 'failed_precondition', message })
    })
  }
})
