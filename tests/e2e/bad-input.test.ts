/** Everything a client can do wrong on the native wire, each with its exact status. */
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { createTestServer, type TestServer } from '../test-server.js'
import { itemId, userId } from '../world.js'

interface ErrorBody {
  readonly error: { readonly code: string; readonly message: string }
}

describe('bad input', () => {
  let server: TestServer
  before(async () => {
    server = await createTestServer({ algorithms: ['ItemCF', 'UserCF', 'ALS'], requestTimeoutMs: 500 })
  })
  after(() => server.close())

  const post = (body: string, path = '/v1/recommend/itemcf') =>
    fetch(server.url + path, { method: 'POST', body })
  const user = userId(0)

  const refused: readonly [what: string, body: string, status: number, message: RegExp][] = [
    ['not JSON', 'hello', 400, /not valid JSON/],
    ['half JSON', '{"user": "1", ', 400, /not valid JSON/],
    ['empty body', '', 400, /expected a JSON object, found nothing/],
    ['a number', '5', 400, /expected a JSON object, found 5/],
    ['a list', '[]', 400, /expected a JSON object, found a list/],
    ['user of a wrong type', '{"user": {}}', 400, /^user: expected a string or an integer.*found an object/],
    ['user true', '{"user": true}', 400, /^user: .*found true/],
    ['an id JSON numbers cannot carry', '{"user": 9007199254740993}', 400, /^user: .*as a string/],
    [
      'sequence of a wrong type',
      '{"sequence": "1,2"}',
      400,
      /^sequence: expected a list of ids, found a string/,
    ],
    ['an item of a wrong type', '{"sequence": ["1", null]}', 400, /^sequence\[1\]: .*found null/],
    ['candidates of a wrong type', `{"user": "${user}", "candidates": {}}`, 400, /^candidates: /],
    [
      'include_consumed of a wrong type',
      `{"user": "${user}", "include_consumed": "yes"}`,
      400,
      /^include_consumed: /,
    ],
    ['an unknown field', `{"user": "${user}", "nn": 3}`, 400, /unknown field 'nn'/],
    ['a __proto__ key', `{"user": "${user}", "__proto__": {"n": 3}}`, 400, /unknown field '__proto__'/],
    ['a constructor key', `{"user": "${user}", "constructor": 1}`, 400, /unknown field 'constructor'/],
    ['n = 0', `{"user": "${user}", "n": 0}`, 400, /^n: expected an integer from 1 to 1000, found 0/],
    ['n = -1', `{"user": "${user}", "n": -1}`, 400, /^n: .*found -1/],
    ['n = 1e9', `{"user": "${user}", "n": 1e9}`, 400, /^n: .*found 1000000000/],
    ['n = 1.5', `{"user": "${user}", "n": 1.5}`, 400, /^n: .*found 1.5/],
    ['n = "5"', `{"user": "${user}", "n": "5"}`, 400, /^n: .*found a string/],
    ['n = null', `{"user": "${user}", "n": null}`, 400, /^n: .*found null/],
    ['neither user nor sequence', '{}', 400, /send 'user', or a 'sequence'/],
    ['an empty sequence alone', '{"sequence": []}', 400, /send 'user', or a 'sequence'/],
    [
      'an unknown user',
      '{"user": "nobody"}',
      404,
      /model 'itemcf' \(ItemCF\) does not know this user; send a 'sequence'/,
    ],
    [
      'a sequence of unknown items',
      '{"sequence": ["x", "y"]}',
      404,
      /knows none of the items in 'sequence': 'x', 'y'/,
    ],
    ['100,000 nested lists', '['.repeat(100_000) + ']'.repeat(100_000), 400, /expected a JSON object/],
    ['100,000 nested objects', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`, 400, /unknown field 'a'/],
    ['requests of a wrong type', '{"requests": {}}', 400, /^requests: expected a list of requests/],
    [
      'too many items',
      JSON.stringify({ requests: Array(101).fill({ n: 1000 }) }),
      400,
      /more than 100000 items/,
    ],
    ['too many requests', JSON.stringify({ requests: Array(1001).fill({}) }), 400, /at most 1000 requests/],
  ]
  for (const [what, body, status, message] of refused) {
    test(`${what}: ${status}`, async () => {
      const response = await post(body)
      const { error } = (await response.json()) as ErrorBody
      assert.equal(response.status, status)
      assert.match(error.message, message)
      assert.equal(error.code, status === 404 ? 'not_found' : 'invalid_argument')
      assert.ok(response.headers.get('x-request-id'))
    })
  }

  test('a body over the limit: 413, one just under it is read', async () => {
    const padded = (size: number) => `{"user": "${user}"${' '.repeat(size - 15)}}`
    assert.equal((await post(padded(1024 * 1024))).status, 200)
    const response = await post(padded(1024 * 1024 + 1))
    assert.equal(response.status, 413)
    assert.match(((await response.json()) as ErrorBody).error.message, /larger than this server accepts/)
  })

  test('an unknown model: 404 that lists those that exist', async () => {
    const response = await post(`{"user": "${user}"}`, '/v1/recommend/nothing')
    assert.equal(response.status, 404)
    assert.match(((await response.json()) as ErrorBody).error.message, /models: als, itemcf, usercf/)
  })

  test('some unknown items are ignored and counted', async () => {
    const body = { user, candidates: [itemId(0), 'x'], exclude: ['y'], sequence: [itemId(2), 'z'] }
    const response = await post(JSON.stringify(body))
    assert.equal(response.status, 200)
    const answer = (await response.json()) as { items: { item: string }[]; unknown_items: number }
    assert.deepEqual(
      answer.items.map(({ item }) => item),
      [itemId(0)],
    )
    assert.equal(answer.unknown_items, 3)
  })

  for (const id of ['a/b c', 'ünïcødé 用户', 'x'.repeat(10_000), '..', '%', '__proto__', '']) {
    test(`an unknown user named ${JSON.stringify(id.slice(0, 20))}: 404 on both forms`, async () => {
      assert.equal((await post(JSON.stringify({ user: id }))).status, 404)
      if (id === '..') return // a URL with it is another URL before it is sent
      assert.equal((await fetch(`${server.url}/v1/recommend/itemcf/${encodeURIComponent(id)}`)).status, 404)
    })
  }

  test('a hostile id of a megabyte costs no more than reading it', async () => {
    const started = performance.now()
    const hostile = `${'0'.repeat(1_000_000)}x`
    assert.equal((await post(JSON.stringify({ user: hostile }))).status, 404)
    assert.equal((await post(JSON.stringify({ sequence: [hostile] }))).status, 404)
    assert.ok(performance.now() - started < 5_000)
  })

  test('a URL that cannot be decoded: 400, in our form, and nothing of it in the answer', async () => {
    const response = await fetch(`${server.url}/v1/similar/itemcf/%ff-secret`)
    const text = await response.text()
    assert.equal(response.status, 400)
    assert.equal((JSON.parse(text) as ErrorBody).error.code, 'invalid_argument')
    assert.ok(response.headers.get('x-request-id') && !text.includes('secret'))
  })

  test('one bad request of a batch does not harm the others', async () => {
    const requests = [{ user, n: 1 }, { user, n: 0 }, { user: 'nobody' }, 7, { user: userId(1), n: 1 }]
    const response = await post(JSON.stringify({ requests }))
    assert.equal(response.status, 200)
    const { responses } = (await response.json()) as {
      responses: (ErrorBody & { items: { item: string }[] })[]
    }
    assert.equal(responses[0]!.items[0]!.item, itemId(0))
    assert.deepEqual(
      responses.slice(1, 4).map(({ error }) => error.code),
      ['invalid_argument', 'not_found', 'invalid_argument'],
    )
    assert.equal(responses[4]!.items[0]!.item, itemId(1))
  })

  const gets: readonly [path: string, status: number, message: RegExp][] = [
    [`/v1/recommend/itemcf/${user}?n=0`, 400, /^n: expected an integer from 1 to 1000/],
    [`/v1/recommend/itemcf/${user}?n=abc`, 400, /^n: /],
    [`/v1/recommend/itemcf/${user}?n=1&n=2`, 400, /^n: .*found a list/],
    [`/v1/recommend/itemcf/${user}?limit=3`, 400, /unknown field 'limit'/],
    ['/v1/similar/itemcf/nothing', 404, /does not know this item/],
    [`/v1/similar/usercf/${itemId(0)}`, 400, /has no similarity between items/],
    ['/v1/recomend/itemcf/1', 404, /did you mean .*\/v1\/recommend\/\{model\}\/\{user\}/],
    ['/', 404, /there is no such route/],
  ]
  for (const [path, status, message] of gets) {
    test(`GET ${path}: ${status}`, async () => {
      const response = await fetch(server.url + path)
      assert.equal(response.status, status)
      assert.match(((await response.json()) as ErrorBody).error.message, message)
    })
  }

  test('a wrong method: 405 with Allow', async () => {
    const response = await fetch(`${server.url}/v1/recommend/itemcf`, { method: 'PUT', body: '{}' })
    assert.equal(response.status, 405)
    assert.equal(response.headers.get('allow'), 'POST')
  })

  test('half a request, then silence: 408 and the connection is closed', async () => {
    const { hostname, port } = new URL(server.url)
    const socket = connect(Number(port), hostname)
    socket.write('POST /v1/recommend/itemcf HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"user"')
    let answer = ''
    for await (const chunk of socket) answer += chunk
    assert.match(answer, /^HTTP\/1\.1 408 [\s\S]*x-request-id: [\s\S]*\{"error":\{"code":"deadline_exceeded"/)
  })

  test('bytes that are not HTTP: 400 and the connection is closed', async () => {
    const { hostname, port } = new URL(server.url)
    const socket = connect(Number(port), hostname)
    socket.write('\x16\x03\x01 this is not HTTP\r\n\r\n')
    let answer = ''
    for await (const chunk of socket) answer += chunk
    assert.match(
      answer,
      /^HTTP\/1\.1 400 [\s\S]*\{"error":\{"code":"invalid_argument","message":"this is not an HTTP request"/,
    )
  })

  test('more connections than the limit: 503 with Retry-After, and those within it go on', async () => {
    const small = await createTestServer({ algorithms: ['ItemCF'], maxConnections: 2 })
    const { hostname, port } = new URL(small.url)
    const idle = [connect(Number(port), hostname), connect(Number(port), hostname)]
    await Promise.all(idle.map((socket) => new Promise((resolve) => socket.once('connect', resolve))))
    const response = await fetch(`${small.url}/healthz`)
    assert.equal(response.status, 503)
    assert.ok(response.headers.get('retry-after'))
    for (const socket of idle) socket.destroy()
    await small.close()
  })

  test('nothing that a client sent is in the events, but the names of models that exist', () => {
    const told = JSON.stringify(server.events)
    assert.doesNotMatch(told, /nobody|xxxx|ünï|用户/)
  })
})
