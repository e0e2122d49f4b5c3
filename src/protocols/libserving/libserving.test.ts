import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createTestServer, type TestServer } from '../../../tests/test-server.js'
import { itemId, userId, worldSize } from '../../../tests/world.js'
import { protocolSuite } from '../protocol.suite.js'

const request = (user: unknown, n_rec: unknown) => ({ user, n_rec })
const python = {
  request,
  items: (body: Record<string, string[]>) => Object.values(body)[0]!,
  unknownUserStatus: 400,
}
const rust = { request, items: (body: { rec_list: string[] }) => body.rec_list, unknownUserStatus: 400 }

protocolSuite('libserving wire, knn', { algorithm: 'ItemCF', form: { path: '/knn/recommend', ...python } })
protocolSuite('libserving wire, embed', { algorithm: 'ALS', form: { path: '/embed/recommend', ...python } })
protocolSuite('libserving wire, Rust answers', {
  algorithm: 'UserCF',
  form: { path: '/knn/recommend', ...rust },
  libservingAnswers: 'rust',
  skip: { numericUser: 'the Rust server takes text only' },
})

describe('libserving wire, its own words', () => {
  let server: TestServer
  before(async () => {
    server = await createTestServer({ algorithms: ['ItemCF', 'ALS'] })
  })
  after(() => server.close())

  const post = async (path: string, body: unknown) => {
    const response = await fetch(server.url + path, { method: 'POST', body: JSON.stringify(body) })
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }

  test('the answer is keyed by the user', async () => {
    const { body } = await post('/knn/recommend', { user: 504, n_rec: '1' })
    assert.deepEqual(body, { 'Recommend result for user 504': [itemId(4)] })
  })

  test('there is no ceiling on n_rec', async () => {
    const { body } = await post('/embed/recommend', { user: userId(0), n_rec: 30_000 })
    assert.equal((Object.values(body)[0] as string[]).length, worldSize - (worldSize / 2 - 1))
  })

  test('n_rec 0 is an empty list', async () => {
    const { body } = await post('/embed/recommend', { user: userId(0), n_rec: 0 })
    assert.deepEqual(Object.values(body), [[]])
  })

  test('an unknown user gets its text', async () => {
    const { status, body } = await post('/knn/recommend', { user: 'nobody', n_rec: 3 })
    assert.equal(status, 400)
    assert.equal(body.message, "Invalid user nobody doesn't exist")
  })

  test('an extra field is an invalid payload', async () => {
    const { status, body } = await post('/knn/recommend', { user: 500, n_rec: 3, extra: 1 })
    assert.equal(status, 400)
    assert.match(
      String(body.message),
      /^Invalid payload: .*'extra'.*, please check key name and value type\.$/,
    )
  })

  test('a body that is not JSON, and a count that is none, are invalid payloads too', async () => {
    for (const body of ['{"user": ', '', '[]', '{"user": 1, "n_rec": -1}', '{"user": 1, "n_rec": "x"}']) {
      const response = await fetch(`${server.url}/knn/recommend`, { method: 'POST', body })
      assert.equal(response.status, 400)
      const { message } = (await response.json()) as { message: string }
      assert.match(message, /^Invalid payload: `[^`]+`, please check key name and value type\.$/)
      assert.doesNotMatch(message, /Too small|Invalid input/)
    }
  })

  test('a model that was chosen but is not here is told, with those that are', async () => {
    const chosen = await createTestServer({
      algorithms: ['ItemCF'],
      libservingModels: new Map([['knn', 'typo']]),
    })
    const response = await fetch(`${chosen.url}/knn/recommend`, {
      method: 'POST',
      body: '{"user": 500, "n_rec": 1}',
    })
    assert.equal(response.status, 404)
    assert.match(await response.text(), /names 'typo' .* knn models here: itemcf/)
    await chosen.close()
  })

  test('features and sequences of known users are accepted and ignored, as there', async () => {
    const { body } = await post('/knn/recommend', {
      user: 504,
      n_rec: 1,
      user_feats: { age: 3 },
      seq: [itemId(1)],
    })
    assert.deepEqual(Object.values(body), [[itemId(4)]])
  })

  test('several models of one kind are an error that names them', async () => {
    const several = await createTestServer({ algorithms: ['ItemCF', 'UserCF'] })
    const response = await fetch(`${several.url}/knn/recommend`, {
      method: 'POST',
      body: JSON.stringify({ user: 500, n_rec: 1 }),
    })
    assert.equal(response.status, 400)
    assert.match(await response.text(), /itemcf, usercf.*--libserving-model knn=NAME/)
    await several.close()
  })

  test('the operator chooses among several', async () => {
    const several = await createTestServer({
      algorithms: ['ItemCF', 'UserCF'],
      libservingModels: new Map([['knn', 'usercf']]),
    })
    const response = await fetch(`${several.url}/knn/recommend`, {
      method: 'POST',
      body: JSON.stringify({ user: 503, n_rec: 1 }),
    })
    assert.deepEqual(await response.json(), { 'Recommend result for user 503': [itemId(3)] })
    await several.close()
  })
})
