/** What every recommending wire promises: the same requests, the same answers and codes. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createTestServer, type TestServer } from '../../tests/test-server.js'
import type { WorldAlgorithm } from '../../tests/world.js'
import { itemId, userId, worldSize } from '../../tests/world.js'

/** How a wire says the suite's requests and answers. */
export interface WireForm {
  readonly path: string
  readonly request: (user: unknown, n: unknown) => unknown
  readonly items: (body: never) => readonly string[]
  /** Status for a user that nobody knows. */
  readonly unknownUserStatus: number
}

export interface ProtocolSuiteOptions {
  readonly algorithm: WorldAlgorithm
  readonly form: WireForm
  readonly libservingAnswers?: 'python' | 'rust'
  /** Promises this wire does not make, with the reason. */
  readonly skip?: Partial<Record<'numericUser', string>>
}

export function protocolSuite(
  name: string,
  { algorithm, form, libservingAnswers, skip = {} }: ProtocolSuiteOptions,
): void {
  describe(name, () => {
    let server: TestServer
    before(async () => {
      server = await createTestServer({
        algorithms: [algorithm],
        ...(libservingAnswers && { libservingAnswers }),
      })
    })
    after(() => server.close())

    const post = (body: unknown, init: RequestInit = {}) =>
      fetch(server.url + form.path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: typeof body === 'string' ? body : JSON.stringify(body),
        ...init,
      })
    const itemsOf = async (response: Response) => {
      assert.equal(response.status, 200)
      return form.items((await response.json()) as never)
    }

    test('answers the one item a user has left', async () => {
      for (const row of [0, 1, 19]) {
        assert.deepEqual(await itemsOf(await post(form.request(userId(row), 1))), [itemId(row)])
      }
    })

    test('takes a numeric user id as a number too', { skip: skip.numericUser ?? false }, async () => {
      assert.deepEqual(await itemsOf(await post(form.request(Number(userId(3)), 1))), [itemId(3)])
    })

    test('gives what there is when more is asked for', async () => {
      const items = await itemsOf(await post(form.request(userId(0), 1000)))
      assert.ok(items.length > 0 && items.length <= worldSize && !items.includes(itemId(2)))
      assert.equal(new Set(items).size, items.length)
    })

    test('reads JSON whatever the content type says', async () => {
      const body = JSON.stringify(form.request(userId(5), 1))
      const response = await post(body, { headers: { 'content-type': 'application/x-www-form-urlencoded' } })
      assert.deepEqual(await itemsOf(response), [itemId(5)])
    })

    test('answers the request id it was given', async () => {
      const response = await post(form.request(userId(5), 1), { headers: { 'x-request-id': 'abc-123' } })
      assert.equal(response.headers.get('x-request-id'), 'abc-123')
    })

    test('refuses an unknown user', async () => {
      assert.equal((await post(form.request('nobody', 1))).status, form.unknownUserStatus)
    })

    for (const [what, body] of [
      ['a body that is not JSON', '{"user": '],
      ['an empty body', ''],
      ['a list', []],
      ['null', 'null'],
      ['a negative count', form.request(userId(0), -1)],
      ['a count that is not whole', form.request(userId(0), 1.5)],
      ['a user that is a list', form.request([1], 1)],
      ['a user that is null', form.request(null, 1)],
    ] as const) {
      test(`refuses ${what} with 400`, async () => {
        const response = await post(body)
        assert.equal(response.status, 400)
        assert.ok((await response.text()).length > 20, 'and says why')
      })
    }

    test('says which methods a route takes', async () => {
      const response = await fetch(server.url + form.path, { method: 'DELETE' })
      assert.equal(response.status, 405)
      assert.match(response.headers.get('allow') ?? '', /POST/)
    })
  })
}
