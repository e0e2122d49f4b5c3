import assert from 'node:assert/strict'
import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { loadRecommender } from '../../tests/load-tools.js'
import { writeRecBoleWorld } from '../../tests/recbole-world.js'
import { alikeTo, itemId, userId, worldSize } from '../../tests/world.js'
import { inspectPath } from '../app/inspection.js'
import { toText } from '../app/inspection-text.js'
import { findOneModel } from '../app/one-model.js'
import { onnx } from '../engines/onnx/onnx-engine.js'
import { recbole } from './recbole.js'
import { recommenderSuite } from './recommender.suite.js'

const engine = onnx.create()
after(() => engine.close())

const load = async () => loadRecommender(recbole, await writeRecBoleWorld(), engine)

recommenderSuite('RecBole', { load })

const everything = { n: worldSize, excluded: new Int32Array(0), candidates: undefined }

test('a checkpoint is recognised with its class and the time in its name', async () => {
  const directory = await writeRecBoleWorld()
  assert.deepEqual(await recbole.recognise(directory), {
    kind: 'recbole',
    algorithm: 'CORE',
    version: Date.UTC(2026, 10, 25, 10) / 1000,
  })
})

test("the padding's token is neither an item nor a user", async () => {
  const recommender = await load()
  assert.equal(recommender.catalog.indexOf('[PAD]'), -1)
  assert.equal(recommender.users.indexOf('[PAD]'), -1)
  assert.equal(recommender.catalog.size, worldSize)
  const { indices } = (await recommender.rank(
    { user: -1, state: undefined, sequence: Int32Array.of(3) },
    everything,
  ))!
  assert.deepEqual([...indices].sort(), [...Array(worldSize).keys()].sort())
  await recommender.close()
})

test('a history holds everything a user has had, oldest first', async () => {
  const recommender = await load()
  const state = recommender.snapshot.read(userId(4))!
  assert.deepEqual(
    [...state.consumed].map((row) => recommender.catalog.idOf(row)),
    alikeTo(4).map(itemId),
  )
  await recommender.close()
})

test('a sequence in the request goes before the history of a known user', async () => {
  const recommender = await load()
  const user = recommender.users.indexOf(userId(4))
  const state = recommender.snapshot.read(userId(4))
  const { indices } = (await recommender.rank(
    { user, state, sequence: Int32Array.of(1) },
    { ...everything, n: 3 },
  ))!
  assert.deepEqual([...indices], [1, 3, 5])
  await recommender.close()
})

test('of a sequence that is too long the last items count', async () => {
  const recommender = await load()
  const rank = async (sequence: readonly number[]) =>
    recommender.rank({ user: -1, state: undefined, sequence: Int32Array.from(sequence) }, everything)
  const last = Array.from({ length: 20 }, (_, i) => (i % 3 === 0 ? 1 : 0))
  assert.deepEqual(await rank([...Array(30).fill(1), ...last]), await rank(last))
  await recommender.close()
})

test('sequences of different lengths are answered together as they are alone', async () => {
  const recommender = await load()
  const sequences = Array.from({ length: 40 }, (_, i) =>
    Int32Array.from({ length: 1 + (i % 19) }, (_, t) => (i * 7 + t * 3) % worldSize),
  )
  const rank = async (sequence: Int32Array) =>
    recommender.rank({ user: -1, state: undefined, sequence }, everything)
  const together = await Promise.all(sequences.map(rank))
  for (const [i, sequence] of sequences.entries()) {
    const alone = (await rank(sequence))!
    assert.deepEqual([...alone.indices], [...together[i]!.indices])
    for (const [r, score] of alone.scores.entries()) {
      assert.ok(Math.abs(score - together[i]!.scores[r]!) <= 1e-5 * Math.abs(score))
    }
  }
  await recommender.close()
})

test('a checkpoint given by its path is named after its class; its provenance is told', async () => {
  const file = join(await writeRecBoleWorld(), 'CORE-Nov-25-2026_10-00-00.pth')
  const version = Date.UTC(2026, 10, 25, 10) / 1000
  assert.deepEqual(await recbole.recognise(file), {
    kind: 'recbole',
    parts: [{ model: 'core', version, path: file }],
  })
  const world = dirname(file)
  assert.equal(await recbole.recognise(join(world, 'dataset', 'world.inter')), undefined)
  for (const [path, [inspection]] of [
    [file, await inspectPath(file)],
    [world, await inspectPath(world)],
  ] as const) {
    assert.equal(inspection?.servable, true, path)
    assert.deepEqual(inspection.provenance, { ids: 'world.inter', histories: 'world.inter' })
    assert.match(toText([inspection]), /ids from +world\.inter\n +histories from +world\.inter/)
  }
})

test('a half-written checkpoint is a version whose load says why, and hides none that is whole', async () => {
  const world = await writeRecBoleWorld()
  const whole = await readFile(join(world, 'CORE-Nov-25-2026_10-00-00.pth'))
  for (const [name, bytes] of [
    ['CORE-Nov-26-2026_10-00-00.pth', whole.subarray(0, whole.length / 2)],
    ['CORE-Nov-27-2026_10-00-00.pth', new Uint8Array(0)],
    ['best.pth', whole.subarray(0, 100)],
  ] as const) {
    await writeFile(join(world, name), bytes)
  }
  const warnings: string[] = []
  const found = await inspectPath(world, { onWarning: (warning) => void warnings.push(warning) })
  assert.deepEqual(
    found.map(({ model, servable }) => [model, servable]),
    [
      ['core', false],
      ['core', false],
      ['core', true],
    ],
  )
  for (const { reason } of found.slice(0, 2)) assert.match(reason!, /CORE-Nov-2[67]/)
  assert.equal(warnings.length, 1)
  assert.match(warnings[0]!, /passed over: best\.pth/)
  const one = await findOneModel(world, (warning) => void warnings.push(warning))
  assert.match(one.directory, /CORE-Nov-25/)
  assert.match(warnings.at(-1)!, /CORE-Nov-27.* is broken/)
})

test('of several models in a folder the one to give is named', async () => {
  const world = await writeRecBoleWorld()
  await copyFile(join(world, 'CORE-Nov-25-2026_10-00-00.pth'), join(world, 'best.pth'))
  await assert.rejects(
    findOneModel(world, () => {}),
    {
      code: 'invalid_argument',
      message:
        /2 models are below .* \(best, core\); give the path of one: .*best\.pth, .*CORE-Nov-25-2026_10-00-00\.pth$/,
    },
  )
})
