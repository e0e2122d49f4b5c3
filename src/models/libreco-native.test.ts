import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { loadRecommender } from '../../tests/load-tools.js'
import {
  csr,
  float32s,
  type NativeFiles,
  npz,
  objects,
  worldModels,
  worldPopulation,
  writeNative,
  writeNativeWorld,
} from '../../tests/native-folder.js'
import { call, type Pickled, pickle } from '../../tests/pickle-file.js'
import { itemId, userId, worldSize } from '../../tests/world.js'
import { RecserveError } from '../core/errors.js'
import { librecoNative } from './libreco-native.js'
import { recommenderSuite } from './recommender.suite.js'

const load = (directory: string) => loadRecommender(librecoNative, directory)
const nothing = new Int32Array(0)
const everything = { n: worldSize, excluded: nothing, candidates: undefined }

recommenderSuite('native ALS', {
  load: () => load(writeNativeWorld('ALS')),
  skip: { stranger: 'it answers one by the row behind the users' },
})
recommenderSuite('native ItemCF', { load: () => load(writeNativeWorld('ItemCF')) })
recommenderSuite('native UserCF', {
  load: () => load(writeNativeWorld('UserCF')),
  skip: {
    sequence: 'UserCF compares users, and a newcomer is like none of them yet',
    similar: 'UserCF holds similarities of users only',
  },
})

test('an unknown user is answered by the row behind the users, and that is said', async () => {
  const recommender = await load(writeNativeWorld('ALS'))
  const ranking = await recommender.rank({ user: -1, state: undefined, sequence: undefined }, everything)
  assert.equal(ranking!.fallback, 'unknown_user')
  assert.ok(Math.abs(ranking!.scores[0]! - 0.6) < 1e-6)
  assert.equal(ranking!.indices[0], 1)
})

/** Users a and b, items x, y, z; a had x (label 5) and y (label 1). */
const labelled = (k: number): NativeFiles => ({
  'm_hyper_parameters.json': JSON.stringify({ sim_type: 'cosine', k_sim: k }),
  'm_data_info.npz': npz({
    user_unique_vals: objects(['a', 'b é']),
    item_unique_vals: objects(['x', 'y', 'z']),
  }),
  'm_user_consumed.pkl': pickle(
    new Map<Pickled, Pickled>([
      [0, [0, 1]],
      [1, [1]],
    ]),
  ),
  'm_user_inter.npz': csr(3, [
    [
      [0, 5],
      [1, 1],
    ],
    [[1, 3]],
  ]),
  'm_sim_matrix.npz': csr(3, [
    [
      [1, 0.25],
      [2, 0.5],
    ],
    [
      [0, 0.25],
      [2, -1],
    ],
    [
      [0, 0.5],
      [1, -1],
    ],
  ]),
})

async function scoresOf(files: NativeFiles, user: string, consumed?: Int32Array) {
  const recommender = await load(writeNative(files))
  const state = consumed ? { consumed } : recommender.snapshot.read(user)
  const query = { user: recommender.users.indexOf(user), state, sequence: undefined }
  const { indices, scores } = (await recommender.rank(query, everything))!
  return Object.fromEntries(Array.from(indices, (row, i) => [recommender.catalog.idOf(row), scores[i]]))
}

test('similarities are multiplied by labels, negative ones too', async () => {
  assert.deepEqual(await scoresOf(labelled(2), 'a'), { x: 0.25, y: 1.25, z: 5 * 0.5 - 1 })
  assert.deepEqual(await scoresOf(labelled(2), 'b é'), { x: 0.75, z: -3 })
})

test('only the k_sim nearest neighbours count', async () => {
  assert.deepEqual(await scoresOf(labelled(1), 'a'), { x: 0.25, z: 2.5 })
})

test('what a user had since training counts with the mean of all labels', async () => {
  assert.deepEqual(await scoresOf(labelled(2), 'b é', Int32Array.of(1, 2)), {
    x: 0.75 + 3 * 0.5,
    y: -3,
    z: -3,
  })
})

test('a model may have another name than its data, and several share a folder', async () => {
  const directory = writeNative({
    ...worldPopulation('films'),
    ...worldModels.ALS('als v1'),
    ...worldModels.ItemCF('item_cf'),
  })
  const { parts } = (await librecoNative.recognise(directory))!
  assert.deepEqual(
    parts!.map(({ model, version }) => [model, version]),
    [
      ['als v1', 1],
      ['item_cf', 1],
    ],
  )
  const [als, itemCf] = await Promise.all(parts!.map(({ path }) => load(path)))
  assert.deepEqual([als!.summary.algorithm, itemCf!.summary.algorithm], ['ALS', 'ItemCF'])
  assert.equal(als!.users.indexOf(userId(0)), 0)
  assert.equal(als!.catalog.idOf(1), itemId(1))
})

test('with as many users as items, their similarities computed again tell UserCF from ItemCF', async () => {
  const ids = npz({ user_unique_vals: objects(['a', 'b', 'c']), item_unique_vals: objects(['x', 'y', 'z']) })
  // Items x and y have a user in common, users b and c an item.
  const labels = csr(3, [
    [
      [0, 1],
      [1, 1],
    ],
    [[2, 1]],
    [[2, 1]],
  ])
  const loadSimilar = (...pair: readonly number[]) => {
    const rowOf = (row: number) => pair.filter((other) => pair.includes(row) && other !== row)
    const similarities = [0, 1, 2].map((row) => rowOf(row).map((other) => [other, 1] as const))
    const own = {
      'm_data_info.npz': ids,
      'm_user_inter.npz': labels,
      'm_sim_matrix.npz': csr(3, similarities),
    }
    return load(writeNative({ ...labelled(5), ...own }))
  }
  assert.equal((await loadSimilar(1, 2)).summary.algorithm, 'UserCF')
  assert.equal((await loadSimilar(0, 1)).summary.algorithm, 'ItemCF')
  await assert.rejects(loadSimilar(), /similar users \(UserCF\) or similar items \(ItemCF\).*save_knn/)
})

test('weights without vectors are refused by name, with what to call instead', async () => {
  const cases: readonly (readonly [NativeFiles, RegExp])[] = [
    [
      { 'm_hyper_parameters.json': '{"use_tf_attention":true}', 'm_tf_variables.npz': '' },
      /^m_tf_variables.npz holds the weights of DIN and no graph.*save_online/,
    ],
    [
      { 'm_hyper_parameters.json': '{"n_layers":2}', 'm_torch.pt': '' },
      /^m_torch.pt holds the weights of LightGCN and no vectors.*inference_only=True.*save_embed/,
    ],
    [
      { 'm_hyper_parameters.json': '{"rnn_type":"gru"}', 'm_tf_variables.npz': '' },
      /RNN4Rec and no vectors.*inference_only=True.*save_online/,
    ],
    [
      { 'm_hyper_parameters.json': '{"window_size":5}', 'm_gensim.pkl': '' },
      /^m_gensim.pkl holds the weights of Item2Vec.*save_embed/,
    ],
    [
      { 'm_hyper_parameters.json': '{"max_cache_num":5}', 'm_data_info.npz': '' },
      /Swing, which LibRecommender keeps in a form of its Rust part/,
    ],
    [
      { 'm_hyper_parameters.json': '{}', 'm_data_info.npz': '' },
      /an unknown algorithm, and neither vectors \(m.npz\) nor similarities/,
    ],
  ]
  for (const [files, message] of cases) {
    const directory = writeNative(files)
    assert.equal((await librecoNative.recognise(directory))?.kind, 'libreco-native')
    await assert.rejects(
      load(directory),
      (error: RecserveError) => message.test(error.message) && error.code === 'failed_precondition',
    )
  }
})

test('a foreign file of hyper-parameters is no model', async () => {
  assert.equal(await librecoNative.recognise(writeNative({ 'm_hyper_parameters.json': '{}' })), undefined)
})

test('files that are missing, damaged or of another training are refused by name', async () => {
  const world = { ...worldPopulation('m'), ...worldModels.ALS('m') }
  const cf = labelled(2)
  const badly = (name: string, content: Uint8Array | string) => ({ ...world, [name]: content })
  const vectors = (users: number, width: number, value = 1) =>
    float32s([users, width], new Array(users * width).fill(value))
  const cases: readonly (readonly [NativeFiles, RegExp])[] = [
    [worldModels.ALS('m'), /^m_data_info.npz: no such file; data_info.save\(path, 'm'\)/],
    [
      badly(
        'm_data_info.npz',
        npz({ user_unique_vals: objects(['a', 'a']), item_unique_vals: objects(['x']) }),
      ),
      /^m_data_info.npz: "user_unique_vals": id 1 is "a", as another one is/,
    ],
    [
      badly('m_data_info.npz', npz({ user_unique_vals: objects([null]), item_unique_vals: objects(['x']) })),
      /id 0 is neither text nor a number/,
    ],
    [badly('m_data_info.npz', npz({ user_unique_vals: objects(['a']) })), /"item_unique_vals" is missing/],
    [
      badly('m_user_consumed.pkl', pickle(new Map([[0, [worldSize]]]))),
      /^m_user_consumed.pkl: has item 20 of 20 in the history of user 0/,
    ],
    [
      badly('m_user_consumed.pkl', pickle(new Map([[99, [0]]]))),
      /^m_user_consumed.pkl: has a history of user 99 of 21/,
    ],
    [badly('m_user_consumed.pkl', pickle([1])), /holds no dict/],
    [
      badly('m.npz', npz({ user_embed: vectors(5, 2), item_embed: vectors(worldSize, 2) })),
      /^m.npz: "user_embed": has 5 vectors where there are 21 ids/,
    ],
    [
      badly('m.npz', npz({ user_embed: vectors(21, 2), item_embed: vectors(worldSize, 3) })),
      /width 2 and items' of 3/,
    ],
    [
      badly('m.npz', npz({ user_embed: vectors(21, 2, Number.NaN), item_embed: vectors(worldSize, 2) })),
      /has NaN at row 0, column 0/,
    ],
    [
      badly('m.npz', npz({ user_embed: objects(['x']), item_embed: vectors(worldSize, 2) })),
      /^m.npz: "user_embed": .*holds no numbers/,
    ],
    [
      { ...cf, 'm_sim_matrix.npz': csr(3, [[], [], []], 'csc') },
      /^m_sim_matrix.npz: is a sparse matrix of form "csc"/,
    ],
    [{ ...cf, 'm_sim_matrix.npz': csr(3, [[[3, 1]], [], []]) }, /^m_sim_matrix.npz: has column 3 of 3/],
    [
      { ...cf, 'm_sim_matrix.npz': csr(4, [[], [], [], []]) },
      /of shape \[4, 4\], where the ids are of \[3, 3\]/,
    ],
    [
      {
        ...cf,
        'm_user_inter.npz': csr(3, [
          [
            [0, 1],
            [0, 1],
          ],
          [],
        ]),
      },
      /^m_user_inter.npz: has column 0 twice in row 0/,
    ],
    [
      { ...cf, 'm_hyper_parameters.json': '{"sim_type":"cosine","k_sim":0}' },
      /k_sim, the number of neighbours, is 0/,
    ],
  ]
  for (const [files, message] of cases) {
    await assert.rejects(load(writeNative(files)), (error: Error) => {
      assert.ok(error instanceof RecserveError, error.stack)
      assert.match(error.message, message)
      return true
    })
  }
})

test('a pickle that would run a command is refused, and what is not needed is never unpickled', async () => {
  const marker = join(writeNative({}), 'ran')
  const attack = call('os.system', `touch ${marker}`)
  const attackArray = npz({ user_unique_vals: objects([attack]), item_unique_vals: objects(['x']) })
  const world = { ...worldPopulation('m'), ...worldModels.ALS('m') }
  const refused: readonly NativeFiles[] = [
    { ...world, 'm_user_consumed.pkl': pickle(attack) },
    { ...world, 'm_user_consumed.pkl': pickle(new Map<Pickled, Pickled>([[0, attack]])) },
    { ...world, 'm_user_consumed.pkl': pickle(new Map<Pickled, Pickled>([[0, [attack]]])) },
    { ...world, 'm_data_info.npz': attackArray },
  ]
  for (const files of refused) await assert.rejects(load(writeNative(files)), RecserveError)
  const unread = {
    ...world,
    'm_item_consumed.pkl': pickle(attack),
    'm_default_recs.npz': npz({ default_recs: objects([attack]) }),
  }
  await load(writeNative(unread))
  assert.throws(() => rmSync(marker), /ENOENT/)
})
