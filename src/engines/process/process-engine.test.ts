import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { StageEvent } from '../../core/stage-events.js'
import { doubleGraph, endless, loopFeeds, loopGraph, x } from '../graphs.suite.js'
import { onnx } from '../onnx/onnx-engine.js'

const skip = onnx.create().available ? false : 'no inference runtime for this platform'

type Engine = ReturnType<typeof onnx.create>

const died = { code: 'unavailable', message: /died while this request was in it; try again/ }

function kill(engine: Engine, signal: NodeJS.Signals = 'SIGKILL'): void {
  process.kill(engine.processIds[0]!, signal)
}

function isAlive(id: number): boolean {
  try {
    // Ended, but not yet fetched by the parent it got: some containers' first process never does.
    if (/\) Z /.test(readFileSync(`/proc/${id}/stat`, 'utf8'))) return false
  } catch {
    // No such process, or no such file system.
  }
  try {
    return process.kill(id, 0)
  } catch {
    return false
  }
}

async function until(holds: () => boolean, withinMs = 5_000): Promise<void> {
  for (const end = performance.now() + withinMs; !holds(); await sleep(10)) {
    assert.ok(performance.now() < end, `not within ${withinMs} ms: ${holds}`)
  }
}

describe('the inference process', { skip }, () => {
  test('is started with the first session, and gone after close', async () => {
    const engine = onnx.create()
    assert.equal(engine.processIds[0], undefined)
    await engine.open('test', doubleGraph)
    const id = engine.processIds[0]!
    assert.ok(isAlive(id))
    await engine.close()
    assert.ok(!isAlive(id))
  })

  test('killed under load, fails the runs in it and no others', async () => {
    const events: StageEvent[] = []
    const engine = onnx.create({ onEvent: (event) => events.push(event) })
    const sessions = await Promise.all([engine.open('a', loopGraph), engine.open('b', loopGraph)])
    const run = (i: number) => sessions[i % 2]!.run(loopFeeds(BigInt(i)))
    const inIt = Array.from({ length: 50 }, (_, i) => run(10_000 + i))
    await run(0).then(() => {})
    const before = engine.processIds[0]
    const stillInIt = Array.from({ length: 50 }, (_, i) => run(10_000 + i))
    kill(engine)
    const outcomes = await Promise.allSettled([...inIt, ...stillInIt])
    const reasons = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []))
    assert.equal(outcomes[0]!.status, 'fulfilled')
    assert.ok(reasons.length > 0)
    for (const reason of reasons) assert.match(reason.message, died.message)

    const after = await Promise.all(Array.from({ length: 50 }, (_, i) => run(i)))
    assert.deepEqual(
      after.map((answer) => answer.y!.data[0]),
      Array.from(after.keys()),
    )
    assert.notEqual(engine.processIds[0], before)
    await engine.close()
    const told = events.map((event) => event.type === 'inference_process' && event.state)
    assert.deepEqual(told, ['started', 'died', 'started', 'stopped'])
    assert.ok(events.some((event) => 'message' in event && event.message?.endsWith('was ended by SIGKILL')))
  })

  test('is given up when a run takes too long, and the next run is answered by another', async () => {
    const engine = onnx.create({ runTimeoutMs: 300 })
    const session = await engine.open('test', loopGraph)
    const first = engine.processIds[0]!
    await assert.rejects(session.run(endless), died)
    const { y } = await session.run(loopFeeds(7n))
    assert.equal(y!.data[0], 7)
    assert.ok(!isAlive(first))
    await engine.close()
  })

  test('has its time counted for each run, not for the runs before it', async () => {
    const engine = onnx.create({ runTimeoutMs: 1_500 })
    const session = await engine.open('test', loopGraph)
    const start = performance.now()
    await session.run(loopFeeds(100_000n))
    const count = Math.ceil(2_200 / (performance.now() - start))
    await Promise.all(Array.from({ length: count }, () => session.run(loopFeeds(100_000n))))
    await engine.close()
  })

  test('that dies again and again has runs refused until a start succeeds', async () => {
    const engine = onnx.create({ onEvent: (event) => killAtStart(event) })
    let kills = 0
    function killAtStart(event: StageEvent): void {
      const id =
        event.type === 'inference_process' && event.state === 'started' ? /\d+/.exec(event.message) : null
      if (id && kills > 0 && kills-- > 0) process.kill(Number(id[0]), 'SIGKILL')
    }
    const session = await engine.open('test', doubleGraph)
    kills = 5
    kill(engine)
    await until(() => kills === 0)
    await assert.rejects(session.run(x(1)), { code: 'unavailable', message: /keeps dying/ })
    await until(() => engine.processIds[0] !== undefined)
    assert.equal((await session.run(x(1))).y!.data[0], 2)
    await engine.close()
  })

  test('reopens every session that can be, and the others say why not', async () => {
    const engine = onnx.create()
    let builds = 0
    const once = await engine.open('once', () => {
      if (++builds > 1) throw new Error('the file is gone')
      return doubleGraph()
    })
    const always = await engine.open('always', doubleGraph)
    kill(engine)
    await assert.rejects(once.run(x(1)), died)
    assert.equal((await always.run(x(1))).y!.data[0], 2)
    assert.equal(builds, 2)
    await assert.rejects(once.run(x(1)), { code: 'unavailable', message: /could not be opened again/ })
    await engine.close()
  })

  test('is not started again for nobody', async () => {
    const engine = onnx.create()
    const session = await engine.open('test', doubleGraph)
    await session.close()
    kill(engine)
    await until(() => engine.processIds[0] === undefined)
    await sleep(150)
    assert.equal(engine.processIds[0], undefined)
    await engine.open('test', doubleGraph)
    await engine.close()
  })

  test('leaves Ctrl-C and termination to its parent', async () => {
    const engine = onnx.create()
    const session = await engine.open('test', doubleGraph)
    const id = engine.processIds[0]
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) kill(engine, signal)
    assert.equal((await session.run(x(1))).y!.data[0], 2)
    assert.equal(engine.processIds[0], id)
    await engine.close()
  })

  test('does not get the environment, which holds keys', { skip: process.platform !== 'linux' }, async () => {
    process.env.RECSERVE_TEST_KEY = 'secret'
    const engine = onnx.create()
    await engine.open('test', doubleGraph)
    const environment = readFileSync(`/proc/${engine.processIds[0]}/environ`, 'utf8')
    await engine.close()
    delete process.env.RECSERVE_TEST_KEY
    assert.ok(!environment.includes('secret'))
  })

  test('has the threads it is to have', { skip: process.platform !== 'linux' }, async () => {
    const threadsWith = async (options: Parameters<typeof onnx.create>[0]) => {
      const engine = onnx.create(options)
      const session = await engine.open('test', doubleGraph)
      assert.equal((await session.run(x(1))).y!.data[0], 2)
      const count = readdirSync(`/proc/${engine.processIds[0]}/task`).length
      await engine.close()
      return count
    }
    const alone = await threadsWith({ intraOpThreads: 1 })
    assert.equal(await threadsWith({ intraOpThreads: 4 }), alone + 3)
    assert.ok((await threadsWith({ intraOpThreads: 1, interOpThreads: 3 })) > alone)
  })

  for (const [what, feeds] of [
    ['idle', undefined],
    ['in an endless run', 'endless'],
  ] as const) {
    test(`${what}, does not outlive a parent that is killed`, async () => {
      const parent = spawn(process.execPath, ['--input-type=module', '-e', parentScript(feeds)])
      const [line] = await readLines(parent.stdout, 1)
      const id = Number(line)
      assert.ok(isAlive(id))
      if (feeds) await sleep(200)
      parent.kill('SIGKILL')
      await until(() => !isAlive(id))
    })
  }
})

/** A program that opens a session, prints its inference process' id, and stays; with feeds, in a run of them. */
function parentScript(feeds: string | undefined): string {
  const url = (path: string) => JSON.stringify(new URL(path, import.meta.url))
  return `
    import { onnx } from ${url('../onnx/onnx-engine.js')}
    import { endless, loopGraph } from ${url('../graphs.suite.js')}
    const engine = onnx.create()
    const session = await engine.open('test', loopGraph)
    console.log(engine.processIds[0])
    await ${feeds ? `session.run(${feeds})` : 'new Promise(() => setInterval(() => {}, 1000))'}`
}

async function readLines(stream: NodeJS.ReadableStream, count: number): Promise<readonly string[]> {
  const lines: string[] = []
  for await (const line of createInterface({ input: stream })) if (lines.push(line) === count) break
  return lines
}
