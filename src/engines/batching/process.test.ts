/** Batching before real inference processes: how many runs they get, and what dies of what. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fixturesRoot, skipWithoutFixtures } from '../../../tests/project.js'
import type { NamedAnyTensors } from '../../tensor/any-tensor.js'
import { tensor } from '../../tensor/tensor.js'
import type { GraphSession, SignatureRun } from '../engine.js'
import { onnx } from '../onnx/onnx-engine.js'
import { createBatchingSession, defaultBatching } from './batching-session.js'

const root = join(fixturesRoot, 'tensorflow')
const signature = 'serving_default'

describe('batching before an inference process', { skip: skipWithoutFixtures() }, () => {
  const engine = onnx.create()
  let inner: GraphSession
  let session: GraphSession
  /** What the process was asked. */
  const runs: SignatureRun[] = []
  before(async () => {
    const directory = join(root, 'rec_neumf_keras', 'model', '1')
    inner = await engine.openSavedModel('neumf', { directory, tags: ['serve'], checksums: true })
    const counting: GraphSession = {
      ...inner,
      run: (run, options) => {
        runs.push(run)
        return inner.run(run, options)
      },
    }
    session = createBatchingSession(counting, { ...defaultBatching, maxEnqueuedBatches: 10 })
  })
  after(async () => {
    await session.close()
    await engine.close()
  })

  const ids = (id: number) => tensor('int32', [1], Int32Array.of(id))
  const pair = (user: number, item: number) => ({
    signature,
    inputs: { user_id: ids(user), item_id: ids(item) },
  })

  test('tells by the signature that its rows may be joined', () => {
    assert.equal(inner.signatures.get(signature)!.rowWise, true)
  })

  test('many requests are few runs, and each answer is the one that a run of its own gives', async () => {
    const asked = Array.from({ length: 64 }, (_, i) => pair(i % 30, i % 10))
    const scoreOf = ({ score }: NamedAnyTensors) => (score!.data as Float32Array)[0]!
    const alone: number[] = []
    for (const run of asked) alone.push(scoreOf(await inner.run(run)))
    runs.length = 0
    const answers = await Promise.all(asked.map((run) => session.run(run)))
    assert.equal(runs.length, 1)
    for (const [i, found] of answers.map(scoreOf).entries()) {
      const expected = alone[i]!
      assert.ok(Math.abs(found - expected) <= 1e-5 * Math.abs(expected) + 1e-6, `${i}: ${found} ${expected}`)
    }
  })

  test('an id out of range fails alone', async () => {
    const answers = await Promise.allSettled(
      [pair(1, 1), pair(1_000_000, 1), pair(2, 2)].map((run) => session.run(run)),
    )
    assert.deepEqual(
      answers.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    )
  })
})
