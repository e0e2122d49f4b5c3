import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import type { Engine } from '../engines/engine.js'
import { noEngine } from '../engines/no-engine.js'
import { onnx } from '../engines/onnx/onnx-engine.js'
import { openEngineSearch } from './engine-search.js'
import { createIndex, exact } from './exact.js'
import { vectorIndexSuite } from './vector-index.suite.js'

const none = new Int32Array(0)

vectorIndexSuite('exact, in the calling thread', {
  build: (source) => exact.build(source, { engine: noEngine }),
})

const engine = onnx.create()
const skip = engine.available ? false : 'no inference runtime for this platform'

describe('with an inference process', { skip }, () => {
  after(() => engine.close())

  vectorIndexSuite('exact, in the inference process', {
    build: async (source) =>
      createIndex(source, await openEngineSearch(source.vectors, source.scale, { engine })),
  })

  vectorIndexSuite('exact, in shards', {
    build: async (source) => {
      const how = await openEngineSearch(source.vectors, source.scale, { engine, shardRows: 300 })
      return createIndex(source, how)
    },
  })

  test('a large matrix is searched in the inference process, a small one in the calling thread', async () => {
    const vectors = (rows: number) => ({ rows, columns: 64, values: new Float32Array(rows * 64).fill(1) })
    const small = await exact.build({ vectors: vectors(100) }, { engine })
    const large = await exact.build({ vectors: vectors(5_000) }, { engine })
    const query = new Float32Array(64).fill(1)
    assert.ok(!(small.search(query, { k: 1, excluded: none }) instanceof Promise))
    const answer = large.search(query, { k: 1, excluded: none })
    assert.ok(answer instanceof Promise)
    assert.deepEqual([...(await answer).scores], [64])
    await large.close()
  })

  test('refuses searches that a full queue has no room for', async () => {
    const vectors = { rows: 5_000, columns: 64, values: new Float32Array(5_000 * 64) }
    const index = await exact.build({ vectors }, { engine, maxQueued: 3 })
    const searches = Array.from({ length: 5 }, async () =>
      index.search(new Float32Array(64), { k: 1, excluded: none }),
    )
    const outcomes = await Promise.allSettled(searches)
    const codes = outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason.code : 'ok'))
    assert.deepEqual(codes, ['ok', 'ok', 'ok', 'unavailable', 'unavailable'])
    await index.close()
  })

  test('a search whose caller leaves ends with the reason', async () => {
    const vectors = { rows: 5_000, columns: 64, values: new Float32Array(5_000 * 64) }
    const index = await exact.build({ vectors }, { engine })
    const leaving = new AbortController()
    const answer = index.search(new Float32Array(64), { k: 1, excluded: none, call: leaving })
    leaving.abort(new Error('gone'))
    await assert.rejects(async () => answer, { message: 'gone' })
    await index.close()
  })
})

test('closes what it had opened when a shard cannot be opened', async () => {
  let opened = 0
  let closed = 0
  const failing: Engine = {
    ...noEngine,
    available: true,
    open: async () => {
      if (++opened === 3) throw new Error('no more')
      return { run: async () => ({}), close: async () => void closed++ }
    },
  }
  const vectors = { rows: 10, columns: 2, values: new Float32Array(20) }
  await assert.rejects(openEngineSearch(vectors, undefined, { engine: failing, shardRows: 2 }), {
    message: 'no more',
  })
  assert.equal(closed, 2)
})

test('scale factors that do not match the vectors are refused', async () => {
  const source = { vectors: { rows: 2, columns: 2, values: new Float32Array(4) }, scale: new Float32Array(3) }
  await assert.rejects(exact.build(source, { engine: noEngine }), { code: 'failed_precondition' })
})
