/** What one model's process does to the others, and what happens to runs whose callers have left. With real processes. */
import assert from 'node:assert/strict'
import { cpSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { memoryAfterCollection } from '../../../tests/fuzz/memory.js'
import { writeLoopingModel } from '../../../tests/looping-model.js'
import { temporaryFolder } from '../../../tests/temporary.js'
import type { StageEvent } from '../../core/stage-events.js'
import type { AnyTensor } from '../../tensor/any-tensor.js'
import { type Tensor, tensor } from '../../tensor/tensor.js'
import type { GraphSession, RunOptions } from '../engine.js'
import { doubleGraph, endless, loopFeeds, loopGraph, x } from '../graphs.suite.js'
import { onnx } from '../onnx/onnx-engine.js'

const skip = onnx.create().available ? false : 'no inference runtime for this platform'

const directory = writeLoopingModel()
const files = { directory, tags: ['serve'], checksums: true }

type Engine = ReturnType<typeof onnx.create>

/** An engine that is closed when the tests are done, with what it tells. */
function lend(options: { readonly runTimeoutMs?: number } = {}): {
  readonly engine: Engine
  readonly events: StageEvent[]
} {
  const events: StageEvent[] = []
  const engine = onnx.create({ ...options, onEvent: (event) => events.push(event) })
  after(() => engine.close())
  return { engine, events }
}

const openModel = (engine: Engine, name = 'm') => engine.openSavedModel(name, files)

const numberOf = (value: AnyTensor | undefined): number => Number((value as Tensor<'int64'>).data[0])

const count = async (session: GraphSession, options?: RunOptions) =>
  numberOf((await session.run({ signature: 'count', inputs: {} }, options)).count)

const total = async (session: GraphSession) =>
  numberOf((await session.run({ signature: 'total', inputs: {} })).total)

/** Goes round so often; for ever takes far longer than any test may. */
async function loop(session: GraphSession, times: bigint, options?: RunOptions): Promise<number> {
  const inputs = { times: tensor('int64', [], BigInt64Array.of(times)) }
  return numberOf((await session.run({ signature: 'loop', inputs }, options)).rounds)
}
const forEver = 2n ** 62n

/** A model in native code that can run for ever. */
function openNative(engine: Engine): Promise<GraphSession> {
  const folder = temporaryFolder('loop')
  writeFileSync(join(folder, 'm.onnx'), loopGraph().onnx)
  return engine.openOnnxModel('native', { directory: folder, file: 'm.onnx' })
}
const endlessRun = { signature: 'serving_default', inputs: endless }

/** Opens a session and says which process is its own. */
async function withProcess(
  engine: Engine,
  open: () => Promise<GraphSession>,
): Promise<[GraphSession, number]> {
  const before = new Set(engine.processIds)
  const session = await open()
  return [session, engine.processIds.find((id) => !before.has(id))!]
}

const left = new Error('left')

/** A signal that fires once what was asked with it is surely under way. */
function leaveAfter(ms: number): AbortSignal {
  const leaving = new AbortController()
  setTimeout(() => leaving.abort(left), ms)
  return leaving.signal
}

describe('processes of models', { skip }, () => {
  test('each model has its own, which ends with its session; graphs of ours share one', async () => {
    const { engine } = lend()
    await Promise.all([engine.open('a', doubleGraph), engine.open('b', doubleGraph)])
    assert.equal(engine.processIds.length, 1)
    const sessions = await Promise.all([openModel(engine), openModel(engine)])
    assert.equal(new Set(engine.processIds).size, 3)
    for (const session of sessions) await session.close()
    assert.equal(engine.processIds.length, 1)
    await assert.rejects(total(sessions[0]!), { message: "session 'm' is closed" })
  })

  test('a model that cannot be opened leaves no process', async () => {
    const { engine } = lend()
    await assert.rejects(engine.openSavedModel('m', { ...files, directory: '/nowhere' }))
    assert.equal(engine.processIds.length, 0)
  })

  test('a run without end in one model delays no other, whoever runs it', async () => {
    const { engine } = lend()
    const native = await openNative(engine)
    const [loops, counter, shared] = await Promise.all([
      openModel(engine),
      openModel(engine),
      engine.open('ours', doubleGraph),
    ])
    let isOver = false
    const runs = [loop(loops, forEver), native.run(endlessRun)]
    for (const run of runs) run.catch(() => {}).finally(() => (isOver = true))
    await sleep(50)
    assert.equal(await count(counter), 1)
    assert.equal((await shared.run(x(2))).y!.data[0], 4)
    const other = await openModel(engine, 'later')
    assert.equal(await total(other), 0)
    assert.equal(isOver, false)
  })

  test('a death touches one model: the state of others stays', async () => {
    const { engine, events } = lend()
    const [one, id] = await withProcess(engine, () => openModel(engine, 'one'))
    const other = await openModel(engine, 'other')
    for (const session of [one, other]) await count(session)
    process.kill(id, 'SIGKILL')
    const asked = total(one)
    await asked.catch(() => {})
    assert.equal(await total(one), 0)
    assert.equal(await total(other), 1)
    const resets = events.filter(
      (event) => event.type === 'inference_process' && event.state === 'state_reset',
    )
    assert.equal(resets.length, 1)
    assert.match((resets[0] as { message: string }).message, /^'one' was opened again: its state is what/)
  })

  test('a model whose files were away when it had to be opened again is tried again', async () => {
    const folder = join(temporaryFolder('away'), 'model')
    cpSync(directory, folder, { recursive: true })
    const { engine, events } = lend()
    const open = () => engine.openSavedModel('m', { ...files, directory: folder })
    const [model, id] = await withProcess(engine, open)
    renameSync(folder, `${folder}-away`)
    process.kill(id, 'SIGKILL')
    const unavailable = { code: 'unavailable', message: /could not be opened again|died/ }
    await assert.rejects(
      total(model).then(() => total(model)),
      unavailable,
    )
    await assert.rejects(total(model), { code: 'unavailable', message: /could not be opened again/ })
    assert.ok(events.some((event) => event.type === 'inference_process' && event.state === 'reopen_failed'))
    renameSync(`${folder}-away`, folder)
    const answer = async () => total(model).catch(() => undefined)
    let found = await answer()
    for (let waited = 0; found === undefined && waited < 10_000; waited += 100) {
      await sleep(100)
      found = await answer()
    }
    assert.equal(found, 0)
  })

  test('a death under a run that writes does not say to try again, one under another does', async () => {
    const { engine } = lend()
    const [counter, id] = await withProcess(engine, () => openModel(engine))
    assert.equal(counter.signatures.get('count')!.writes, true)
    assert.equal(counter.signatures.get('total')!.writes, undefined)
    process.kill(id, 'SIGSTOP')
    const [writing, reading] = [count(counter), total(counter)]
    process.kill(id, 'SIGKILL')
    await Promise.all([
      assert.rejects(writing, {
        code: 'unavailable',
        message: /died while .*; whether it had changed the model's state is not known, and .* reset/,
      }),
      assert.rejects(reading, { code: 'unavailable', message: /died while .*; try again$/ }),
    ])
  })
})

describe('runs whose callers leave', { skip }, () => {
  test('are not begun any more, and those before and after are', async () => {
    const { engine } = lend()
    const [model, id] = await withProcess(engine, () => openModel(engine))
    // So that all of them wait in it, behind a run that lasts long enough for the thread that hears who leaves.
    process.kill(id, 'SIGSTOP')
    const first = loop(model, 1_000_000n)
    const leaving = Array.from({ length: 50 }, () => new AbortController())
    const answers = Promise.allSettled(leaving.map(({ signal }) => count(model, { signal })))
    for (const [i, controller] of leaving.entries()) if (i % 5 !== 0) controller.abort(left)
    process.kill(id, 'SIGCONT')
    const outcomes = (await answers).map((outcome) =>
      outcome.status === 'fulfilled' ? outcome.value : outcome.reason,
    )
    assert.deepEqual(
      outcomes,
      leaving.map((_, i) => (i % 5 === 0 ? i / 5 + 1 : left)),
    )
    assert.equal(await first, 1_000_000)
    assert.equal(await total(model), 10)
  })

  test('behind a long run are not begun, and the long run ends when its caller leaves', async () => {
    const { engine } = lend()
    const [model, id] = await withProcess(engine, () => openModel(engine))
    const long = loop(model, forEver, { signal: leaveAfter(200) })
    const queued = Array.from({ length: 20 }, () => count(model, { signal: leaveAfter(100) }))
    const wanted = count(model)
    await Promise.all([long, ...queued].map((run) => assert.rejects(run, left)))
    // Answered by the same process, long before the first could have been.
    assert.equal(await wanted, 1)
    assert.equal(await loop(model, 3n), 3)
    assert.ok(engine.processIds.includes(id))
  })

  test('and that have not been sent hold no memory', async () => {
    const { engine } = lend()
    const [model] = await withProcess(engine, () => openModel(engine))
    const staying = new AbortController()
    const long = loop(model, forEver, { signal: staying.signal })
    await sleep(50)
    const megabyte = tensor('float64', [2 ** 17], new Float64Array(2 ** 17))
    const before = await memoryAfterCollection()
    for (let i = 0; i < 200; i++) {
      const leaving = new AbortController()
      const inputs = { times: { ...megabyte, data: megabyte.data.slice() } }
      const run = model.run({ signature: 'loop', inputs }, { signal: leaving.signal })
      await sleep(0)
      leaving.abort(left)
      await assert.rejects(run, left)
    }
    const held = (await memoryAfterCollection()) - before
    assert.ok(held < 20 * 2 ** 20, `${held} bytes are held for callers who have left`)
    staying.abort(left)
    await assert.rejects(long, left)
    assert.equal(await count(model), 1)
  })

  test('end at their deadline, and the process lives on', async () => {
    const { engine } = lend()
    const [loops, id] = await withProcess(engine, () => openModel(engine))
    const late = { code: 'deadline_exceeded' }
    await assert.rejects(loop(loops, forEver, { deadlineMs: 100 }), late)
    await loop(loops, 3n, { deadlineMs: 1e12 })
    const signal = leaveAfter(50)
    await assert.rejects(loop(loops, forEver, { deadlineMs: 20_000, signal }), left)
    await loop(loops, 3n)
    assert.ok(engine.processIds.includes(id))
  })

  test('in native code, end with the run timeout', async () => {
    const { engine } = lend({ runTimeoutMs: 1_500 })
    const session = await engine.open('loop', loopGraph)
    const [id] = engine.processIds
    await assert.rejects(session.run(endless, { signal: leaveAfter(500) }), left)
    assert.equal((await session.run(loopFeeds(2n)).catch(() => session.run(loopFeeds(2n)))).y!.data[0], 2)
    assert.ok(!engine.processIds.includes(id!))
  })
})

describe('closing', { skip }, () => {
  /** An engine whose processes stand still as soon as they are started. */
  function stalled(): { readonly engine: Engine; readonly stall: (on: boolean) => void } {
    let isStalling = false
    const engine = onnx.create({
      onEvent(event) {
        if (event.type !== 'inference_process' || event.state !== 'started' || !isStalling) return
        process.kill(Number(/\d+/.exec(event.message)![0]), 'SIGSTOP')
      },
    })
    return { engine, stall: (on) => (isStalling = on) }
  }

  const soonMs = 5_000
  async function closesSoon(close: () => Promise<void>): Promise<void> {
    const started = performance.now()
    await close()
    assert.ok(performance.now() - started < soonMs)
  }

  test('an engine does not wait for what is being opened', async () => {
    const { engine, stall } = stalled()
    stall(true)
    const openings = [openModel(engine), engine.open('ours', doubleGraph)]
    const refused = openings.map((opening) =>
      assert.rejects(opening, { code: 'unavailable', message: 'the engine is closed' }),
    )
    await sleep(20)
    await closesSoon(() => engine.close())
    await Promise.all(refused)
    await assert.rejects(openModel(engine), { message: 'the engine is closed' })
  })

  test('a session does not wait for its process to start anew', async () => {
    const { engine, stall } = stalled()
    const [counter, id] = await withProcess(engine, () => openModel(engine))
    stall(true)
    process.kill(id, 'SIGKILL')
    await total(counter).catch(() => {})
    const waiting = total(counter)
    waiting.catch(() => {})
    await sleep(20)
    await closesSoon(() => counter.close())
    await assert.rejects(waiting, { code: 'unavailable' })
    await closesSoon(() => engine.close())
  })

  test('a session answers its run under way and waits for none whose caller has left', async () => {
    const { engine } = lend()
    const [counter, loops] = await Promise.all([openModel(engine), openModel(engine)])
    const answers = [loop(loops, 200_000n), count(counter)]
    await loops.close()
    await closesSoon(() => counter.close())
    assert.deepEqual(await Promise.all(answers), [200_000, 1])
    const native = await openNative(engine)
    await assert.rejects(native.run(endlessRun, { signal: leaveAfter(20) }), left)
    await closesSoon(() => native.close())
  })
})
