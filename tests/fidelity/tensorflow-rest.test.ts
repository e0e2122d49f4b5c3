/** Every recorded REST exchange of the TensorFlow fixtures, sent to the built CLI over a real socket. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type RunningServer, startServer } from '../cli.js'
import { skipWithoutFixtures } from '../project.js'
import {
  bodyFault,
  type Exchange,
  exchangesOf,
  type RecordedExchange,
  restModels,
  tensorflowFixtures,
} from './rest-exchanges.js'

/** Models whose arithmetic has one right answer, so that the bytes must be right too; elsewhere sums depend on their order. */
const exactModels = ['module_defaults', 'module_state', 'tf1_echo', 'tf1_half_plus_two']
const isExact = (name: string) => exactModels.includes(name.split('.')[0]!)

/** A version that is not the model's newest is served under a name of its own. */
const servedName = (model: string, { version }: Exchange): string =>
  version === undefined ? model : `${model}.${version}`

function servedPaths(model: string): ReadonlyMap<string, string> {
  const directory = join(tensorflowFixtures, model, 'model')
  return new Map(
    exchangesOf(model).map(({ exchange }) => [
      servedName(model, exchange),
      exchange.version === undefined ? directory : join(directory, String(exchange.version)),
    ]),
  )
}

describe('recorded REST exchanges', { skip: skipWithoutFixtures() }, () => {
  let server: RunningServer
  const passed = new Map<string, number>()
  const exact = { bodies: 0, recorded: 0 }

  before(async () => {
    const names = restModels.flatMap((model) => [...servedPaths(model)])
    server = await startServer(['serve', ...names.flatMap(([name, path]) => ['--name', `${name}=${path}`])])
  })
  after(() => server?.stop('SIGKILL'))

  async function check(name: string, { exchange, text }: RecordedExchange): Promise<void> {
    const url = `${server.url}/v1/models/${name}:${exchange.method}`
    const answer = await fetch(url, { method: 'POST', body: new Uint8Array(text) })
    const body = await answer.text()
    const what = text.toString().slice(0, 300)
    assert.equal(answer.status, exchange.status, `${what}: ${body}`)
    assert.equal(answer.headers.get('content-type'), 'application/json')
    assert.equal(bodyFault(body, exchange), undefined, what)
    passed.set(name, (passed.get(name) ?? 0) + 1)
    if (exchange.body === undefined) return
    exact.recorded++
    if (exchange.body === body) exact.bodies++
    else assert.ok(!isExact(name), `not the same to the byte: ${body}`)
  }

  for (const model of restModels) {
    test(`${model} answers as TensorFlow Serving`, async () => {
      const faults: string[] = []
      for (const recorded of exchangesOf(model)) {
        const name = servedName(model, recorded.exchange)
        // In order: some models count their calls.
        await check(name, recorded).catch((error: Error) => faults.push(error.message))
      }
      assert.deepEqual(faults, [])
    })
  }

  test('all of them are accounted for', (t) => {
    const total = restModels.flatMap((model) => exchangesOf(model)).length
    const done = [...passed.values()].reduce((a, b) => a + b, 0)
    t.diagnostic(
      `${restModels.length} models, ${total} exchanges: ${done} pass; ` +
        `${exact.bodies} of ${exact.recorded} recorded bodies are the same to the byte, the others differ in digits`,
    )
    assert.equal(done, total)
  })
})
