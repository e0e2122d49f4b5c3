import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Flags, readOptions } from './config.js'
import { toServePlan } from './serve-plan.js'

const planOf = async (flags: Flags) => toServePlan(await readOptions('serve', { flags, env: {} }))

describe('what the options of serve say together', () => {
  test('listens on this machine only, at once, where nothing of TensorFlow Serving is given', async () => {
    const { address, waitForModels, names, notes } = await planOf({ name: ['a=./x'] })
    assert.deepEqual(address, { host: '127.0.0.1', port: 8501, portFlag: '--http-port' })
    assert.deepEqual([waitForModels, [...names], notes], [false, [['a', './x']], []])
  })

  test('listens on every address, when the models are there, as TensorFlow Serving does', async () => {
    for (const flags of [{ model_base_path: '/m' }, { rest_api_port: '8501' }]) {
      const { address, waitForModels } = await planOf(flags)
      assert.deepEqual([address.host, address.port, waitForModels], ['0.0.0.0', 8501, true])
    }
  })

  test('lets --host and --no-wait-for-models go before that', async () => {
    const { address, waitForModels } = await planOf({
      model_base_path: '/m',
      host: '::1',
      waitForModels: false,
    })
    assert.deepEqual([address.host, waitForModels], ['::1', false])
  })

  test('takes --rest_api_port before --http-port', async () => {
    const { address } = await planOf({ rest_api_port: '9000', httpPort: '9001' })
    assert.deepEqual([address.port, address.portFlag], [9000, '--rest_api_port'])
  })

  test("names the model of --model_base_path 'default', or as --model_name says, beside others", async () => {
    assert.deepEqual([...(await planOf({ model_base_path: '/m' })).names], [['default', '/m']])
    const { names } = await planOf({ model_base_path: '/m', model_name: 'ncf', name: ['a=./x'] })
    assert.deepEqual(Object.fromEntries(names), { a: './x', ncf: '/m' })
  })

  test('says that nothing listens on the port of gRPC, which implies nothing else', async () => {
    const { notes, address, waitForModels } = await planOf({ port: '8500' })
    assert.deepEqual([notes.length, address.host, address.port, waitForModels], [1, '127.0.0.1', 8501, false])
    assert.match(notes[0]!, /--port=8500 .*gRPC, which comes later/)
  })

  const refusals: readonly (readonly [flags: Flags, message: RegExp])[] = [
    [{ rest_api_port: '0' }, /^--rest_api_port=0 .*nothing would be served/],
    [{ rest_api_port: 'x' }, /^--rest_api_port: expected an integer/],
    [{ model_name: 'ncf' }, /^--model_name names the model of --model_base_path, which is not given/],
    [{ model_base_path: '/m', name: ['default=./x'] }, /^two models are named 'default': \.\/x/],
  ]
  for (const [flags, message] of refusals) {
    test(`refuses ${JSON.stringify(flags)}`, () =>
      assert.rejects(planOf(flags), { code: 'invalid_argument', message }))
  }
})
