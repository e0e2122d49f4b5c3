import assert from 'node:assert/strict'
import { test } from 'node:test'
import { randomContext } from '../../../../tests/recbole-context.js'
import { RecserveError } from '../../../core/errors.js'
import { cprSettings } from './cpr-settings.js'

const settings = {
  n_facet: 2,
  n_facet_context: 2,
  n_facet_reranker: 1,
  reranker_CAN_NUM: '6,4',
  n_facet_emb: 2,
  n_facet_MLP: -1,
  n_facet_hidden: 3,
  n_facet_window: -2,
  weight_mode: 'static',
  reranker_merging_mode: 'add',
  context_norm: true,
  post_remove_context: 0,
}

const read = (other: Readonly<Record<string, number | string | boolean>> = {}) =>
  cprSettings(randomContext({ settings: { ...settings, ...other }, itemCount: 9, maxLength: 5 }), 2)

test('reads numbers that RecBole writes negative, and flags that it writes as numbers', () => {
  assert.deepEqual(read(), {
    facets: 2,
    contexts: 2,
    rerankers: 1,
    candidates: [6, 4],
    pointers: true,
    mlp: 1,
    layers: 2,
    window: 2,
    weighting: 'static',
    addsReranked: true,
    averagesPointers: true,
    removesContext: false,
    projectionBias: true,
  })
  assert.deepEqual(read({ reranker_CAN_NUM: 9 }).candidates, [9])
})

const refused: readonly [Readonly<Record<string, number | string>>, RegExp][] = [
  [{ reranker_CAN_NUM: 10 }, /reranker_CAN_NUM is "10"; expected numbers from 1 to 9/],
  [{ reranker_CAN_NUM: '4,' }, /reranker_CAN_NUM is "4,"/],
  [{ n_facet_context: 3 }, /n_facet_context is 3; expected 0 to 2/],
  [{ n_facet: 0 }, /n_facet is 0; expected 1 or more/],
  [{ n_facet_window: 1 }, /n_facet_window is 1/],
  [{ n_facet_window: -1e9 }, /n_facet_window is -1000000000; expected -256 to 0/],
  [{ context_norm: 'yes' }, /context_norm is "yes"; expected true, false or a number/],
]

for (const [other, message] of refused) {
  test(`refuses ${JSON.stringify(other)}, naming it`, () => {
    assert.throws(
      () => read(other),
      (error) => error instanceof RecserveError && message.test(error.message),
    )
  })
}
