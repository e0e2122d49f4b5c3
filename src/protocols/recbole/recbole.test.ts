import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createTestServer, type TestServer } from '../../../tests/test-server.js'
import { alikeTo, itemId, worldSize } from '../../../tests/world.js'
import type { ValidationIssue } from './request.js'

interface Answer {
  readonly score_list: readonly number[]
  readonly item_list: readonly string[]
  readonly detail: readonly ValidationIssue[]
}

describe('sequential API', () => {
  let server: TestServer
  before(async () => {
    server = await createTestServer({ algorithms: ['ALS'] })
  })
  after(() => server.close())

  const path = '/v1/als/user_to_item'
  const send = (body: string, route = path) => fetch(server.url + route, { method: 'POST', body })
  const post = async (body: unknown, route = path) => {
    const response = await send(JSON.stringify(body), route)
    return { status: response.status, headers: response.headers, body: (await response.json()) as Answer }
  }
  const even = [itemId(0), itemId(2)]
  const issuesOf = async (body: unknown) => {
    const { status, body: answer } = await post(body)
    assert.equal(status, 422)
    return answer.detail
  }

  test('answers items and their scores, best first', async () => {
    const { status, body } = await post({ sequence: even, topk: 4 })
    assert.equal(status, 200)
    assert.deepEqual(Object.keys(body), ['score_list', 'item_list'])
    assert.equal(body.item_list.length, 4)
    assert.deepEqual(
      body.score_list,
      body.score_list.toSorted((a, b) => b - a),
    )
    const alike = [0, ...alikeTo(0)].map(itemId)
    assert.ok(body.item_list.every((item) => alike.includes(item)))
  })

  test('does not leave out what the sequence holds', async () => {
    const { body } = await post({ sequence: even, topk: worldSize })
    assert.ok(even.every((item) => body.item_list.includes(item)))
  })

  test('leaves it out where the operator wants that', async () => {
    const masking = await createTestServer({ algorithms: ['ALS'], userToItemMask: true })
    const response = await fetch(masking.url + path, {
      method: 'POST',
      body: JSON.stringify({ sequence: even, topk: worldSize }),
    })
    const { item_list } = (await response.json()) as Answer
    assert.ok(!even.some((item) => item_list.includes(item)))
    await masking.close()
  })

  test('gives what there is when more is asked for', async () => {
    const { status, body } = await post({ sequence: even, topk: 1_000_000 })
    assert.equal(status, 200)
    assert.equal(body.item_list.length, worldSize)
  })

  test('takes numbers for ids and text for a count, as pydantic does', async () => {
    const { status, body } = await post({ sequence: even.map(Number), topk: '2' })
    assert.equal(status, 200)
    assert.equal(body.item_list.length, 2)
  })

  test('takes for a count what the int() of Python takes', async () => {
    for (const [topk, count] of [
      [3.7, 3],
      [true, 1],
      [' +2 ', 2],
    ] as const) {
      assert.equal((await post({ sequence: even, topk })).body.item_list.length, count, String(topk))
    }
    for (const topk of [0.9, false, -1.5]) {
      assert.equal((await issuesOf({ sequence: even, topk }))[0]!.type, 'value_error.number.not_ge')
    }
    const response = await send(`{"sequence": ["${even[0]}"], "topk": 1e400}`)
    assert.equal(response.status, 422)
  })

  test('tells of a hundred wrong items, however many there are', async () => {
    const issues = await issuesOf({ sequence: Array(50_000).fill({}), topk: 1 })
    assert.equal(issues.filter(({ type }) => type === 'type_error.str').length, 100)
  })

  test('drops unknown items and counts them in a header', async () => {
    const { status, headers } = await post({ sequence: ['new', ...even, 'newer'], topk: 1 })
    assert.equal(status, 200)
    assert.equal(headers.get('x-unknown-items'), '2')
    assert.equal((await post({ sequence: even, topk: 1 })).headers.get('x-unknown-items'), null)
  })

  test('names the items where it knows none of them', async () => {
    const { status, body } = await post({ sequence: ['new', 'newer'], topk: 1 })
    assert.equal(status, 404)
    assert.match(String(body.detail), /'new', 'newer'/)
  })

  test('tells what is wrong as FastAPI does', async () => {
    const required = { msg: 'field required', type: 'value_error.missing' }
    assert.deepEqual(await issuesOf({}), [
      { loc: ['body', 'sequence'], ...required },
      { loc: ['body', 'topk'], ...required },
    ])
    assert.deepEqual(await issuesOf({ sequence: [], topk: 1 }), [
      {
        loc: ['body', 'sequence'],
        msg: 'ensure this value has at least 1 items',
        type: 'value_error.list.min_items',
      },
    ])
    assert.deepEqual(await issuesOf({ sequence: ['a', {}], topk: '1.5' }), [
      { loc: ['body', 'sequence', 1], msg: 'str type expected', type: 'type_error.str' },
      { loc: ['body', 'topk'], msg: 'value is not a valid integer', type: 'type_error.integer' },
    ])
    assert.deepEqual(await issuesOf([]), [
      { loc: ['body'], msg: 'value is not a valid dict', type: 'type_error.dict' },
    ])
    assert.equal((await issuesOf({ sequence: even, topk: 0 }))[0]!.type, 'value_error.number.not_ge')
  })

  test('a body that is not JSON is a 422, too', async () => {
    for (const [body, type] of [
      ['{"sequence": [,]}', 'value_error.jsondecode'],
      ['', 'value_error.missing'],
    ] as const) {
      const response = await send(body)
      assert.equal(response.status, 422)
      const [issue] = ((await response.json()) as Answer).detail
      assert.deepEqual(issue!.loc, ['body'])
      assert.equal(issue!.type, type)
    }
  })

  test('an unknown model is a 404 with a text', async () => {
    const { status, body } = await post({ sequence: even, topk: 1 }, '/v1/nosuch/user_to_item')
    assert.equal(status, 404)
    assert.match(String(body.detail), /no such model \(models: als\)/)
  })

  test('another method is a 405 in the same form', async () => {
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const response = await fetch(server.url + path, { method })
      assert.equal(response.status, 405)
      assert.equal(response.headers.get('allow'), 'POST')
      assert.deepEqual(await response.json(), { detail: 'Method Not Allowed' })
    }
    const other = await fetch(server.url + path, { method: 'OPTIONS' })
    assert.equal(other.headers.get('allow'), 'POST')
  })

  test('says hello', async () => {
    const response = await fetch(`${server.url}/hello`)
    assert.equal(await response.json(), 'Hello Sequential Recommendation api')
  })
})
