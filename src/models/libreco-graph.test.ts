import assert from 'node:assert/strict'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { writeGraphWorld } from '../../tests/graph-world.js'
import { loadRecommender } from '../../tests/load-tools.js'
import { alikeTo, itemId, userId, worldSize, writeWorld } from '../../tests/world.js'
import { createOneOffEngine } from '../engines/one-off-engine.js'
import { librecoEmbed } from './libreco-embed.js'
import { librecoOnline } from './libreco-online.js'
import { librecoTf } from './libreco-tf.js'
import type { ModelKind } from './model-kind.js'
import type { RankOptions } from './recommender.js'
import { recommenderSuite } from './recommender.suite.js'

const load = (kind: ModelKind, directory: string) => loadRecommender(kind, directory, createOneOffEngine())

recommenderSuite('NCF, save_tf', {
  load: async () => load(librecoTf, await writeGraphWorld('NCF')),
  skip: {
    stranger: 'it answers one by the row behind the users',
    sequence: 'it reads none',
    similar: 'a graph of users and items has no similarity between items',
  },
})
recommenderSuite('RNN4Rec, save_online', {
  load: async () => load(librecoOnline, await writeGraphWorld('RNN4Rec')),
  skip: {
    stranger: 'it answers one by an empty history',
    similar: 'a graph of users and items has no similarity between items',
  },
})

const everything: RankOptions = { n: worldSize, excluded: new Int32Array(0), candidates: undefined }
const nobody = { user: -1, state: undefined, sequence: undefined }

describe('LibRecommender graphs', () => {
  test('a folder is of the exporter that wrote it, with the version it gave', async () => {
    const tf = await writeGraphWorld('NCF', { version: 7 })
    const online = await writeGraphWorld('RNN4Rec', { version: 3 })
    assert.deepEqual(await librecoTf.recognise(tf), { kind: 'libreco-tf', algorithm: 'NCF', version: 7 })
    assert.equal(await librecoOnline.recognise(tf), undefined)
    assert.deepEqual(await librecoOnline.recognise(online), {
      kind: 'libreco-online',
      algorithm: 'RNN4Rec',
      version: 3,
    })
    assert.equal(await librecoTf.recognise(online), undefined)
    assert.equal(await librecoEmbed.recognise(online), undefined)
    assert.equal(await librecoTf.recognise(await writeWorld('ALS')), undefined)
  })

  test('of several versions the newest, by number, goes with the files', async () => {
    const directory = await writeGraphWorld('NCF', { version: 9 })
    await writeGraphWorld('NCF', { version: 10, parent: join(directory, '..') })
    await mkdir(join(directory, 'ncf', '11'))
    assert.equal((await librecoTf.recognise(directory))?.version, 10)
  })

  test('a folder without its graph is told what is missing', async () => {
    const directory = await writeGraphWorld('NCF')
    await rename(join(directory, 'ncf'), join(directory, 'moved'))
    assert.equal((await librecoTf.recognise(directory))?.kind, 'libreco-tf')
    await assert.rejects(load(librecoTf, directory), {
      code: 'not_found',
      message: /ncf\/<version>\/saved_model\.pb: no such file/,
    })
  })

  test('an algorithm that is a path leads nowhere', async () => {
    const directory = await writeGraphWorld('NCF')
    await writeFile(join(directory, 'model_name.json'), '{"model_name": "../ncf/ncf"}')
    assert.equal((await librecoTf.recognise(directory))?.version, undefined)
  })

  for (const [what, file, content, message] of [
    [
      'another export',
      'features.json',
      { n_users: 3, n_items: worldSize },
      /"n_users" is 3, user2id\.json has 20/,
    ],
    [
      'no length of a sequence',
      'features.json',
      { n_users: worldSize, n_items: worldSize, max_seq_len: -1 },
      /"max_seq_len" is -1/,
    ],
  ] as const) {
    test(`features of ${what} are refused`, async () => {
      const directory = await writeGraphWorld('RNN4Rec')
      await writeFile(join(directory, file), JSON.stringify(content))
      await assert.rejects(load(librecoOnline, directory), { code: 'failed_precondition', message })
    })
  }

  test('a graph that takes what the folder does not have names it', async () => {
    const directory = await writeGraphWorld('NCF')
    const graph = join(directory, 'ncf', '1', 'saved_model.pbtxt')
    const text = await readFile(graph, 'utf8')
    await writeFile(graph, text.replace('inputs { key: "user_indices"', 'inputs { key: "sparse_indices"'))
    await assert.rejects(load(librecoTf, directory), {
      code: 'failed_precondition',
      message: /the graph takes 'sparse_indices', for which this folder has nothing/,
    })
  })

  test('an algorithm whose exporter leaves inputs out says how to export it', async () => {
    for (const [algorithm, message] of [
      [
        'Transformer',
        /left the inputs user_interacted_seq, user_interacted_len of Transformer.*save_online, which writes them/,
      ],
      [
        'SIM',
        /left the inputs long_seqs, .* of SIM out of the signature 'predict'.*add them to the signature/,
      ],
    ] as const) {
      const directory = await writeGraphWorld('NCF')
      await writeFile(join(directory, 'model_name.json'), JSON.stringify({ model_name: algorithm }))
      await rename(join(directory, 'ncf'), join(directory, algorithm.toLowerCase()))
      await assert.rejects(load(librecoTf, directory), { code: 'failed_precondition', message })
    }
  })

  test('an unknown user is told from a history that says enough', async () => {
    const recommender = await load(librecoOnline, await writeGraphWorld('RNN4Rec'))
    const sequence = Int32Array.from(alikeTo(7))
    assert.equal((await recommender.rank(nobody, everything))!.fallback, 'unknown_user')
    assert.equal((await recommender.rank({ ...nobody, sequence }, everything))!.fallback, undefined)
    await recommender.close()
  })

  test('an unknown item keeps its place in a history', async () => {
    const recommender = await load(librecoOnline, await writeGraphWorld('RNN4Rec'))
    const rank = async (...rows: number[]) =>
      (await recommender.rank({ ...nobody, sequence: Int32Array.from(rows) }, { ...everything, n: 1 }))!
        .scores[0]
    assert.equal(await rank(0, 2), 1)
    assert.equal(await rank(0, -1), 0.5)
    await recommender.close()
  })

  test('a user who has had everything gets nothing', async () => {
    const recommender = await load(librecoTf, await writeGraphWorld('NCF'))
    const excluded = Int32Array.from({ length: worldSize }, (_, row) => row)
    const query = { user: 0, state: recommender.snapshot.read(userId(0)), sequence: undefined }
    for (const candidates of [undefined, Int32Array.of(1, 2)]) {
      const { indices } = (await recommender.rank(query, { ...everything, excluded, candidates }))!
      assert.equal(indices.length, 0)
    }
    await recommender.close()
  })

  test('one candidate alone has the score that it has among all', async () => {
    const recommender = await load(librecoTf, await writeGraphWorld('NCF'))
    const query = { user: 1, state: undefined, sequence: undefined }
    const { indices, scores } = (await recommender.rank(query, {
      ...everything,
      candidates: Int32Array.of(3),
    }))!
    assert.deepEqual([recommender.catalog.idOf(indices[0]!), scores[0]], [itemId(3), 1])
    await recommender.close()
  })
})
