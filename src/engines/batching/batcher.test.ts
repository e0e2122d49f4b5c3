import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createBatcher } from './batcher.js'

interface Run {
  readonly requests: readonly number[]
  finish(): void
  fail(reason: Error): void
}

/** A batcher that answers each number with ten times it, when the test says so. */
function batcherUnderTest(limits: { readonly maxBatchSize?: number; readonly maxQueued?: number } = {}) {
  const runs: Run[] = []
  const batcher = createBatcher<number, number>({
    maxBatchSize: limits.maxBatchSize ?? 4,
    maxQueued: limits.maxQueued ?? 100,
    run: (requests) =>
      new Promise((resolve, reject) => {
        runs.push({ requests, finish: () => resolve(requests.map((n) => n * 10)), fail: reject })
      }),
  })
  return { batcher, runs, sizes: () => runs.map((run) => run.requests.length) }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const turns = async (): Promise<void> => {
  for (let i = 0; i < 5; i++) await turn()
}

test('a lone request is run in the next turn of the loop', async () => {
  const { batcher, runs } = batcherUnderTest()
  const answer = batcher.submit(1)
  await turn()
  assert.deepEqual(
    runs.map((run) => run.requests),
    [[1]],
  )
  runs[0]!.finish()
  assert.equal(await answer, 10)
})

test('requests of one turn share a run, and each gets its own answer', async () => {
  const { batcher, runs } = batcherUnderTest()
  const answers = [1, 2, 3].map((n) => batcher.submit(n))
  await turns()
  assert.deepEqual(
    runs.map((run) => run.requests),
    [[1, 2, 3]],
  )
  runs[0]!.finish()
  assert.deepEqual(await Promise.all(answers), [10, 20, 30])
})

test('what comes during a run makes up the next, in order, as large as allowed', async () => {
  const { batcher, runs, sizes } = batcherUnderTest()
  const answers = [batcher.submit(0)]
  await turns()
  for (let n = 1; n <= 9; n++) answers.push(batcher.submit(n))
  await turns()
  assert.deepEqual(sizes(), [1])
  for (let i = 0; i < 4; i++) {
    runs[i]!.finish()
    await turns()
  }
  assert.deepEqual(sizes(), [1, 4, 4, 1])
  assert.deepEqual(
    await Promise.all(answers),
    Array.from({ length: 10 }, (_, n) => n * 10),
  )
})

test('a full queue refuses at once, and takes requests again when there is room', async () => {
  const { batcher, runs } = batcherUnderTest({ maxQueued: 2 })
  const running = batcher.submit(0)
  await turns()
  const waiting = [batcher.submit(1), batcher.submit(2)]
  await assert.rejects(batcher.submit(3), { code: 'unavailable', message: /2 requests are waiting/ })
  runs[0]!.finish()
  await turns()
  const later = batcher.submit(4)
  runs[1]!.finish()
  await turns()
  runs[2]!.finish()
  assert.deepEqual(await Promise.all([running, ...waiting, later]), [0, 10, 20, 40])
})

test('a caller who leaves is answered at once and is not in the batch', async () => {
  const { batcher, runs } = batcherUnderTest()
  const running = batcher.submit(0)
  await turns()
  const leaving = new AbortController()
  const left = batcher.submit(1, leaving.signal)
  const stays = batcher.submit(2, new AbortController().signal)
  leaving.abort(new Error('gone'))
  await assert.rejects(left, { message: 'gone' })
  runs[0]!.finish()
  await turns()
  assert.deepEqual(runs[1]!.requests, [2])
  runs[1]!.finish()
  assert.deepEqual(await Promise.all([running, stays]), [0, 20])
})

test('a caller who leaves during the run is answered at once', async () => {
  const { batcher, runs } = batcherUnderTest()
  const leaving = new AbortController()
  const left = batcher.submit(1, leaving.signal)
  await turns()
  leaving.abort(new Error('gone'))
  await assert.rejects(left, { message: 'gone' })
  runs[0]!.fail(new Error('too late for anyone'))
  await turns()
})

test('callers who have left do not fill the queue', async () => {
  const { batcher, runs } = batcherUnderTest({ maxQueued: 1 })
  const running = batcher.submit(0)
  await turns()
  const left = batcher.submit(1, AbortSignal.abort(new Error('gone')))
  await assert.rejects(left, { message: 'gone' })
  const stays = batcher.submit(2)
  runs[0]!.finish()
  await turns()
  runs[1]!.finish()
  assert.deepEqual(await Promise.all([running, stays]), [0, 20])
})

test('nothing is run when every caller has left', async () => {
  const { batcher, runs } = batcherUnderTest()
  await assert.rejects(batcher.submit(1, AbortSignal.abort(new Error('gone'))), { message: 'gone' })
  await turns()
  assert.equal(runs.length, 0)
  const answer = batcher.submit(2)
  await turns()
  runs[0]!.finish()
  assert.equal(await answer, 20)
})

test('a run that fails fails its own requests only', async () => {
  const { batcher, runs } = batcherUnderTest({ maxBatchSize: 2 })
  const answers = Promise.allSettled([1, 2, 3].map((n) => batcher.submit(n)))
  await turns()
  runs[0]!.fail(new Error('died'))
  await turns()
  runs[1]!.finish()
  assert.deepEqual(
    (await answers).map((answer) => answer.status),
    ['rejected', 'rejected', 'fulfilled'],
  )
})

test('a run with too few answers fails instead of answering undefined', async () => {
  const batcher = createBatcher<number, number>({ maxBatchSize: 4, maxQueued: 4, run: async () => [1] })
  const answers = await Promise.allSettled([batcher.submit(1), batcher.submit(2)])
  for (const answer of answers)
    assert.match(String(answer.status === 'rejected' && answer.reason), /1 answers to 2/)
})
