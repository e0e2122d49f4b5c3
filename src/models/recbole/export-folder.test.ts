import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../../../tests/temporary.js'
import { raggedRow } from '../../tensor/ragged.js'
import { isExportFolder } from './export-description.js'
import { readExportFolder } from './export-folder.js'

interface Entry {
  readonly shape: readonly number[]
  readonly data: Float32Array | Int32Array
}

const float = (shape: readonly number[], ...values: number[]): Entry => ({
  shape,
  data: Float32Array.from(values),
})
const int = (shape: readonly number[], ...values: number[]): Entry => ({
  shape,
  data: Int32Array.from(values),
})

const tensors: Readonly<Record<string, Entry>> = {
  'weights.item_embedding.weight': float([3, 2], 1, 2, 3, 4, 5, 6),
  'history.offsets': int([3], 0, 0, 3),
  'history.items': int([3], 2, 1, 2),
  'item_feature.class': int([3, 2], 0, 0, 1, 0, 1, 1),
  'item_feature.price': float([3], 0.5, 1, 2),
}
const description = {
  format: 'recbole-export',
  version: 1,
  class: 'SASRec',
  model_type: 2,
  weights: 'model.safetensors',
  settings: { MAX_ITEM_LIST_LENGTH: 7, hidden_size: 2, TIME_FIELD: null, load_col: { inter: ['user_id'] } },
  tokens: { user_id: ['[PAD]', 'u'], item_id: ['[PAD]', 'a', 'b'], class: ['[PAD]', 'x'] },
  item_features: [
    { field: 'class', kind: 'token_seq', size: 2 },
    { field: 'price', kind: 'float' },
  ],
}

function write(entries: Readonly<Record<string, Entry>>, described: unknown): string {
  const folder = temporaryFolder('export')
  const header: Record<string, unknown> = {}
  let end = 0
  for (const [name, { shape, data }] of Object.entries(entries)) {
    const dtype = data instanceof Float32Array ? 'F32' : 'I32'
    header[name] = { dtype, shape, data_offsets: [end, end + data.byteLength] }
    end += data.byteLength
  }
  const text = Buffer.from(JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(text.length))
  const bytes = Object.values(entries).map(({ data }) => Buffer.from(data.buffer))
  writeFileSync(join(folder, 'model.safetensors'), Buffer.concat([length, text, ...bytes]))
  writeFileSync(join(folder, 'recserve.json'), JSON.stringify(described))
  return folder
}

test('an exported folder gives weights, settings, ids, histories and features', async () => {
  const folder = write(tensors, description)
  assert.equal(await isExportFolder(folder), true)
  const checkpoint = await readExportFolder(folder)
  assert.equal(checkpoint.className, 'SASRec')
  assert.equal(checkpoint.maxLength, 7)
  assert.equal(checkpoint.settings.integer('hidden_size'), 2)
  assert.equal(checkpoint.settings.has('TIME_FIELD'), false)
  assert.deepEqual(
    checkpoint.weights.get('item_embedding.weight', [3, -1]).data,
    Float32Array.of(1, 2, 3, 4, 5, 6),
  )
  assert.equal(checkpoint.ids.items.indexOf('b'), 2)
  assert.equal(checkpoint.ids.users?.indexOf('u'), 1)
  assert.deepEqual([...raggedRow(checkpoint.history!, 1)], [2, 1, 2])
  assert.deepEqual(checkpoint.itemFeatures(), [
    { kind: 'token_seq', field: 'class', size: 2, width: 2, values: Int32Array.of(0, 0, 1, 0, 1, 1) },
    { kind: 'float', field: 'price', values: Float32Array.of(0.5, 1, 2) },
  ])
  assert.throws(() => checkpoint.relationVectors(), { code: 'failed_precondition' })
})

test('a recserve.json of another purpose is no export', async () => {
  assert.equal(await isExportFolder(write(tensors, { tokens: 'ids.json' })), false)
  assert.equal(await isExportFolder(temporaryFolder('none')), false)
})

const { 'history.items': _, ...withoutItems } = tensors

for (const [what, entries, change, message] of [
  ['a later version', tensors, { version: 2 }, /version 2; this recserve reads version 1/],
  ['a file elsewhere', tensors, { weights: '../model.safetensors' }, /"weights" is not the name of a file/],
  [
    'ids that do not fit',
    tensors,
    { tokens: { ...description.tokens, item_id: ['[PAD]', 'a'] }, item_features: [] },
    /outside the 2 items/,
  ],
  [
    'an item twice',
    tensors,
    { tokens: { ...description.tokens, item_id: ['[PAD]', 'a', 'a'] } },
    /"a" twice, as id 1 and 2/,
  ],
  [
    'no padding',
    tensors,
    { tokens: { ...description.tokens, item_id: ['x', 'a', 'b'] } },
    /begin with "x"; expected \[PAD\]/,
  ],
  ['tokens that are none', tensors, { tokens: { item_id: [1] } }, /item_id is not a list of tokens/],
  ['a feature of no kind', tensors, { item_features: [{ field: 'class' }] }, /without field, kind or size/],
  [
    'a feature id too large',
    tensors,
    { item_features: [{ field: 'class', kind: 'token_seq', size: 1 }] },
    /id outside its 1 tokens/,
  ],
  [
    'a feature of another shape',
    tensors,
    { item_features: [{ field: 'class', kind: 'token', size: 2 }] },
    /of shape \[3,2\]; expected 3 rows/,
  ],
  ['a history cut off', withoutItems, {}, /has no history\.items; expected int32/],
  [
    'offsets that fall',
    { ...tensors, 'history.offsets': int([4], 0, 2, 1, 3) },
    {},
    /history\.offsets do not divide/,
  ],
  [
    'offsets of more users',
    { ...tensors, 'history.offsets': int([4], 0, 0, 1, 3) },
    {},
    /3 users, there are 2/,
  ],
  [
    'fewer vectors than items',
    { ...tensors, 'weights.item_embedding.weight': float([2, 2], 1, 2, 3, 4) },
    {},
    /gives 3 item ids .* the model has 2 \(item_embedding\.weight \[2, 2\]\)/,
  ],
] as const) {
  test(`refuses ${what}`, async () => {
    await assert.rejects(readExportFolder(write(entries, { ...description, ...change })), { message })
  })
}
