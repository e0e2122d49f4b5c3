import assert from 'node:assert/strict'
import { test } from 'node:test'
import { randomContext } from '../../../../tests/recbole-context.js'
import { bert4Rec } from './bert4rec.js'

const settings = {
  hidden_size: 4,
  inner_size: 8,
  n_heads: 2,
  n_layers: 1,
  hidden_act: 'gelu',
  layer_norm_eps: 1e-12,
}

/** What the graph is fed for sequences of items, the mask token being 100. */
function fed(sequences: readonly (readonly number[])[], corrected?: boolean) {
  const sizes = { itemCount: 100, maxLength: 4, ...(corrected !== undefined && { corrected }) }
  const { encoder } = bert4Rec.build(randomContext({ settings, ...sizes }))
  const queries = sequences.map((items) => ({ sequence: Int32Array.from(items), user: 0 }))
  const width = Math.max(...sequences.map(({ length }) => length))
  const { items, length } = encoder.feeds!(queries, width)
  return { items: Array.from(items!.data, Number), length: length && Array.from(length.data, Number) }
}

test('drops the oldest item for the mask token, as RecBole does', () => {
  const { items, length } = fed([[5, 6, 7], [5], [1, 2, 3, 4]])
  assert.deepEqual(items, [6, 7, 100, 0, 100, 0, 0, 0, 2, 3, 4, 100])
  assert.equal(length, undefined)
})

test('keeps it where that is asked for, as long as there is room', () => {
  const { items, length } = fed([[5, 6, 7], [5], [1, 2, 3, 4]], true)
  assert.deepEqual(items, [5, 6, 7, 100, 5, 100, 0, 0, 2, 3, 4, 100])
  assert.deepEqual(length, [4, 2, 4])
})

test('corrected requests are no wider than they need to be', () => {
  assert.deepEqual(fed([[5]], true), { items: [5, 100], length: [2] })
})
