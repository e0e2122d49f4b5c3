import assert from 'node:assert/strict'
import { test } from 'node:test'
import { randomContext } from '../../../../tests/recbole-context.js'
import { RecserveError } from '../../../core/errors.js'
import type { Architecture, ArchitectureContext } from '../architecture.js'
import { caser } from './caser.js'
import { dien } from './dien.js'
import { din } from './din.js'
import { fdsa } from './fdsa.js'
import { fossil } from './fossil.js'
import { gru4RecCpr } from './gru4rec-cpr.js'
import { hgn } from './hgn.js'
import { hrm } from './hrm.js'
import { ksr } from './ksr.js'
import { shan } from './shan.js'

const settings = {
  embedding_size: 8,
  kg_embedding_size: 8,
  hidden_size: 8,
  inner_size: 16,
  n_heads: 2,
  n_layers: 1,
  num_layers: 2,
  hidden_act: 'gelu',
  layer_norm_eps: 1e-12,
  nv: 2,
  nh: 2,
  pooling_type: 'max',
  pooling_type_layer_1: 'max',
  pooling_type_layer_2: 'max',
  high_order: 2,
  short_item_length: 2,
  order_len: 2,
  alpha: 0.5,
  gru_type: 'AGRU',
  gamma: 1,
  mlp_hidden_size: [4],
  pooling_mode: 'mean',
  ITEM_ID_FIELD: 'item_id',
  USER_ID_FIELD: 'user_id',
  selected_features: ['item_id'],
  numerical_features: [],
  use_out_emb: false,
  partition_merging_mode: 'add',
  n_facet_hidden: 1,
}

type Setting = Readonly<Record<string, number | string | readonly (number | string)[]>>

const contextOf = (other: Setting = {}): ArchitectureContext => ({
  ...randomContext({ settings: { ...settings, ...other }, itemCount: 10, maxLength: 6 }),
  itemFeatures: () => [{ kind: 'float', field: 'price', values: new Float32Array(10) }],
  relationVectors: () => ({ rows: 3, columns: 8, values: new Float32Array(24) }),
})

test('builds of settings that fit', () => {
  for (const architecture of [caser, dien, din, fdsa, fossil, hgn, hrm, ksr, shan]) {
    const { encoder } = architecture.build(contextOf())
    assert.equal(encoder.graph().outputs.length, 1, architecture.className)
  }
})

const refused: readonly [Architecture, Setting, RegExp][] = [
  [caser, { nv: 0 }, /nv is 0; expected 1 or more/],
  [hgn, { pooling_type: 'min' }, /pooling_type is 'min'; it can be one of average, max/],
  [hrm, { high_order: 1e9 }, /high_order is 1000000000; expected 1 to 6/],
  [shan, { short_item_length: 7 }, /short_item_length is 7; expected 0 to 6/],
  [fossil, { order_len: 7 }, /order_len is 7; expected 1 to 6/],
  [dien, { gru_type: 'LSTM' }, /gru_type is 'LSTM'; it can be one of AUGRU, AGRU, AIGRU, GRU/],
  [din, { mlp_hidden_size: [] }, /mlp_hidden_size is \[\]; expected the sizes/],
  [fdsa, { selected_features: ['genres'] }, /item field genres, .* fields: item_id, price/],
  [fdsa, { selected_features: ['price'] }, /selected_features \[price\] have no vectors/],
  [ksr, { kg_embedding_size: 4 }, /vectors are \[3, 8\]; the model's kg_embedding_size is 4/],
  [gru4RecCpr, { n_facet_hidden: 2 }, /n_facet_hidden reaches 2 layers/],
]

for (const [architecture, other, message] of refused) {
  test(`refuses ${architecture.className} with ${JSON.stringify(other)}, naming it`, () => {
    assert.throws(
      () => architecture.build(contextOf(other)),
      (error) => error instanceof RecserveError && message.test(error.message),
    )
  })
}
