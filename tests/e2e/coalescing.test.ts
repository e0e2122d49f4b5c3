/** Many clients ask a served SavedModel at once, by the built CLI: each gets what it would get alone. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type RunningServer, startServer } from '../cli.js'
import { fixturesRoot, skipWithoutFixtures } from '../project.js'

const root = join(fixturesRoot, 'tensorflow')
const models = ['tf1_half_plus_two', 'rec_neumf_keras', 'tf1_echo', 'tf1_counter']
const users = 30
const clients = 64

describe('a server that coalesces', { skip: skipWithoutFixtures() }, () => {
  let joining: RunningServer
  let plain: RunningServer
  before(async () => {
    const paths = models.flatMap((name) => ['--name', `${name}=${join(root, name, 'model')}`])
    ;[joining, plain] = await Promise.all([
      startServer(['serve', ...paths]),
      startServer(['serve', ...paths, '--coalesce', 'off']),
    ])
  })
  after(() => Promise.all([joining.stop(), plain.stop()]))

  const ask = async (server: RunningServer, model: string, body: unknown) => {
    const response = await fetch(`${server.url}/v1/models/${model}:predict`, {
      method: 'POST',
      body: JSON.stringify(body),
    })
    return { status: response.status, body: await response.text() }
  }
  /** The answers of clients that all ask at once, to the server that joins, and each alone to the one that does not. */
  async function compare(model: string, bodies: readonly unknown[]) {
    const together = await Promise.all(bodies.map((body) => ask(joining, model, body)))
    const alone: typeof together = []
    for (const body of bodies) alone.push(await ask(plain, model, body))
    return { together, alone }
  }
  const bodies = <T>(toBody: (client: number) => T) => Array.from({ length: clients }, (_, i) => toBody(i))

  test('answers the same bytes as to each alone', async () => {
    const { together, alone } = await compare(
      'tf1_half_plus_two',
      bodies((i) => ({ instances: Array.from({ length: 1 + (i % 3) }, (_, row) => [i + row / 8]) })),
    )
    assert.deepEqual(together, alone)
    assert.ok(alone.every(({ status }) => status === 200))
  })

  test('answers the same texts', async () => {
    const { together, alone } = await compare(
      'tf1_echo',
      bodies((i) => ({ instances: [`client ${i}`, 'ü'.repeat(i)] })),
    )
    assert.deepEqual(together, alone)
    assert.ok(alone.every(({ status }) => status === 200))
  })

  test('refuses an id that is not there to the one who asks for it, and answers the others', async () => {
    const ids = (i: number) => ({ user_id: i % 16 === 7 ? 1_000_000 : i % users, item_id: i % 10 })
    const { together, alone } = await compare(
      'rec_neumf_keras',
      bodies((i) => ({ instances: [ids(i)] })),
    )
    for (const [i, { status, body }] of together.entries()) {
      assert.equal(status, i % 16 === 7 ? 400 : 200, body)
      assert.equal(status, alone[i]!.status)
      if (status !== 200) assert.equal(body, alone[i]!.body)
      else {
        const [score, expected] = [body, alone[i]!.body].map(
          (text) => JSON.parse(text).predictions[0][0] as number,
        )
        assert.ok(Math.abs(score! - expected!) <= 1e-5 * Math.abs(expected!) + 1e-6, `${score} ${expected}`)
      }
    }
  })

  test('counts every request of a model that counts', async () => {
    const count = { signature_name: 'incr_counter_by', inputs: { delta: 1 } }
    const counts = await Promise.all(bodies(() => ask(joining, 'tf1_counter', count)))
    const sorted = counts.map(({ body }) => JSON.parse(body).outputs as number).sort((a, b) => a - b)
    assert.deepEqual(
      sorted,
      Array.from({ length: clients }, (_, i) => i + 1),
    )
  })
})
