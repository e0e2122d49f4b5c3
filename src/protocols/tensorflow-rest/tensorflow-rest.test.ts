import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { RecserveError } from '../../core/errors.js'
import type { ModelSpec } from '../../core/servable.js'
import type { PredictRequest, Service } from '../../service/service.js'
import type { AnyTensor } from '../../tensor/any-tensor.js'
import { toStrings } from '../../tensor/strings.js'
import { tensor } from '../../tensor/tensor.js'
import { createHttpServer, type HttpServer } from '../http-server.js'
import type { Protocol } from '../protocol.js'
import { createTensorflowRest } from './index.js'

/** TensorFlow Serving's own example: y = x / 2 + 2, as version 123 of `half`; `slow` is still loading. */
const service: Service = {
  models: () => [
    {
      servable: { model: 'half', version: 7 },
      state: 'end',
      kind: 'saved-model',
      error: new RecserveError('not_found', 'no files'),
    },
    { servable: { model: 'half', version: 123 }, state: 'available', kind: 'saved-model' },
  ],
  signatures: async (model) => ({ servable: lend(model), signatures: [halfPlusTwo, ...exampleSignatures] }),
  predict: async ({ model, signature, inputs, outputFilter }: PredictRequest) => {
    const answers = exampleAnswers[signature ?? '']
    if (answers) {
      const outputs = outputFilter!.map((name) => [name, answers[name]!] as const)
      return { servable: lend(model), signature: signature!, outputs: new Map(outputs) }
    }
    const x = inputs.get('x') as { readonly shape: readonly number[]; readonly data: Float32Array }
    const y = tensor(
      'float32',
      x.shape,
      x.data.map((value) => value / 2 + 2),
    )
    return { servable: lend(model), signature: 'serving_default', outputs: new Map([['y', y]]) }
  },
  recommend: notAsked,
  similar: notAsked,
  readiness: () => ({ ready: true, reason: 'ready', models: [] }),
  drain: () => {},
}

/** What signatures over examples answer, whatever the two examples are. */
const exampleAnswers: Readonly<Record<string, Readonly<Record<string, AnyTensor>>>> = {
  classes: {
    classes: { dtype: 'string', shape: [2, 1], data: toStrings(['a', 'b']) },
    scores: tensor('float32', [2, 1], Float32Array.of(0.5, 0.25)),
  },
  scores: { scores: tensor('float32', [2, 1], Float32Array.of(0.5, 0.25)) },
  uneven: {
    classes: { dtype: 'string', shape: [2, 1], data: toStrings(['a', 'b']) },
    scores: tensor('float32', [2, 2], new Float32Array(4)),
  },
  flat: { scores: tensor('float32', [2], new Float32Array(2)) },
  numbers: { classes: tensor('int64', [2, 1], new BigInt64Array(2)) },
  regress: { outputs: tensor('float32', [2, 1], Float32Array.of(0.1, 3)) },
  wide: { outputs: tensor('float32', [2, 2], new Float32Array(4)) },
  short: { outputs: tensor('float32', [1], new Float32Array(1)) },
  double: { outputs: tensor('float64', [2], new Float64Array(2)) },
}

const exampleSignatures = Object.entries(exampleAnswers).map(([name, answers]) => ({
  name,
  // Any will do: the original does not look at it unless a flag says so.
  methodName: 'tensorflow/serving/predict',
  inputs: new Map([['inputs', { name: 'examples:0', dtype: 'string', shape: [-1] }]]),
  outputs: new Map(
    Object.entries(answers).map(([alias, { dtype }]) => [alias, { name: alias, dtype, shape: undefined }]),
  ),
}))

/** A body of two examples for a signature. */
const two = (signature: string) => `{"signature_name": "${signature}", "examples": [{"x": 1.0}, {}]}`

const halfPlusTwo = {
  name: 'serving_default',
  methodName: 'tensorflow/serving/predict',
  inputs: new Map([['x', { name: 'x:0', dtype: 'float32', shape: [-1, 1] }]]),
  outputs: new Map([['y', { name: 'y:0', dtype: 'float32', shape: undefined }]]),
}

function lend({ model, version = 123 }: ModelSpec) {
  if (model === 'slow') throw new RecserveError('unavailable', "model 'slow' is still loading; try again")
  if (model === 'half' && version === 123) return { model, version }
  throw new RecserveError('not_found', 'not here')
}

function notAsked(): never {
  throw new Error('not a call of this wire: this is a bug')
}

async function listen(protocol: Protocol): Promise<{ server: HttpServer; url: string }> {
  const server = createHttpServer({
    protocols: [protocol],
    context: {
      service,
      onEvent: () => {},
      maxTensorBodyBytes: 100_000,
      maxN: 1,
      libservingAnswers: 'python',
      userToItemMask: false,
      libservingModels: new Map(),
      metrics: async () => ({ contentType: '', body: '' }),
    },
    maxConnections: 10,
    maxBodyBytes: 100_000,
    requestTimeoutMs: 10_000,
  })
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 })
  return { server, url: `http://127.0.0.1:${port}` }
}

const instances = '{"instances": [1.0, 2.0, 5.0]}'
const predictions = '{\n    "predictions": [2.5, 3.0, 4.5\n    ]\n}'
const here = '/v1/models/half'

/** Method and path, body, status, the whole answer; an error's text where it begins with no brace. */
const exchanges: readonly [string, string | undefined, number, string][] = [
  [`POST ${here}:predict`, instances, 200, predictions],
  [`POST ${here}/versions/123:predict`, instances, 200, predictions],
  ['POST /v1/models/h%61lf:predict', instances, 200, predictions],
  [`POST ${here}:predict`, '{"inputs": 1.0}', 200, '{\n    "outputs": 2.5\n}'],
  [`POST ${here}:predict`, undefined, 400, 'JSON Parse error: The document is empty'],
  [
    `POST ${here}:predict`,
    '{"instances": ["x"]}',
    400,
    'Failed to process element: 0 of \'instances\' list. Error: INVALID_ARGUMENT: JSON Value: "x" Type: String is not of expected type: float',
  ],
  [
    `POST ${here}:predict`,
    '{"signature_name": "foo", "instances": [1]}',
    400,
    'Serving signature name: "foo" not found in signature def',
  ],
  [`POST ${here}/versions/50:predict`, instances, 404, 'Servable not found for request: Specific(half, 50)'],
  [`POST ${here}/labels/canary:predict`, instances, 400, 'Unrecognized servable version label: canary'],
  ['POST /v1/models/foo:predict', instances, 404, 'Servable not found for request: Latest(foo)'],
  [
    'POST /v1/models/foo:predict',
    '{"instances": [1.0',
    400,
    "JSON Parse error: Missing a comma or ']' after an array element. at offset: 18",
  ],
  [
    'POST /v1/models/foo:predict',
    '{"instances": [1.0], "signature_name": 1}',
    400,
    'JSON Value: {\n    "instances": [1.0],\n    "signature_name": 1\n} not formatted correctly. \'signature_name\' key must be a string value.',
  ],
  ['POST /v1/models/slow:predict', instances, 503, "model 'slow' is still loading; try again"],
  [`POST ${here}:classify`, two('classes'), 200, '{\n    "results": [[["a", 0.5]], [["b", 0.25]]\n    ]\n}'],
  [`POST ${here}:classify`, two('scores'), 200, '{\n    "results": [[["", 0.5]], [["", 0.25]]\n    ]\n}'],
  [`POST ${here}:regress`, two('regress'), 200, '{\n    "results": [0.1, 3.0\n    ]\n}'],
  [`POST ${here}/versions/123:regress`, two('regress'), 200, '{\n    "results": [0.1, 3.0\n    ]\n}'],
  [`POST ${here}:classify`, two('foo'), 400, 'No signature was found with the name: foo'],
  [
    `POST ${here}:classify`,
    two('uneven'),
    400,
    'Tensors class and score should match in dim_size(1). Got 1 vs. 2',
  ],
  [`POST ${here}:classify`, two('flat'), 400, 'Expected Tensor shape: [batch_size num_classes] but got [2]'],
  [`POST ${here}:classify`, two('numbers'), 400, 'Expected classes Tensor of DT_STRING. Got: DT_INT64'],
  [
    `POST ${here}:classify`,
    two('scores').replace(', {}', ''),
    400,
    'Expected scores output batch size of 1. Got: 2',
  ],
  [
    `POST ${here}:classify`,
    two('regress'),
    400,
    'Expected classification signature outputs to contain at least one of "classes" or "scores". Signature was: regress (tensorflow/serving/predict) with inputs inputs and outputs outputs',
  ],
  [`POST ${here}:regress`, two('classes'), 400, 'Expected one output Tensor.'],
  [
    `POST ${here}:regress`,
    two('scores'),
    400,
    'No regression outputs found in SignatureDef: scores (tensorflow/serving/predict) with inputs inputs and outputs scores',
  ],
  [
    `POST ${here}:regress`,
    two('serving_default'),
    400,
    'No regression inputs found in SignatureDef: serving_default (tensorflow/serving/predict) with inputs x and outputs y',
  ],
  [
    `POST ${here}:regress`,
    two('wide'),
    400,
    'Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got [2,2]',
  ],
  [`POST ${here}:regress`, two('short'), 400, 'Input batch size did not match output batch size: 2 vs. 1'],
  [`POST ${here}:regress`, two('double'), 400, 'Expected output Tensor of DT_FLOAT.  Got: DT_DOUBLE'],
  [
    'POST /v1/models/foo:regress',
    '{"examples": [{"x": [1, 1.0]}]}',
    400,
    'Unexpected element type in feature: x expecting type: int64',
  ],
  ['POST /v1/models/foo:classify', '{"examples": [{}]}', 404, 'Servable not found for request: Latest(foo)'],
  [`POST ${here}:Predict`, instances, 400, `Malformed request: POST ${here}:Predict`],
  [`POST ${here}:predict?x=1`, instances, 400, `Malformed request: POST ${here}:predict?x=1`],
  [`POST ${here}`, instances, 400, `Malformed request: POST ${here}`],
  [`PUT ${here}`, instances, 400, `Malformed request: PUT ${here}`],
  [`DELETE ${here}`, undefined, 400, `Malformed request: DELETE ${here}`],
  [`GET ${here}/`, undefined, 400, `Malformed request: GET ${here}/`],
  [`GET ${here}?x=1`, undefined, 404, 'Could not find any versions of model half?x=1'],
  ['GET /v1/models/foo', undefined, 404, 'Could not find any versions of model foo'],
  [`GET ${here}/versions/99`, undefined, 404, 'Could not find version 99 of model half'],
  [
    `GET ${here}/versions/18446744073709551615`,
    undefined,
    400,
    'Failed to convert version: 18446744073709551615 to numeric.',
  ],
  ['GET /v1/models', undefined, 400, 'Missing model name in request.'],
  ['GET /v1/models/foo/metadata', undefined, 404, 'Servable not found for request: Latest(foo)'],
  [`GET ${here}/labels/x/metadata`, undefined, 400, 'Unrecognized servable version label: x'],
  [`POST ${here}:predict`, 'x'.repeat(100_001), 413, 'the body is larger than this server accepts'],
]

describe('tensorflow-rest', () => {
  let server: HttpServer
  let url: string
  before(async () => {
    ;({ server, url } = await listen(createTensorflowRest()))
  })
  after(() => server.close(1000))

  for (const [route, body, status, answer] of exchanges) {
    test(`${route} ${body?.slice(0, 40) ?? ''} is answered ${status}`, async () => {
      const [method, path] = route.split(' ') as [string, string]
      const response = await fetch(url + path, { method, ...(body !== undefined && { body }) })
      assert.equal(response.status, status)
      assert.equal(response.headers.get('content-type'), 'application/json')
      const text = await response.text()
      if (answer.startsWith('{')) assert.equal(text, answer)
      else {
        assert.equal((JSON.parse(text) as { error: string }).error, answer)
        assert.ok(text.startsWith('{\n    "error": "') && text.endsWith('"\n}'))
      }
    })
  }

  test('shows the state of versions, the highest first', async () => {
    const text = await (await fetch(url + here)).text()
    assert.match(
      text,
      /^\{\n "model_version_status": \[\n {2}\{\n {3}"version": "123",\n {3}"state": "AVAILABLE",\n/,
    )
    assert.deepEqual(JSON.parse(text), {
      model_version_status: [
        { version: '123', state: 'AVAILABLE', status: { error_code: 'OK', error_message: '' } },
        { version: '7', state: 'END', status: { error_code: 'NOT_FOUND', error_message: 'no files' } },
      ],
    })
    assert.equal(await (await fetch(`${url}${here}/labels/any`)).text(), text)
  })

  test('shows signatures as TensorFlow Serving prints them', async () => {
    const text = await (await fetch(`${url}${here}/versions/123/metadata`)).text()
    assert.ok(
      text.startsWith(
        '{\n"model_spec":{\n "name": "half",\n "signature_name": "",\n "version": "123"\n}\n,\n',
      ),
    )
    const { metadata } = JSON.parse(text) as {
      metadata: { signature_def: { signature_def: Record<string, object> } }
    }
    const printed = metadata.signature_def.signature_def
    assert.deepEqual(Object.keys(printed), [...Object.keys(exampleAnswers), 'serving_default'].sort())
    assert.deepEqual(printed.serving_default, {
      inputs: {
        x: {
          dtype: 'DT_FLOAT',
          tensor_shape: {
            dim: [
              { size: '-1', name: '' },
              { size: '1', name: '' },
            ],
            unknown_rank: false,
          },
          name: 'x:0',
        },
      },
      outputs: { y: { dtype: 'DT_FLOAT', tensor_shape: { dim: [], unknown_rank: true }, name: 'y:0' } },
      method_name: 'tensorflow/serving/predict',
      defaults: {},
    })
  })

  test('takes gzipped bodies; what cannot be inflated is empty', async () => {
    const post = (body: string | Uint8Array) =>
      fetch(`${url}${here}:predict`, { method: 'POST', body, headers: { 'content-encoding': 'x-gzip' } })
    assert.equal(await (await post(gzipSync(instances))).text(), predictions)
    for (const body of [
      'no gzip',
      gzipSync(instances).subarray(0, 20),
      gzipSync(Buffer.alloc(200_000, 0x20)),
    ]) {
      const response = await post(body)
      assert.equal(response.status, 400)
      assert.match(await response.text(), /The document is empty"/)
    }
  })

  test('answers preflights without allowing other origins', async () => {
    const ask = (headers: Record<string, string>) =>
      fetch(`${url}${here}:predict`, { method: 'OPTIONS', headers })
    const known = await ask({ origin: 'http://a.example' })
    assert.deepEqual([known.status, await known.text()], [200, ''])
    assert.equal(known.headers.get('access-control-allow-origin'), null)
    assert.equal((await ask({})).status, 400)
  })
})

test('lets scripts of other origins read every answer, by option', async () => {
  const { server, url } = await listen(createTensorflowRest({ cors: true }))
  for (const path of [here, '/v1/models/foo']) {
    const { headers } = await fetch(url + path)
    assert.equal(headers.get('access-control-allow-origin'), '*')
    assert.equal(headers.get('access-control-allow-methods'), 'POST, GET')
    assert.equal(headers.get('access-control-allow-headers'), 'Content-Type')
  }
  await server.close(1000)
})
