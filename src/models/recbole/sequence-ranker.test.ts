import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Session } from '../../engines/engine.js'
import { tensor } from '../../tensor/tensor.js'
import { createCandidateRanker } from './sequence-ranker.js'

/** A graph that scores each candidate by its id, and what its runs were told. */
function ranker(onRun: () => void) {
  const signals: (AbortSignal | undefined)[] = []
  const session: Session = {
    async run({ candidates }, options) {
      signals.push(options?.signal)
      onRun()
      const ids = [...(candidates!.data as BigInt64Array)]
      return { scores: tensor('float32', [ids.length], Float32Array.from(ids, Number)) }
    },
    async close() {},
  }
  const encoder = { padding: 'batch', graph: () => assert.fail('is not built here') } as const
  const inputs = ['items', 'candidates']
  const options = { encoder, session, inputs, output: 'scores', maxLength: 5, maxBatchSize: 1, maxQueued: 8 }
  return { ...createCandidateRanker({ ...options, itemCount: 10_001 }), signals }
}

const query = { sequence: Int32Array.of(1), user: 0 }
const wish = { n: 2, excluded: Int32Array.of(9_999), candidates: undefined }

test('ranks every item, a few hundred in one run', async () => {
  const { rank, signals } = ranker(() => {})
  assert.deepEqual([...(await rank(query, wish)).indices], [9_998, 9_997])
  assert.equal(signals.length, 40)
})

test('a ranking whose caller has left ends between runs, and the next begins', async () => {
  const caller = new AbortController()
  const { rank, signals } = ranker(() => {
    if (signals.length === 3) caller.abort(new Error('gone'))
  })
  const left = rank(query, { ...wish, call: { signal: caller.signal } })
  const candidates = Int32Array.of(4, 7)
  const next = rank(query, { ...wish, candidates })
  await assert.rejects(left, { message: 'gone' })
  assert.deepEqual([...(await next).indices], [7, 4])
  assert.deepEqual(signals, [caller.signal, caller.signal, caller.signal, undefined])
})
