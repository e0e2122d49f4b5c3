/** What graphs may cost others: an answer too large, an asset that never ends, a run that never ends. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { postJson, type RunningServer, startServer } from '../cli.js'
import { writeLoopingModel } from '../looping-model.js'
import { fixturesRoot, skipWithoutFixtures } from '../project.js'
import { temporaryFolder } from '../temporary.js'

const fixture = (name: string) => join(fixturesRoot, 'tensorflow', name, 'model')

describe('limits of graphs', { skip: skipWithoutFixtures() }, () => {
  let server: RunningServer
  before(async () => {
    const pipe = join(temporaryFolder('pipe'), 'model')
    cpSync(join(fixture('tf1_half_plus_two'), '1'), pipe, { recursive: true })
    execFileSync('chmod', ['-R', 'u+w', pipe])
    rmSync(join(pipe, 'assets', 'foo.txt'))
    execFileSync('mkfifo', [join(pipe, 'assets', 'foo.txt')])
    const names = {
      pipe,
      arrays: fixture('module_array'),
      half: fixture('tf1_half_plus_two'),
      looping: writeLoopingModel(),
    }
    server = await startServer([
      'serve',
      ...Object.entries(names).map(([name, path]) => `--name=${name}=${path}`),
    ])
  })
  after(() => server.stop())

  const half = () => postJson(`${server.url}/v1/models/half:predict`, { instances: [1, 2] })

  test('an asset that is a pipe fails its model and hinders no other', async () => {
    const { models } = (await (await fetch(`${server.url}/readyz`)).json()) as {
      models: { model: string; state: string; error?: string }[]
    }
    const pipe = models.find(({ model }) => model === 'pipe')!
    assert.equal(pipe.state, 'end')
    assert.match(pipe.error!, /assets\/foo\.txt' cannot be read: foo\.txt/)
    assert.equal((await half()).status, 200)
  })

  test('a small request for a huge answer is refused, and the others go on', async () => {
    const rows = Array.from({ length: 6000 }, () => [1, 2, 3, 4])
    const products = { signature_name: 'products', inputs: { a: [rows], b: [rows] } }
    const [huge, other] = await Promise.all([
      postJson(`${server.url}/v1/models/arrays:predict`, products),
      half(),
    ])
    assert.equal(huge.status, 429)
    assert.match(JSON.stringify(huge.body), /the answer has \d+ bytes, more than/)
    assert.equal(other.status, 200)
  })

  test('a run without end delays no other model, and ends when its caller leaves', async () => {
    const url = `${server.url}/v1/models/looping:predict`
    let isAnswered = false
    const endless = request(url, { method: 'POST', agent: false }, () => (isAnswered = true))
    const over = new Promise((resolve) => endless.on('error', resolve).on('close', resolve))
    endless.end(JSON.stringify({ signature_name: 'loop', inputs: { times: 10 ** 12 } }))
    await sleep(200)
    assert.equal((await half()).status, 200)
    assert.equal(isAnswered, false)
    endless.destroy()
    await over
    // Behind the loop it would wait for the run timeout, and be answered 503.
    assert.deepEqual(await postJson(url, { signature_name: 'loop', inputs: { times: 3 } }), {
      status: 200,
      body: { outputs: 3 },
    })
  })
})
