import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../../../tests/temporary.js'
import type { PickleValue } from '../../formats/pickle/value.js'
import { raggedRow } from '../../tensor/ragged.js'
import { toDatasetSettings } from './dataset-settings.js'
import { toHistory } from './history.js'
import { replayAtomicFiles } from './replay.js'
import { createSettings } from './settings.js'

/** Rows of cells by the file's suffix; the first row is the header. */
type Files = Readonly<Record<string, string>>

const toValue = (value: unknown): PickleValue =>
  Array.isArray(value)
    ? value.map(toValue)
    : typeof value === 'object' && value !== null
      ? new Map(Object.entries(value).map(([key, part]) => [key, toValue(part)]))
      : (value as PickleValue)

async function replay(files: Files, settings: Readonly<Record<string, unknown>> = {}, modelType = 2) {
  const folder = temporaryFolder('replay')
  for (const [suffix, rows] of Object.entries(files)) {
    const lines = rows.split('|').map((line) => line.trim().replaceAll(' ', '\t'))
    writeFileSync(join(folder, `d.${suffix}`), `${lines.join('\n')}\n`)
  }
  const all = {
    dataset: 'd',
    TIME_FIELD: 'time',
    filter_inter_by_user_or_item: true,
    seq_separator: ',',
    ...settings,
  }
  const read = createSettings(toValue(all) as ReadonlyMap<PickleValue, PickleValue>)
  return replayAtomicFiles(folder, toDatasetSettings(read, { className: 'Some', modelType }))
}

const inter =
  'user_id:token item_id:token time:float rate:float | u2 i9 5 1 | u1 i3 2 5 | u2 i3 1 3 | u3 i7 9 4 | u1 i9 3 5'

test('gives ids in order of first appearance in the file, not of time', async () => {
  const { tokens } = await replay({ inter })
  assert.deepEqual(tokens.get('user_id'), ['[PAD]', 'u2', 'u1', 'u3'])
  assert.deepEqual(tokens.get('item_id'), ['[PAD]', 'i9', 'i3', 'i7'])
})

test('gives histories in order of time, the last interaction included', async () => {
  const { interactions } = await replay({ inter })
  const history = toHistory(interactions!, 4)
  assert.deepEqual([...raggedRow(history, 1)], [2, 1])
  assert.deepEqual([...raggedRow(history, 2)], [2, 1])
  assert.deepEqual([...raggedRow(history, 0)], [])
})

test('sorts times as float32: what is within one step stays in the order of the file', async () => {
  const rows =
    'user_id:token item_id:token time:float | u a 880000030 | u d 880000100 | u b 880000010 | u c 880000000'
  const { interactions } = await replay({ inter: rows })
  // float32 knows 880000000 and 880000064, nothing in between.
  assert.deepEqual([...toHistory(interactions!, 2).values], [1, 3, 4, 2])
})

const item = 'item_id:token class:token_seq price:float | i3 b,a 2 | i1 c 4 | i9 a,c | i3 c 9'

test('counts items of the item file only where load_col loads it, and leaves out interactions with others', async () => {
  const whole = await replay({ inter, item })
  assert.deepEqual(whole.tokens.get('item_id'), ['[PAD]', 'i9', 'i3', 'i1'])
  assert.deepEqual(whole.tokens.get('user_id'), ['[PAD]', 'u2', 'u1'])
  const interOnly = await replay({ inter, item }, { load_col: { inter: ['user_id', 'item_id', 'time'] } })
  assert.deepEqual(interOnly.tokens.get('item_id'), ['[PAD]', 'i9', 'i3', 'i7'])
  const unfiltered = await replay({ inter, item }, { filter_inter_by_user_or_item: false })
  assert.deepEqual(unfiltered.tokens.get('item_id'), ['[PAD]', 'i9', 'i3', 'i7', 'i1'])
})

test('gives item features by id: padded sequences, the mean for a missing number, the first row of an item', async () => {
  const dataset = await replay({ inter, item })
  assert.deepEqual(dataset.tokens.get('class'), ['[PAD]', 'b', 'a', 'c'])
  assert.deepEqual(dataset.itemFeatures?.(), [
    { kind: 'token_seq', field: 'class', size: 4, width: 2, values: Int32Array.of(0, 0, 2, 3, 1, 2, 3, 0) },
    { kind: 'float', field: 'price', values: Float32Array.of(3, 3, 2, 4) },
  ])
})

test('filters by value before it counts', async () => {
  const { tokens } = await replay({ inter }, { val_interval: { rate: '[3,inf)' } })
  assert.deepEqual(tokens.get('item_id'), ['[PAD]', 'i3', 'i7', 'i9'])
  const byToken = await replay({ inter }, { val_interval: { item_id: ['i3'] } })
  assert.deepEqual(byToken.tokens.get('user_id'), ['[PAD]', 'u1', 'u2'])
  await assert.rejects(replay({ inter }, { val_interval: { age: '[3,inf)' } }), {
    message: /val_interval names age/,
  })
})

test('drops users and items below their counts until none is left below', async () => {
  const chain = 'user_id:token item_id:token | a 1 | a 2 | b 1 | b 2 | c 2 | c 3 | d 3'
  const settings = { user_inter_num_interval: '[2,inf)', item_inter_num_interval: '[2,inf)' }
  const { tokens } = await replay({ inter: chain }, settings)
  assert.deepEqual(tokens.get('user_id'), ['[PAD]', 'a', 'b'])
  assert.deepEqual(tokens.get('item_id'), ['[PAD]', '1', '2'])
  await assert.rejects(replay({ inter: chain }, { user_inter_num_interval: '[9,inf)' }), {
    message: /leave no row/,
  })
  await assert.rejects(replay({ inter: chain }, { user_inter_num_interval: 'five' }), {
    message: /"five" where an interval/,
  })
})

test('removes duplicates after sorting by time', async () => {
  const rows = 'user_id:token item_id:token time:float | u b 3 | u a 1 | u b 2 | u c 4'
  const { tokens } = await replay({ inter: rows }, { rm_dup_inter: 'last' })
  assert.deepEqual(tokens.get('item_id'), ['[PAD]', 'a', 'b', 'c'])
})

test('refuses to guess ids that depend on an open order of equal times', async () => {
  const rows = 'user_id:token item_id:token time:float | u b 3 | u a 3'
  await assert.rejects(replay({ inter: rows }, { rm_dup_inter: 'first' }), {
    code: 'failed_precondition',
    message: /open for equal times/,
  })
  assert.deepEqual((await replay({ inter: rows })).tokens.get('item_id'), ['[PAD]', 'b', 'a'])
})

test('gives fields with an alias the ids of the field they follow', async () => {
  const rows = 'user_id:token friend:token item_id:token | u1 u2 a | u3 u1 b'
  const { tokens } = await replay({ inter: rows }, { alias_of_user_id: ['friend'] })
  assert.deepEqual(tokens.get('user_id'), ['[PAD]', 'u1', 'u3', 'u2'])
  assert.deepEqual(tokens.get('friend'), tokens.get('user_id'))
})

test('reads benchmark files one after the other, unfiltered, and a history that the last row tells', async () => {
  const header = 'user_id:token item_id_list:token_seq item_id:token'
  const files = { 'train.inter': `${header} | u a b`, 'test.inter': `${header} | u a,b c | v b d` }
  const settings = {
    benchmark_filename: ['train', 'test'],
    alias_of_item_id: ['item_id_list'],
    user_inter_num_interval: '[9,inf)',
  }
  const { tokens, interactions } = await replay(files, settings)
  assert.deepEqual(tokens.get('item_id'), ['[PAD]', 'b', 'c', 'd', 'a'])
  const history = toHistory(interactions!, 3)
  assert.deepEqual([...raggedRow(history, 1)], [4, 1, 2])
  assert.deepEqual([...raggedRow(history, 2)], [1, 3])
})

const graph = {
  inter: 'user_id:token item_id:token | u i1 | u i2 | u i3',
  link: 'item_id:token entity_id:token | i3 m3 | i1 m1 | i9 m9',
  kg: 'head_id:token relation_id:token tail_id:token | m3 likes x | x near m1',
}

test('a knowledge graph drops interactions without a link and puts entities behind the items', async () => {
  const { tokens } = await replay(graph, {}, 4)
  assert.deepEqual(tokens.get('item_id'), ['[PAD]', 'i1', 'i3'])
  assert.deepEqual(tokens.get('entity_id'), ['[PAD]', 'm1', 'm3', 'x'])
  assert.deepEqual(tokens.get('relation_id'), ['[PAD]', 'likes', 'near', '[UI-Relation]'])
})

test('vectors preloaded for relations are rows by relation id', async () => {
  const settings = {
    additional_feat_suffix: ['rel'],
    alias_of_relation_id: ['rel_id'],
    preload_weight: { rel_id: 'rel_emb' },
  }
  const rel = 'rel_id:token rel_emb:float_seq | near 1,2 | likes 3,4'
  const { relationVectors } = await replay({ ...graph, rel }, settings, 4)
  assert.deepEqual(relationVectors, { rows: 3, columns: 2, values: Float32Array.of(0, 0, 3, 4, 1, 2) })
})

test('names the file and what it lacks', async () => {
  await assert.rejects(replay({ inter: 'user_id:token | u' }), {
    message: /d\.inter: field item_id is not in the file or not loaded/,
  })
  await assert.rejects(replay({ inter: 'user_id:float item_id:token | 1 a' }), {
    message: /field user_id is of type float/,
  })
  await assert.rejects(replay({ inter }, { additional_feat_suffix: ['ent'] }), {
    code: 'not_found',
    message: /d\.ent: no such file/,
  })
  await assert.rejects(replay({ inter }, { load_col: { item: '*' } }), {
    message: /load no field of d\.inter/,
  })
})

test('a row without a user or an item is in no history', () => {
  const interactions = { users: Int32Array.of(1, 0, 1), items: Int32Array.of(2, 1, 0), times: undefined }
  const { offsets, values } = toHistory(interactions, 2)
  assert.deepEqual([[...offsets], [...values]], [[0, 0, 1], [2]])
})

test('refuses lists that are too large once they are padded, and only when features are asked for', async () => {
  const long = Array.from({ length: 40_000 }, (_, at) => `t${at}`).join(',')
  const items = Array.from({ length: 2_000 }, (_, at) => `i${at} x`).join(' | ')
  const { itemFeatures } = await replay({
    inter,
    item: `item_id:token tags:token_seq | i9 ${long} | ${items}`,
  })
  assert.throws(() => itemFeatures!(), {
    code: 'resource_exhausted',
    message: /d\.item: field tags: 200\d rows padded to the longest one, 40000 values/,
  })
})

test('reads no numbers of the interactions that nothing needs', async () => {
  const rows = 'user_id:token item_id:token time:float rate:float note:float | u a 1 5 no | u b 2 1 number'
  const filtered = await replay({ inter: rows }, { val_interval: { rate: '[3,inf)' } })
  assert.deepEqual(filtered.tokens.get('item_id'), ['[PAD]', 'a'])
})
