import assert from 'node:assert/strict'
import { test } from 'node:test'
import { randomContext } from '../../../../tests/recbole-context.js'
import { RecserveError } from '../../../core/errors.js'
import type { Architecture } from '../architecture.js'
import { core } from './core.js'
import { feaRec } from './fearec.js'
import { gru4Rec } from './gru4rec.js'
import { lightSans } from './lightsans.js'
import { nextItNet } from './nextitnet.js'
import { sasRec } from './sasrec.js'
import { sine } from './sine.js'
import { srGnn } from './srgnn.js'

const settings = {
  hidden_size: 8,
  embedding_size: 8,
  inner_size: 16,
  n_heads: 2,
  n_layers: 2,
  num_layers: 1,
  hidden_act: 'gelu',
  layer_norm_eps: 1e-12,
  dnn_type: 'trm',
  temperature: 0.1,
  step: 1,
  prototype_size: 4,
  interest_size: 2,
  tau_ratio: 0.1,
  kernel_size: 3,
  block_num: 1,
  dilations: [1, 4],
  k_interests: 3,
  global_ratio: 1,
  topk_factor: 1,
  dual_domain: false,
}

type Setting = Readonly<Record<string, number | string | readonly number[]>>

const build = (architecture: Architecture, other: Setting = {}) =>
  architecture.build(randomContext({ settings: { ...settings, ...other }, itemCount: 10, maxLength: 6 }))

test('builds of settings that fit', () => {
  for (const architecture of [sasRec, gru4Rec, core, sine, srGnn, nextItNet, lightSans, feaRec]) {
    const { encoder, scoring } = build(architecture)
    assert.ok(scoring.kind === 'vectors' && scoring.vectors.rows === 10, architecture.className)
    assert.deepEqual(
      encoder.graph().outputs.map(({ name }) => name),
      ['query'],
    )
  }
})

const refused: readonly [Architecture, Setting, RegExp][] = [
  [sasRec, { hidden_act: 'mish' }, /hidden_act is 'mish'; it can be one of gelu, relu/],
  [sasRec, { hidden_act: 'constructor' }, /hidden_act is 'constructor'/],
  [sasRec, { n_heads: 3 }, /hidden_size 8 is not a multiple of its n_heads 3/],
  [sasRec, { n_heads: 0 }, /n_heads 0/],
  [sasRec, { n_layers: 0 }, /n_layers is 0/],
  [sasRec, { n_layers: 'two' }, /n_layers is "two"; expected an integer/],
  [core, { dnn_type: 'gru' }, /dnn_type is 'gru'; it can be ave or trm/],
  [gru4Rec, { num_layers: 0 }, /gru_layers has 0 layers/],
  [srGnn, { step: 1e9 }, /step is 1000000000; expected 0 to 256/],
  [sine, { interest_size: 5 }, /interest_size is 5; it can be 1 to prototype_size, 4/],
  [nextItNet, { dilations: [1, 0] }, /dilations hold 0/],
  [nextItNet, { dilations: [1, 1.5] }, /dilations hold 1.5/],
]

for (const [architecture, other, message] of refused) {
  test(`refuses ${architecture.className} with ${JSON.stringify(other)}, naming it`, () => {
    assert.throws(
      () => build(architecture, other),
      (error) => error instanceof RecserveError && message.test(error.message),
    )
  })
}

test('asks for weights of the shapes that its settings say', () => {
  const context = randomContext({ settings, itemCount: 10, maxLength: 6 })
  const asked = new Map<string, readonly number[]>()
  const weights = {
    ...context.weights,
    get(name: string, shape: readonly number[] = []) {
      asked.set(name, shape)
      return context.weights.get(name, shape)
    },
  }
  sasRec.build({ ...context, weights })
  assert.deepEqual(asked.get('item_embedding.weight'), [10, 8])
  assert.deepEqual(asked.get('position_embedding.weight'), [6, 8])
  assert.deepEqual(asked.get('trm_encoder.layer.1.feed_forward.dense_1.weight'), [16, 8])
  assert.ok(![...asked.values()].some((shape) => shape.length === 0 || shape.includes(-1)))
})
