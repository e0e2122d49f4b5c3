/** Broken SavedModels beside good ones: the good ones serve, and of each broken one it is said what is wrong with it. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { postJson, type RunningServer, startServer } from '../cli.js'
import { fixturesRoot, skipWithoutFixtures } from '../project.js'

const skip = skipWithoutFixtures()
const root = join(fixturesRoot, 'tensorflow')

/** What is said of each; what TensorFlow says is in the fixtures' bad/README.md. */
const faults: Readonly<Record<string, RegExp>> = {
  bad_magic_index: /variables\.index: .*magic number is wrong/,
  corrupt_pb: /saved_model\.pb: .* \(at byte \d+\)/,
  dangling_signature: /'serving_default': Tensor NoSuchNode:0.* was not found in the Graph/,
  empty_index: /variables\.index: is empty/,
  missing_data_shard: /variables\.data-00000-of-00001: no such file/,
  missing_function: /function '\w+', which the graph lacks/,
  missing_index: /variables\.index: no such file/,
  missing_variables: /variables\.index: no such file/,
  no_signatures: /has no signature/,
  output_index: /'serving_default': Node 'StatefulPartitionedCall' .* does not have output 7/,
  text_pb: /saved_model\.pb: .*\(at byte 1\)/,
  truncated_data: /variables\.data-00000-of-00001: is cut short/,
  truncated_pb: /saved_model\.pb: 13244 bytes should follow, but 8827 are left/,
  unknown_op: /ops that recserve does not have: MyCompanyFancyRelu/,
  wrong_crc_data: /variables\.data-00000-of-00001: the checksum of .* does not match/,
  wrong_crc_index: /variables\.index: the checksum of the block at byte 0 does not match/,
  wrong_shape: /shape \[99,2\], but its value has the shape \[64,2\]/,
  wrong_tags: /no meta graph with the tags \{ serve \}; it has the tag sets \{ train \}/,
  empty_version: /nothing in this folder is a model/,
  missing_saved_model: /nothing in this folder is a model/,
  no_versions: /nothing in this folder is a model/,
  zero_length_pb: /saved_model\.pb: is empty/,
}

/** Folders in which nothing is a model: they are tried because they are named. */
const empty = ['empty_version', 'missing_saved_model', 'no_versions']

interface Model {
  readonly model: string
  readonly state: string
  readonly error?: string
}

describe('broken SavedModels', { skip }, () => {
  let server: RunningServer
  let models: ReadonlyMap<string, Model>
  before(async () => {
    server = await startServer([
      'serve',
      join(root, 'bad'),
      `--name=neumf=${join(root, 'rec_neumf_keras', 'model')}`,
      ...empty.map((name) => `--name=${name}=${join(root, 'bad', name)}`),
    ])
    const response = await fetch(`${server.url}/readyz`)
    assert.equal(response.status, 200)
    models = new Map(((await response.json()) as { models: Model[] }).models.map((one) => [one.model, one]))
  })
  after(() => server?.stop('SIGKILL'))

  test('the good ones beside them serve', async () => {
    const good = [...models.values()].filter(({ state }) => state === 'available').map(({ model }) => model)
    assert.deepEqual(good.sort(), ['good', 'neumf'])
    const rows = { instances: [{ user_id: 1, item_id: 2 }] }
    const { status, body } = await postJson(`${server.url}/v1/models/neumf:predict`, rows)
    assert.equal(status, 200)
    assert.equal((body as { predictions: number[][] }).predictions.flat().length, 1)
  })

  test('all of them were tried', () => {
    assert.deepEqual([...models.keys()].sort(), [...Object.keys(faults), 'good', 'neumf'].sort())
  })

  for (const [name, fault] of Object.entries(faults)) {
    test(`${name}: says what is wrong, in the state and to clients, and never where`, async () => {
      const { state, error } = models.get(name)!
      assert.equal(state, 'end')
      assert.match(error!, fault)
      const status = await (await fetch(`${server.url}/v1/models/${name}`)).text()
      assert.match(status, /"state": "END"/)
      assert.match(JSON.parse(status).model_version_status[0].status.error_message, fault)
      const refused = await postJson(`${server.url}/v1/models/${name}:predict`, { instances: [1] })
      assert.ok(refused.status >= 400, `${refused.status}`)
      for (const text of [error!, status, JSON.stringify(refused.body)]) {
        assert.ok(!text.includes(fixturesRoot) && !text.includes('/bad/'), text)
      }
    })
  }

  test('each is known to be broken within a second', () => {
    const failures = logged().filter(({ msg }) => msg === 'model failed to load')
    assert.equal(failures.length, Object.keys(faults).length)
    for (const { model, duration_ms } of failures)
      assert.ok(duration_ms! < 1000, `${model}: ${duration_ms} ms`)
  })

  const logged = () =>
    server.output.stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { msg: string; model?: string; duration_ms?: number })
})
