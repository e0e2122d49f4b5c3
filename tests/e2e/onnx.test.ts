/** Directories with ONNX models, served by the built CLI over TensorFlow Serving's REST API. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { onnx } from '../../src/engines/onnx/onnx-engine.js'
import { postJson, type RunningServer, runCli, startServer } from '../cli.js'
import { identityModel, modelWithExternalData, perceptron } from '../onnx-file.js'

const skip = onnx.create().available ? false : 'no inference runtime for this platform'
const weights = new Uint8Array(Float32Array.of(0, 10, 20, 30, 40, 50).buffer)
const halves = 10
const texts = 8

interface ModelState {
  readonly model: string
  readonly state: string
  readonly error?: string
}

describe('a server of ONNX models', { skip }, () => {
  let models = ''
  let server: RunningServer
  before(async () => {
    models = await mkdtemp(join(tmpdir(), 'recserve-onnx-'))
    const files: Record<string, Record<string, Uint8Array>> = {
      'opset-13': { 'm.onnx': perceptron(13) },
      'opset-17': { 'm.onnx': perceptron(17) },
      'opset-21': { 'm.onnx': perceptron(21) },
      'versions/3': { 'm.onnx': perceptron(17) },
      'versions/12': { 'm.onnx': perceptron(17) },
      external: { 'model.onnx': modelWithExternalData('w.bin'), 'w.bin': weights },
      escaping: { 'm.onnx': modelWithExternalData('../external/w.bin') },
      half: { 'm.onnx': identityModel(halves) },
      text: { 'm.onnx': identityModel(texts) },
      corrupt: { 'm.onnx': Buffer.from('no model at all') },
      several: { 'model.onnx': perceptron(17), 'other.onnx': perceptron(13) },
      unclear: { 'one.onnx': perceptron(17), 'other.onnx': perceptron(13) },
    }
    for (const [directory, entries] of Object.entries(files)) {
      await mkdir(join(models, directory), { recursive: true })
      for (const [name, bytes] of Object.entries(entries))
        await writeFile(join(models, directory, name), bytes)
    }
    server = await startServer(['serve', models])
  })
  after(async () => {
    await server.stop()
    await rm(models, { recursive: true })
  })

  const ask = (model: string, body: unknown) => postJson(`${server.url}/v1/models/${model}:predict`, body)
  const x = [
    [1, 0],
    [-1, -1],
  ]
  const y = [
    [1, 2, 0],
    [0, 0, 0],
  ]

  for (const model of ['opset-13', 'opset-17', 'opset-21', 'versions', 'several']) {
    test(`${model}: answers columns and rows`, async () => {
      assert.deepEqual(await ask(model, { inputs: { x } }), {
        status: 200,
        body: { outputs: { y, z: [1, 0] } },
      })
      assert.deepEqual((await ask(model, { instances: x })).body, {
        predictions: [
          { y: y[0], z: 1 },
          { y: y[1], z: 0 },
        ],
      })
    })
  }

  test('takes weights from the file beside the model, and 16-bit floats', async () => {
    assert.deepEqual((await ask('external', { inputs: { ids: [5, 0] } })).body, { outputs: [50, 0] })
    assert.deepEqual((await ask('half', { instances: [1.1, 2] })).body, { predictions: [1.09960938, 2] })
  })

  test('serves the newest version and tells the signature', async () => {
    const response = await fetch(`${server.url}/v1/models/versions/metadata`)
    const { model_spec: spec, metadata } = (await response.json()) as {
      model_spec: { version: string }
      metadata: { signature_def: { signature_def: { serving_default: { inputs: { x: unknown } } } } }
    }
    assert.equal(spec.version, '12')
    assert.deepEqual(metadata.signature_def.signature_def.serving_default.inputs.x, {
      dtype: 'DT_FLOAT',
      tensor_shape: {
        dim: [
          { size: '-1', name: '' },
          { size: '2', name: '' },
        ],
        unknown_rank: false,
      },
      name: 'x',
    })
  })

  const refused: readonly [body: unknown, message: RegExp][] = [
    [{ inputs: { x: [[1, 2, 3]] } }, /input 'x' is float32 \[1,3\], not float32 \[1,2\]/],
    [{ inputs: { x: ['a'] } }, /JSON Value: "a" Type: String is not of expected type: float/],
    [{ inputs: { w: [[1, 2]] } }, /x/],
    [{ instances: x, signature_name: 'other' }, /Serving signature name: "other" not found/],
  ]
  for (const [body, message] of refused) {
    test(`refuses ${JSON.stringify(body)}`, async () => {
      const answer = await ask('opset-17', body)
      assert.equal(answer.status, 400)
      assert.match((answer.body as { error: string }).error, message)
    })
  }

  test('an id beyond the table is the one request, not the model', async () => {
    const answer = await ask('external', { inputs: { ids: [6] } })
    assert.equal(answer.status, 400)
    assert.match((answer.body as { error: string }).error, /Gather refuses its inputs: .*out of data bounds/)
    assert.equal((await ask('external', { inputs: { ids: [1] } })).status, 200)
  })

  test('what cannot be served is a state with its reason, and several files are no model', async () => {
    const { models: states } = (await (await fetch(`${server.url}/readyz`)).json()) as {
      models: ModelState[]
    }
    const errors = Object.fromEntries(states.map(({ model, error }) => [model, error]))
    assert.match(errors.corrupt!, /m\.onnx: .*at byte/)
    assert.match(errors.escaping!, /m\.onnx: takes weights from "\.\.\/external\/w\.bin"; only files in/)
    assert.match(errors.text!, /the input 'x' is string, which is not served/)
    assert.ok(!('unclear' in errors))
    assert.deepEqual(
      states.filter(({ state }) => state !== 'available').map(({ model }) => model),
      ['corrupt', 'escaping', 'text'],
    )
    assert.doesNotMatch(JSON.stringify(states), /recserve-onnx/, 'no path leaves the process')
  })

  test('models come back with the processes that replace dead ones', async () => {
    const children = execFileSync('pgrep', ['-P', String(server.pid)], { encoding: 'utf8' })
      .trim()
      .split('\n')
    assert.ok(children.length > 1, 'each model has its own')
    for (const child of children) process.kill(Number(child), 'SIGKILL')
    const statuses: number[] = []
    for (let i = 0; i < 100 && statuses.at(-1) !== 200; i++)
      statuses.push((await ask('opset-17', { inputs: { x } })).status)
    assert.ok(
      statuses.every((status) => status === 200 || status === 503),
      `${statuses}`,
    )
    const external = () => ask('external', { inputs: { ids: [1] } })
    const answer = await external()
    // Its death may not have been noticed before this.
    assert.deepEqual((answer.status === 503 ? await external() : answer).body, { outputs: [10] })
  })

  test('inspect and predict do without a server', async () => {
    const inspected = await runCli(['inspect', join(models, 'external')])
    assert.match(inspected.stdout, /in {3}ids {2}int64 \[\?\]\n {6}out {2}y {2}float32 \[\?\]/)
    const corrupt = await runCli(['inspect', join(models, 'corrupt')])
    assert.equal(corrupt.code, 1)
    assert.match(corrupt.stdout, /servable {3}no: .*m\.onnx: /)
    const { code, stdout } = await runCli(['predict', join(models, 'external'), '--inputs', '{"ids": [2]}'])
    assert.deepEqual([code, JSON.parse(stdout)], [0, { outputs: [20] }])
  })
})
