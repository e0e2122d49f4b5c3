/** What the native wire answers, on the world's models. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { postJson } from '../cli.js'
import { createTestServer, type TestServer } from '../test-server.js'
import { alikeTo, itemId, userId, worldSize } from '../world.js'

interface Answer {
  readonly model: string
  readonly version: number
  readonly request_id: string
  readonly items: readonly { item: string; score: number }[]
  readonly shortfall?: number
  readonly fallback?: string
  readonly unknown_items?: number
  readonly warnings?: readonly string[]
}

describe('native wire', () => {
  let server: TestServer
  let withFallback: TestServer
  before(async () => {
    const algorithms = ['ItemCF', 'UserCF', 'ALS'] as const
    server = await createTestServer({ algorithms })
    withFallback = await createTestServer({ algorithms, fallback: 'popular' })
  })
  after(() => Promise.all([server.close(), withFallback.close()]))

  const ask = async (model: string, request: unknown, at = server) => {
    const { status, body } = await postJson(`${at.url}/v1/recommend/${model}`, request)
    assert.equal(status, 200, JSON.stringify(body))
    return body as Answer
  }
  const itemsOf = ({ items }: Answer) => items.map(({ item }) => item)

  test('an answer names its model, version and request', async () => {
    const answer = await ask('als', { user: userId(0), n: 1 })
    assert.deepEqual(Object.keys(answer), ['model', 'version', 'request_id', 'items'])
    assert.equal(answer.model, 'als')
    assert.equal(answer.version, 1)
    assert.match(answer.request_id, /^[0-9a-f-]{36}$/)
    assert.deepEqual(answer.items, [{ item: itemId(0), score: 1 }])
  })

  test('ten items when n is not said', async () => {
    assert.equal((await ask('als', { user: userId(0) })).items.length, 10)
  })

  test('GET answers the same as POST', async () => {
    for (const query of ['n=3', 'n=3&include_consumed=true']) {
      const got = (await (
        await fetch(`${server.url}/v1/recommend/als/${userId(1)}?${query}`)
      ).json()) as Answer
      const posted = await ask('als', { user: userId(1), n: 3, include_consumed: query.includes('true') })
      assert.deepEqual(got.items, posted.items)
    }
  })

  test('consumed items are left out unless they are asked for', async () => {
    const own = await ask('itemcf', { user: userId(4), n: 20 })
    assert.deepEqual(itemsOf(own), [itemId(4)])
    assert.equal(own.shortfall, 19)
    const all = await ask('itemcf', { user: userId(4), n: 20, include_consumed: true })
    assert.equal(all.items.length, worldSize / 2)
  })

  test('all that remains is answered, and what is missing is counted', async () => {
    const answer = await ask('als', { user: userId(0), n: 1000 })
    assert.equal(answer.items.length, worldSize - (worldSize / 2 - 1))
    assert.equal(answer.shortfall, 1000 - answer.items.length)
  })

  test('excluded items are replaced by the next best', async () => {
    const answer = await ask('als', { user: userId(0), n: 2, exclude: [itemId(0), Number(itemId(1))] })
    assert.deepEqual(itemsOf(answer), [itemId(3), itemId(5)])
  })

  test('candidates are ranked, and nothing else', async () => {
    const candidates = [itemId(5), itemId(0), itemId(5), itemId(2)]
    assert.deepEqual(itemsOf(await ask('als', { user: userId(0), candidates })), [itemId(0), itemId(5)])
    assert.deepEqual(itemsOf(await ask('itemcf', { user: userId(0), candidates })), [itemId(0)])
    const none = await ask('als', { user: userId(0), candidates: [], n: 3 })
    assert.deepEqual([none.items, none.shortfall], [[], 3])
  })

  test('a newcomer is answered from a sequence, and the answer says so', async () => {
    const sequence = alikeTo(6).map(itemId)
    const fromVectors = await ask('als', { sequence, n: 1 })
    assert.deepEqual([itemsOf(fromVectors), fromVectors.fallback], [[itemId(6)], 'sequence_mean'])
    const fromItems = await ask('itemcf', { user: 'newcomer', sequence, n: 1 })
    assert.deepEqual([itemsOf(fromItems), fromItems.fallback], [[itemId(6)], undefined])
  })

  test('ItemCF answers a sequence as it answers a user with that history', async () => {
    const known = await ask('itemcf', { user: userId(8), n: 5 })
    const sequence = alikeTo(8).map(itemId)
    assert.deepEqual((await ask('itemcf', { sequence, n: 5 })).items, known.items)
  })

  test('items of a sequence are not recommended back, to nobody', async () => {
    const sequence = [itemId(2), itemId(3)]
    for (const model of ['itemcf', 'als']) {
      const known = itemsOf(await ask(model, { user: userId(0), sequence, n: 20 }))
      assert.ok(!known.includes(itemId(2)) && !known.includes(itemId(3)), model)
    }
    const all = itemsOf(await ask('als', { sequence, n: 20, include_consumed: true }))
    assert.ok(all.includes(itemId(2)) && all.includes(itemId(3)))
  })

  test('items of a sequence come back where the request says so, those the user had stay away', async () => {
    const sequence = [itemId(1), itemId(3)]
    const request = { user: userId(0), sequence, n: 20 }
    const allowed = itemsOf(await ask('als', { ...request, exclude_sequence: false }))
    assert.ok(sequence.every((item) => allowed.includes(item)) && !allowed.includes(itemId(2)))
    const left = itemsOf(await ask('als', { ...request, exclude_sequence: true, include_consumed: true }))
    assert.ok(!sequence.some((item) => left.includes(item)) && left.includes(itemId(2)))
  })

  test('features are not used by a model that takes none, and that is told', async () => {
    const answer = await ask('als', { user: userId(0), user_features: { age: 3 }, n: 1 })
    assert.deepEqual(itemsOf(answer), [itemId(0)])
    assert.deepEqual(answer.warnings, ['user_features are not used: this ALS takes none'])
    const { status } = await postJson(`${server.url}/v1/recommend/als`, { user_features: { age: 3 } })
    assert.equal(status, 404)
  })

  test('a known user of a model that has no use for a sequence is answered, whatever is in it', async () => {
    const answer = await ask('als', { user: userId(0), sequence: ['x'], n: 1 })
    assert.deepEqual([itemsOf(answer), answer.unknown_items], [[itemId(0)], 1])
  })

  test('each request of a batch is told as one of its own, with its model and code', async () => {
    const before = server.events.length
    const requests = [{ user: userId(0), n: 1 }, { user: 'nobody' }, { n: 0 }]
    await postJson(`${server.url}/v1/recommend/als`, { requests })
    const told = server.events
      .slice(before)
      .flatMap((event) => (event.type === 'request' ? [[event.model, event.code, event.httpStatus]] : []))
    assert.deepEqual(told, [
      ['als', 'ok', 200],
      ['als', 'not_found', 404],
      ['als', 'invalid_argument', 400],
    ])
  })

  test('a sequence that is not used is told', async () => {
    const answer = await ask('als', { user: userId(0), sequence: [itemId(1)], n: 1 })
    assert.match(answer.warnings![0]!, /sequence is not used: ALS/)
  })

  test('popular items for those the model cannot answer, deterministic and said so', async () => {
    const answer = await ask('usercf', { user: 'nobody', n: 3 }, withFallback)
    assert.deepEqual(itemsOf(answer), [itemId(0), itemId(1), itemId(2)])
    assert.equal(answer.fallback, 'popular')
    const anonymous = await ask('als', { n: 2, exclude: [itemId(0)] }, withFallback)
    assert.deepEqual([itemsOf(anonymous), anonymous.fallback], [[itemId(1), itemId(2)], 'popular'])
    const unknownItems = await ask('itemcf', { sequence: ['x'], n: 1 }, withFallback)
    assert.deepEqual([unknownItems.fallback, unknownItems.unknown_items], ['popular', 1])
    assert.equal((await ask('als', { user: userId(0) }, withFallback)).fallback, undefined)
  })

  test('many requests in one, each with its own answer', async () => {
    const requests = Array.from({ length: worldSize }, (_, row) => ({ user: userId(row), n: 1 }))
    const { body } = await postJson(`${server.url}/v1/recommend/als`, { requests })
    const { responses } = body as { responses: Answer[] }
    assert.deepEqual(
      responses.map(itemsOf),
      requests.map((_, row) => [itemId(row)]),
    )
    assert.deepEqual((await postJson(`${server.url}/v1/recommend/als`, { requests: [] })).body, {
      responses: [],
    })
  })

  test('similar items, and by which measure', async () => {
    const similar = async (model: string) => {
      const response = await fetch(`${server.url}/v1/similar/${model}/${itemId(4)}?n=3`)
      return (await response.json()) as Answer & { similarity: string }
    }
    const byVector = await similar('als')
    assert.equal(byVector.similarity, 'cosine')
    assert.deepEqual(
      byVector.items,
      [0, 2, 6].map((row) => ({ item: itemId(row), score: 1 })),
    )
    const byNeighbors = await similar('itemcf')
    assert.equal(byNeighbors.similarity, 'trained_neighbors')
    assert.deepEqual(itemsOf(byNeighbors), [0, 2, 6].map(itemId))
  })

  test("a client's request id is kept, unless it could do harm", async () => {
    const idFor = async (sent: string) => {
      const headers = { 'x-request-id': sent }
      const response = await fetch(`${server.url}/v1/recommend/als/${userId(0)}`, { headers })
      const { request_id } = (await response.json()) as Answer
      assert.equal(response.headers.get('x-request-id'), request_id)
      return request_id
    }
    assert.equal(await idFor('order-7/retry=2'), 'order-7/retry=2')
    assert.notEqual(await idFor('a b'), 'a b')
    assert.notEqual(await idFor('x'.repeat(200)), 'x'.repeat(200))
  })

  test('health, readiness and what is loaded', async () => {
    assert.deepEqual(await (await fetch(`${server.url}/healthz`)).json(), { status: 'ok' })
    const response = await fetch(`${server.url}/readyz`)
    assert.equal(response.status, 200)
    const { models } = (await response.json()) as { models: unknown[] }
    assert.deepEqual(models[0], { model: 'als', version: 1, kind: 'libreco-embed', state: 'available' })
  })
})
