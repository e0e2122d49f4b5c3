/** A session of known answers behind the one under test; each of its runs ends when the test says so. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { RecserveError } from '../../core/errors.js'
import type { SignatureSpec } from '../../core/signature.js'
import type { NamedAnyTensors } from '../../tensor/any-tensor.js'
import { tensor } from '../../tensor/tensor.js'
import type { GraphSession, RunOptions, SignatureRun } from '../engine.js'
import { type BatchingOptions, createBatchingSession } from './batching-session.js'

interface Run {
  readonly asked: SignatureRun
  readonly signal: AbortSignal | undefined
  /** Answers ten times x, or refuses rows that are negative. */
  finish(): void
  fail(error: Error): void
}

const float = (shape: readonly number[] | undefined) => ({ name: 'x:0', dtype: 'float32', shape })

function specOf(name: string, rest: Partial<SignatureSpec> = {}): SignatureSpec {
  const inputs = new Map([['x', float([-1, -1])]])
  const outputs = new Map([
    ['y', float([-1, -1])],
    ['z', float([-1, -1])],
  ])
  return { name, methodName: 'tensorflow/serving/predict', inputs, outputs, rowWise: true, ...rest }
}

const specs = [
  specOf('tenfold'),
  specOf('writing', { writes: true }),
  specOf('mixing', { rowWise: false }),
].concat(specOf('narrow', { inputs: new Map([['x', float([-1, 2])]]) }))

function tenfold({ inputs }: SignatureRun, summed = false): NamedAnyTensors {
  const { shape, data } = inputs.x as ReturnType<typeof x>
  if (data.some((value) => value < 0)) throw new RecserveError('invalid_argument', 'a row is negative')
  const y = data.map((value) => value * 10)
  return { y: summed ? tensor('float32', [], y.slice(0, 1)) : tensor('float32', shape, y) }
}

function sessionUnderTest(options: Partial<BatchingOptions> & { readonly summed?: boolean } = {}) {
  const { summed, ...rest } = options
  const runs: Run[] = []
  const inner: GraphSession = {
    signatures: new Map(specs.map((spec) => [spec.name, spec])),
    unservable: new Map(),
    run: (asked, { signal }: RunOptions = {}) =>
      new Promise((resolve, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason))
        const finish = () => {
          try {
            resolve(tenfold(asked, summed))
          } catch (error) {
            reject(error)
          }
        }
        runs.push({ asked, signal, finish, fail: reject })
      }),
    close: async () => {},
  }
  const limits = { maxBatchSize: 8, batchTimeoutMicros: 0, maxEnqueuedBatches: 100, maxRunning: 1 }
  const session = createBatchingSession(inner, { ...limits, ...rest })
  const ask = (
    inputs: NamedAnyTensors,
    more: RunOptions & Partial<Pick<SignatureRun, 'signature' | 'outputs'>> = {},
  ) => {
    const { signature = 'tenfold', outputs, ...how } = more
    return session.run({ signature, inputs, ...(outputs && { outputs }) }, how)
  }
  return { session, runs, ask, sizes: () => runs.map(({ asked }) => asked.inputs.x!.shape[0]) }
}

/** Rows of one column. */
const x = (...values: readonly number[]) => tensor('float32', [values.length, 1], Float32Array.from(values))
const tens = async (answer: Promise<NamedAnyTensors>) => Array.from((await answer).y!.data as Float32Array)

const turns = async (): Promise<void> => {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve))
}

/** Finishes every run until no more begin. */
async function finishAll(runs: readonly Run[], from = 0): Promise<void> {
  await turns()
  for (let i = from; i < runs.length; i++) {
    runs[i]!.finish()
    await turns()
  }
}

describe('requests that can be joined', () => {
  test('share a run, and each gets its own rows', async () => {
    const { ask, runs, sizes } = sessionUnderTest()
    const answers = [ask({ x: x(1) }), ask({ x: x(2, 3) }), ask({ x: x(4) })]
    await finishAll(runs)
    assert.deepEqual(await Promise.all(answers.map(tens)), [[10], [20, 30], [40]])
    assert.deepEqual((await answers[1]!).y!.shape, [2, 1])
    assert.deepEqual(sizes(), [4])
  })

  test('make up the next run when they come during one, as many rows as allowed', async () => {
    const { ask, runs, sizes } = sessionUnderTest()
    const answers = [ask({ x: x(0) })]
    await turns()
    for (let i = 1; i <= 9; i++) answers.push(ask({ x: x(i, i) }))
    await finishAll(runs)
    assert.deepEqual(sizes(), [1, 8, 8, 2])
    assert.deepEqual(await tens(answers[9]!), [90, 90])
  })

  test('are sent ahead of a run under way once their batch is full, as many as allowed', async () => {
    const { ask, runs, sizes } = sessionUnderTest({ maxRunning: 3, maxBatchSize: 2 })
    const answers = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((i) => ask({ x: x(i) }))
    await turns()
    assert.deepEqual(sizes(), [2, 2, 2])
    runs[0]!.finish()
    await turns()
    assert.deepEqual(sizes(), [2, 2, 2, 2])
    for (const run of runs.slice(1)) run.finish()
    await turns()
    assert.deepEqual(sizes(), [2, 2, 2, 2, 1])
    runs[4]!.finish()
    assert.deepEqual((await Promise.all(answers.map(tens))).flat(), [10, 20, 30, 40, 50, 60, 70, 80, 90])
  })

  test('are not overtaken for ever by those that run alone', async () => {
    const { ask, runs } = sessionUnderTest({ maxRunning: 2 })
    const mixing = { signature: 'mixing' }
    const answers = [ask({ x: x(1) }, mixing), ask({ x: x(2) }), ask({ x: x(3) }, mixing), ask({ x: x(4) })]
    await turns()
    assert.equal(runs.length, 1)
    await finishAll(runs)
    assert.deepEqual(await Promise.all(answers.map(tens)), [[10], [20], [30], [40]])
    assert.deepEqual(
      runs.map(({ asked }) => [asked.signature, asked.inputs.x!.shape[0]]),
      [
        ['mixing', 1],
        ['tenfold', 2],
        ['mixing', 1],
      ],
    )
  })

  test('a lone one begins in the next turn of the loop and travels as it is', async () => {
    const { ask, runs } = sessionUnderTest()
    const inputs = { x: x(1) }
    const answer = ask(inputs)
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(runs[0]!.asked.inputs, inputs)
    runs[0]!.finish()
    assert.deepEqual(await tens(answer), [10])
  })

  test('wait for company where they are told to, until there is no room', async () => {
    const { ask, runs, sizes } = sessionUnderTest({ batchTimeoutMicros: 60e6, maxBatchSize: 2 })
    const answers = [ask({ x: x(1) })]
    await turns()
    assert.deepEqual(sizes(), [])
    answers.push(ask({ x: x(2) }))
    await finishAll(runs)
    assert.deepEqual(sizes(), [2])
    assert.deepEqual(await Promise.all(answers.map(tens)), [[10], [20]])
  })

  test('wait for company where they are told to, until there is no time', async () => {
    const { ask, runs, sizes } = sessionUnderTest({ batchTimeoutMicros: 20_000 })
    const begun = performance.now()
    const answers = [ask({ x: x(1) }), ask({ x: x(2) })]
    while (runs.length === 0 && performance.now() - begun < 10_000) await sleep(1)
    assert.ok(performance.now() - begun >= 20)
    await finishAll(runs)
    assert.deepEqual(sizes(), [2])
    assert.deepEqual(await Promise.all(answers.map(tens)), [[10], [20]])
  })
})

describe('requests that must not be joined', () => {
  const alone = [
    ['other signature', { signature: 'narrow' }, { x: tensor('float32', [1, 2], Float32Array.of(1, 2)) }],
    ['other outputs', { outputs: ['y'] }, { x: x(1) }],
    ['other shape of a row', {}, { x: tensor('float32', [1, 2], Float32Array.of(1, 2)) }],
    ['other rank than declared', {}, { x: tensor('float32', [1], Float32Array.of(1)) }],
    ['other size than declared', { signature: 'narrow' }, { x: x(1) }],
    ['no rows', {}, { x: tensor('float32', [0, 1], new Float32Array(0)) }],
    ['more rows than a batch may have', {}, { x: x(1, 2, 3, 4, 5, 6, 7, 8, 9) }],
    ['a signature that mixes rows', { signature: 'mixing' }, { x: x(1) }],
    ['a signature that writes', { signature: 'writing' }, { x: x(1) }],
  ] as const
  for (const [what, how, inputs] of alone) {
    test(what, async () => {
      const { ask, runs, sizes } = sessionUnderTest()
      const isMixed = 'signature' in how && how.signature !== 'narrow'
      const answers = [ask({ x: x(5) }), ask(inputs, how), isMixed ? ask(inputs, how) : ask({ x: x(6) })]
      await finishAll(runs)
      await Promise.all(answers)
      assert.equal(runs.length, isMixed ? 3 : 2)
      assert.deepEqual(sizes().includes(inputs.x.shape[0]), true)
      assert.deepEqual(await tens(answers[0]!), [50])
    })
  }

  test('a session without any signature of rows is left as it is', () => {
    const { session } = sessionUnderTest()
    const signatures = new Map([['mixing', specs[2]!]])
    const plain = { ...session, signatures, run: session.run, close: session.close }
    assert.equal(
      createBatchingSession(plain, {
        maxBatchSize: 8,
        batchTimeoutMicros: 0,
        maxEnqueuedBatches: 1,
        maxRunning: 1,
      }),
      plain,
    )
  })

  test('answers that have not a row for every row asked are asked for again, one by one, and from then on', async () => {
    const { ask, runs, sizes } = sessionUnderTest({ summed: true })
    const answers = [ask({ x: x(1) }), ask({ x: x(2) })]
    await finishAll(runs)
    assert.deepEqual(await Promise.all(answers.map(tens)), [[10], [20]])
    assert.deepEqual(sizes(), [2, 1, 1])
    const more = [ask({ x: x(3) }), ask({ x: x(4) })]
    await finishAll(runs, 3)
    assert.deepEqual(await Promise.all(more.map(tens)), [[30], [40]])
    assert.deepEqual(sizes().slice(3), [1, 1])
  })
})

describe('a request that fails', () => {
  test('fails alone: its mates get their answers', async () => {
    const { ask, runs } = sessionUnderTest()
    const answers = [ask({ x: x(1) }), ask({ x: x(-1) }), ask({ x: x(2) })]
    const settled = Promise.allSettled(answers)
    await finishAll(runs)
    const [first, bad, last] = await settled
    assert.equal(bad!.status === 'rejected' && bad!.reason.message, 'a row is negative')
    assert.deepEqual([first!.status, last!.status], ['fulfilled', 'fulfilled'])
    assert.deepEqual(await tens(answers[2]!), [20])
  })

  test('the process that dies of a joined run is asked again for each alone', async () => {
    const { ask, runs } = sessionUnderTest()
    const answers = [ask({ x: x(1) }), ask({ x: x(2) })]
    await turns()
    runs[0]!.fail(new RecserveError('unavailable', 'it died'))
    await turns()
    await finishAll(runs, 1)
    assert.deepEqual(await Promise.all(answers.map(tens)), [[10], [20]])
  })
})

describe('callers who leave', () => {
  test('are answered at once and are not in the batch', async () => {
    const { ask, runs, sizes } = sessionUnderTest()
    const leaving = new AbortController()
    const first = ask({ x: x(0) })
    await turns()
    const gone = ask({ x: x(1) }, { signal: leaving.signal })
    const stays = ask({ x: x(2) })
    leaving.abort(new Error('gone'))
    await assert.rejects(gone, /gone/)
    await finishAll(runs)
    assert.deepEqual(sizes(), [1, 1])
    assert.deepEqual([await tens(first), await tens(stays)], [[0], [20]])
  })

  test('end a joined run when the last of them has left, not before', async () => {
    const { ask, runs } = sessionUnderTest()
    const leaving = [new AbortController(), new AbortController()]
    const answers = leaving.map(({ signal }, i) => ask({ x: x(i) }, { signal }))
    const settled = Promise.allSettled(answers)
    await turns()
    leaving[0]!.abort(new Error('gone'))
    assert.equal(runs[0]!.signal?.aborted, false)
    leaving[1]!.abort(new Error('gone too'))
    assert.equal(runs[0]!.signal?.aborted, true)
    await settled
    await turns()
    assert.equal(runs.length, 1)
  })

  test('do not end the run of those who stay without a signal', async () => {
    const { ask, runs } = sessionUnderTest()
    const leaving = new AbortController()
    const gone = ask({ x: x(1) }, { signal: leaving.signal })
    const stays = ask({ x: x(2) })
    await turns()
    leaving.abort(new Error('gone'))
    await assert.rejects(gone, /gone/)
    assert.equal(runs[0]!.signal?.aborted, false)
    await finishAll(runs)
    assert.deepEqual(await tens(stays), [20])
  })

  test('are told when their deadline has passed, and their mates wait on', async () => {
    const { ask, runs } = sessionUnderTest()
    const late = ask({ x: x(1) }, { deadlineMs: 5 })
    const patient = ask({ x: x(2) }, { deadlineMs: 60_000 })
    await assert.rejects(late, { code: 'deadline_exceeded' })
    await finishAll(runs)
    assert.deepEqual(await tens(patient), [20])
  })
})

describe('the queue', () => {
  test('refuses what is one batch too many, and takes requests again when there is room', async () => {
    const { ask, runs } = sessionUnderTest({ maxBatchSize: 2, maxEnqueuedBatches: 2 })
    const running = ask({ x: x(0) })
    await turns()
    const waiting = [1, 2, 3, 4].map((i) => ask({ x: x(i) }))
    await assert.rejects(ask({ x: x(5) }), { code: 'unavailable', message: /4 requests are waiting/ })
    runs[0]!.finish()
    await turns()
    const later = ask({ x: x(6) })
    await finishAll(runs, 1)
    assert.deepEqual(await Promise.all([running, ...waiting, later].map(tens)), [
      [0],
      [10],
      [20],
      [30],
      [40],
      [60],
    ])
  })

  test('is not filled by callers who have left', async () => {
    const { ask, runs } = sessionUnderTest({ maxEnqueuedBatches: 1 })
    const running = ask({ x: x(0) })
    await turns()
    const leaving = new AbortController()
    const gone = ask({ x: x(1, 1) }, { signal: leaving.signal, outputs: ['y'] })
    leaving.abort(new Error('gone'))
    await assert.rejects(gone, /gone/)
    const stays = ask({ x: x(2) })
    await finishAll(runs)
    assert.deepEqual([await tens(running), await tens(stays)], [[0], [20]])
  })

  test('is answered unavailable when the model is closed', async () => {
    const { session, ask, runs } = sessionUnderTest()
    const running = ask({ x: x(1) })
    await turns()
    const waiting = assert.rejects(ask({ x: x(2) }), { code: 'unavailable' })
    await session.close()
    await waiting
    await assert.rejects(ask({ x: x(3) }), { code: 'unavailable' })
    runs[0]!.finish()
    assert.deepEqual(await tens(running), [10])
  })
})
