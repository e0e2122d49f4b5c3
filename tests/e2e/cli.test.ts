/** The built CLI as a person uses it: commands, exit codes, a server that is killed, stopped and overloaded. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { postJson, type RunningServer, runCli, startServer } from '../cli.js'
import { fixturesRoot, skipWithoutFixtures } from '../project.js'
import { writeEmbeddings } from '../random-models.js'
import { temporaryFolder } from '../temporary.js'
import { itemId, userId, writeWorld } from '../world.js'

interface Answer {
  readonly items: readonly { readonly item: string; readonly score: number }[]
}

describe('commands', () => {
  let models = ''
  before(async () => {
    models = temporaryFolder('cli')
    for (const algorithm of ['ItemCF', 'UserCF', 'ALS'] as const) await writeWorld(algorithm, models)
  })

  test('recommend answers on standard output, and nothing else', async () => {
    const { code, stdout, stderr } = await runCli([
      'recommend',
      join(models, 'als'),
      '--user',
      userId(4),
      '-n',
      '1',
    ])
    assert.deepEqual([code, stdout, stderr], [0, `${itemId(4)}\t1.00000\n`, ''])
  })

  test('recommend shows titles, tells of a fallback, and answers JSON', async () => {
    const titles = join(models, 'titles.csv')
    await writeFile(titles, `item,title,year\n${itemId(6)},"Six, the book",1990\n`)
    const sequence = [0, 2, 4].map(itemId).join(',')
    const args = ['recommend', join(models, 'als'), '--sequence', sequence, '-n', '1']
    const human = await runCli([...args, '--titles', titles])
    assert.equal(human.stdout, `${itemId(6)}\t1.00000\tSix, the book, 1990\n`)
    assert.match(human.stderr, /fallback: sequence_mean/)
    const { stdout } = await runCli([...args, '--json'])
    assert.deepEqual(JSON.parse(stdout), {
      model: 'als',
      version: 1,
      items: [{ item: itemId(6), score: 1 }],
      fallback: 'sequence_mean',
    })
  })

  test('recommend refuses a folder of several models, a missing one and an unknown user', async () => {
    const several = await runCli(['recommend', models, '--user', '1'])
    assert.equal(several.code, 2)
    assert.match(several.stderr, /3 models are below .*als, itemcf, usercf/)
    const missing = await runCli(['recommend', join(models, 'nothing'), '--user', '1'])
    assert.deepEqual([missing.code, missing.stdout], [1, ''])
    assert.match(missing.stderr, /nothing: no such directory/)
    const unknown = await runCli(['recommend', join(models, 'usercf'), '--user', 'nobody'])
    assert.equal(unknown.code, 1)
    assert.match(
      unknown.stderr,
      /recserve: model 'usercf' \(UserCF\) does not know this user; serve with --fallback popular/,
    )
  })

  test('recommend says of a model that knows no items what to ask it instead', {
    skip: skipWithoutFixtures(),
  }, async () => {
    const { code, stderr } = await runCli([
      'recommend',
      join(fixturesRoot, 'tensorflow/tf1_counter/model'),
      '--user',
      '1',
    ])
    assert.equal(code, 1)
    assert.match(stderr, /\(saved-model\) knows no users and items; ask it for tensors/)
  })

  test('inspect tells what a model is, for people and for programs', async () => {
    const human = await runCli(['inspect', join(models, 'als')])
    assert.equal(human.code, 0)
    assert.match(
      human.stdout,
      /als, version 1\n {2}kind {7}libreco-embed \(ALS\)\n {2}servable {3}yes\n {2}users {6}20/,
    )
    const { stdout } = await runCli(['inspect', models, '--json'])
    const inspections = JSON.parse(stdout) as {
      model: string
      servable: boolean
      summary: { items: number }
    }[]
    assert.deepEqual(
      inspections.map(({ model, servable, summary }) => [model, servable, summary.items]),
      [
        ['als', true, 20],
        ['itemcf', true, 20],
        ['usercf', true, 20],
      ],
    )
  })

  test('inspect says exactly why a model cannot be served', async () => {
    const broken = await writeWorld('ALS', join(models, '.broken'))
    await writeFile(join(broken, 'user_embed.json'), '{"0":[1,2,3]')
    const { code, stdout } = await runCli(['inspect', broken])
    assert.equal(code, 1)
    assert.match(stdout, /servable {3}no: user_embed\.json: .*byte 12/)
  })

  test('a folder without models ends serve with a reason', async () => {
    const empty = temporaryFolder('empty')
    const { code, stderr } = await runCli(['serve', empty])
    assert.equal(code, 1)
    assert.match(stderr, /no model found below/)
  })

  test('a port that is in use is told, with the way out', async () => {
    const server = await startServer(['serve', join(models, 'als')])
    const { port } = new URL(server.url)
    const { code, stderr } = await runCli(['serve', join(models, 'als'), '--http-port', port])
    assert.equal(code, 1)
    assert.match(
      stderr,
      new RegExp(`port ${port} on 127\\.0\\.0\\.1 is in use; choose another with --http-port`),
    )
    assert.equal(await server.stop('SIGINT'), 0)
  })
})

describe('a server with a broken model', () => {
  test('serves the others and says what is wrong', async () => {
    const models = temporaryFolder('cli')
    await writeWorld('ALS', models)
    const broken = await writeWorld('UserCF', models)
    await writeFile(join(broken, 'sim.json'), '{"0":[[99,1]]}')
    const server = await startServer(['serve', models])
    const response = await fetch(`${server.url}/readyz`)
    assert.equal(response.status, 200)
    const body = (await response.json()) as { models: { model: string; state: string; error?: string }[] }
    assert.deepEqual(
      body.models.map(({ model, state }) => [model, state]),
      [
        ['als', 'available'],
        ['usercf', 'end'],
      ],
    )
    assert.match(body.models[1]!.error!, /^sim\.json: .*99/)
    const refused = await postJson(`${server.url}/v1/recommend/usercf`, { user: userId(0) })
    assert.equal(refused.status, 503)
    assert.doesNotMatch(JSON.stringify(body), /recserve-cli/, 'no path leaves the process')
    await server.stop()
  })
})

/** Large enough that it is searched in the inference process. */
const size = { users: 500, items: 3_000, width: 64, consumed: 50 }

describe('a server under load', () => {
  let server: RunningServer
  let directory = ''
  before(async () => {
    directory = await writeEmbeddings(size)
    server = await startServer(['serve', '--name', `big=${directory}`])
  })
  after(async () => {
    await server.stop('SIGKILL')
    await rm(directory, { recursive: true })
  })

  const ask = (user: number, n = 10) => postJson(`${server.url}/v1/recommend/big`, { user, n })

  test('answers many at once as it answers one', async () => {
    const users = Array.from({ length: 100 }, (_, i) => i)
    const together = await Promise.all(users.map((user) => ask(user)))
    for (const user of users) {
      const alone = (await ask(user)).body as Answer
      const batched = together[user]!.body as Answer
      for (const [i, { score }] of alone.items.entries()) {
        assert.ok(Math.abs(score - batched.items[i]!.score) <= 1e-5 * Math.abs(score))
      }
    }
  })

  test('outlives its inference process: what was in it is unavailable, the rest is answered', async () => {
    const inferencePid = childOf(server.pid)
    const outcomes: number[] = []
    const client = async () => {
      for (let i = 0; i < 40; i++) outcomes.push((await ask(i)).status)
    }
    const clients = Promise.all(Array.from({ length: 16 }, client))
    await new Promise((resolve) => setTimeout(resolve, 50))
    process.kill(inferencePid, 'SIGKILL')
    await clients
    assert.equal(outcomes.length, 640)
    assert.ok(
      outcomes.every((status) => status === 200 || status === 503),
      `${new Set(outcomes)}`,
    )
    const failed = outcomes.filter((status) => status === 503).length
    assert.ok(failed <= 16, `${failed} failed, 16 were in flight`)
    assert.equal((await ask(1)).status, 200)
    assert.notEqual(childOf(server.pid), inferencePid)
    const metrics = await (await fetch(`${server.url}/metrics`)).text()
    assert.match(metrics, /recserve_inference_process_deaths_total 1/)
    assert.match(
      metrics,
      /recserve_requests_total\{model="big",version="1",wire="native",route="\/v1\/recommend\/:model",code="ok"\} \d+/,
    )
    assert.match(metrics, /recserve_batch_size_count [1-9]/)
  })

  test('SIGTERM: every request that was accepted is answered, and the exit code is 0', async () => {
    let answered = 0
    // Each goes on until the server says that it closes; whoever connected anew after that would come too late.
    const client = async () => {
      for (let isOpen = true; isOpen; answered++) {
        const body = JSON.stringify({ user: answered % size.users, n: 100 })
        const response = await fetch(`${server.url}/v1/recommend/big`, { method: 'POST', body })
        assert.equal(response.status, 200)
        assert.equal(((await response.json()) as Answer).items.length, 100)
        isOpen = response.headers.get('connection') !== 'close'
      }
    }
    const clients = Promise.all(Array.from({ length: 16 }, client))
    await new Promise((resolve) => setTimeout(resolve, 200))
    assert.equal(await server.stop('SIGTERM'), 0)
    await clients
    assert.ok(answered > 32, `${answered} requests were answered`)
  })
})

/** The id of a process' only child. */
function childOf(pid: number): number {
  const [child = '', ...others] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
  assert.deepEqual(others, [])
  return Number(child)
}
