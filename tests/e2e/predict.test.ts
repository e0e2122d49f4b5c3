/** `predict` and `inspect` of graphs, by the built CLI: one call without a server. */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { runCli } from '../cli.js'
import { fixturesRoot, skipWithoutFixtures } from '../project.js'
import { writeWorld } from '../world.js'

const root = join(fixturesRoot, 'tensorflow')
const halfPlusTwo = join(root, 'tf1_half_plus_two', 'model')
const skip = skipWithoutFixtures()

/** What NumPy 2.4.6 wrote: `savez_compressed` of features (arange(10) / 10 as float32 [2, 5]), is_new [True, False], user_id [[1], [2]] (int32). */
const npzFile = Buffer.from(
  [
    'UEsDBC0AAAAIAAAAIQB+Ulqp//////////8MABQAZmVhdHVyZXMubnB5AQAQAKgAAAAAAAAAagAAAAAAAACb7BfqGxDJyFDGUK2e',
    'klqcXKRupaBuk2airqOgnpZfVFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RpGOgqmmjoKtQpkAy4GIDh75ozt2TM+drNmzrQDsu2A',
    'QvazZkraGxsb2wPF7dPS0uwBUEsDBC0AAAAIAAAAIQDuGbtd//////////8KABQAaXNfbmV3Lm5weQEAEACCAAAAAAAAAEYAAAAA',
    'AAAAm+wX6hsQychQxlCtnpJanFykbqWgXpNkqK6joJ6WX1RSlJgXn1+UkgoSd0vMKU4FihdnJBakAvkaRjqaOgq1ChQALkYGAFBL',
    'AwQtAAAACAAAACEAO8m61v//////////CwAUAHVzZXJfaWQubnB5AQAQAIgAAAAAAAAATQAAAAAAAACb7BfqGxDJyFDGUK2eklqc',
    'XKRupaBuk2mirqOgnpZfVFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RpGOgqGmjoKtQpkAy5GBgYGJiAGAFBLAQItAy0AAAAIAAAA',
    'IQB+UlqpagAAAKgAAAAMAAAAAAAAAAAAAACAAQAAAABmZWF0dXJlcy5ucHlQSwECLQMtAAAACAAAACEA7hm7XUYAAACCAAAACgAA',
    'AAAAAAAAAAAAgAGoAAAAaXNfbmV3Lm5weVBLAQItAy0AAAAIAAAAIQA7ybrWTQAAAIgAAAALAAAAAAAAAAAAAACAASoBAAB1c2Vy',
    'X2lkLm5weVBLBQYAAAAAAwADAKsAAAC0AQAAAAA=',
  ].join(''),
  'base64',
)

/** The same of x = [1., 2.] (float64). */
const otherNpzFile = Buffer.from(
  [
    'UEsDBC0AAAAIAAAAIQBkW6q///////////8FABQAeC5ucHkBABAAkAAAAAAAAABMAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6l',
    'oG6TZqGuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GkY6mjoKtQoUAC4GMPhgD6EZHABQSwECLQMtAAAACAAAACEAZFuq',
    'v0wAAACQAAAABQAAAAAAAAAAAAAAgAEAAAAAeC5ucHlQSwUGAAAAAAEAAQAzAAAAgwAAAAAA',
  ].join(''),
  'base64',
)

describe('predict', { skip }, () => {
  let directory = ''
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'recserve-predict-'))
  })
  after(() => rm(directory, { recursive: true }))

  const ask = (inputs: string, ...rest: readonly string[]) =>
    runCli(['predict', halfPlusTwo, '--inputs', inputs, ...rest])

  const rows = '{\n    "predictions": [3.5, 4.0, 5.5\n    ]\n}\n'
  const columns = '{\n    "outputs": [\n        3.5,\n        4.0,\n        5.5\n    ]\n}\n'
  const forms: readonly [inputs: string, stdout: string][] = [
    ['{"x": [1, 2.0, 5]}', columns],
    ['{"inputs": {"x": [1, 2, 5]}}', columns],
    ['{"inputs": [1, 2, 5]}', columns],
    ['{"instances": [1, 2, 5]}', rows],
    ['{"instances": [{"x": 1}, {"x": 2}, {"x": 5}], "signature_name": "serving_default"}', rows],
  ]
  for (const [inputs, stdout] of forms) {
    test(`answers ${inputs} as TensorFlow Serving would, and nothing else`, async () => {
      assert.deepEqual(await ask(inputs), { code: 0, stdout, stderr: '' })
    })
  }

  test('reads JSON and NumPy files, and answers the outputs that are wanted', async () => {
    const json = join(directory, 'inputs.json')
    const features = [
      [0, 0.1, 0.2, 0.3, 0.4],
      [0.5, 0.6, 0.7, 0.8, 0.9],
    ]
    await writeFile(json, JSON.stringify({ features, is_new: [true, false], user_id: [[1], [2]] }))
    const npz = join(directory, 'inputs.npz')
    await writeFile(npz, npzFile)
    const model = join(root, 'keras_multi_io', 'model')
    const answers = [json, npz].map((file) =>
      runCli(['predict', model, '--inputs', `@${file}`, '--outputs', 'shelf,click']),
    )
    const [fromJson, fromNpz] = await Promise.all(answers)
    assert.deepEqual(fromJson, fromNpz)
    const { outputs } = JSON.parse(fromNpz!.stdout)
    assert.deepEqual(Object.keys(outputs), ['shelf', 'click'])
    assert.deepEqual(outputs.shelf, [1, 1])
  })

  test('refuses NumPy arrays of another dtype, and tells it', async () => {
    const npz = join(directory, 'other.npz')
    await writeFile(npz, otherNpzFile)
    const { code, stderr } = await ask(`@${npz}`)
    assert.equal(code, 2)
    assert.match(
      stderr,
      /Input 'x' has the wrong dtype\. Expects arg\[0\] to be float but double is provided/,
    )
  })

  test('takes the signature from the flag, else from the inputs', async () => {
    const request = '{"instances": [1], "signature_name": "nothing"}'
    assert.match((await ask(request)).stderr, /there is no signature 'nothing'/)
    assert.equal((await ask(request, '--signature', 'serving_default')).code, 0)
  })

  const misuses: readonly [args: readonly string[], code: number, stderr: RegExp][] = [
    [[halfPlusTwo], 2, /--inputs is missing: JSON, or @FILE/],
    [[halfPlusTwo, '--inputs', ''], 2, /the inputs are empty/],
    [[halfPlusTwo, '--inputs', '{"x": [1'], 2, /JSON Parse error: Missing a comma or '\]'/],
    [[halfPlusTwo, '--inputs', '{"z": [1]}'], 2, /x/],
    [[halfPlusTwo, '--inputs', '{"x": [1]}', '--outputs', 'z'], 2, /alias not found in signature: z/],
    [[halfPlusTwo, '--inputs', '{"x": [1]}', '--signature', 'z'], 2, /no signature 'z'; .*'serving_default'/],
    [[halfPlusTwo, '--inputs', '@/none.json'], 1, /none\.json: no such file/],
    [[join(root, 'bad', 'unknown_op'), '--inputs', '{"x": [1]}'], 1, /does not have: MyCompanyFancyRelu/],
    [[join(root, 'tf1_tags', 'model'), '--inputs', '{}', '--saved_model_tags', 'tpu'], 1, /\{ serve, gpu \}/],
  ]
  for (const [args, code, stderr] of misuses) {
    test(`tells what is wrong with ${args.slice(1).join(' ') || 'no inputs'}`, async () => {
      const finished = await runCli(['predict', ...args])
      assert.match(finished.stderr, stderr)
      assert.deepEqual([finished.code, finished.stdout], [code, ''])
    })
  }

  test('says of a model that recommends that it does', async () => {
    const model = await writeWorld('ALS', directory)
    const { code, stderr } = await runCli(['predict', model, '--inputs', '{"user": [1]}'])
    assert.equal(code, 1)
    assert.match(stderr, /model 'als' has no signatures: it recommends/)
  })
})

describe('inspect of a SavedModel', { skip }, () => {
  test('shows signatures, variables, ops and tags, for people', async () => {
    const { code, stdout } = await runCli(['inspect', join(root, 'keras3_mlp', 'model')])
    assert.equal(code, 0)
    assert.match(stdout, /servable {3}yes\n {2}written by TensorFlow 2\.20\.0\n {2}tags {7}serve\n/)
    assert.match(stdout, /variables {2}29 \(1\.8 KB\)\n {2}ops {8}ReadVariableOp 102, .* other ops\n/)
    assert.match(
      stdout,
      /serving_default {2}\(tensorflow\/serving\/predict\)\n {6}in {3}features {2}float32 \[\?, 5\]\n {6}out {2}output_0 {2}float32 \[\?, 1\]/,
    )
  })

  test('names the ops that are missing and their nodes, for programs', async () => {
    const { code, stdout } = await runCli(['inspect', join(root, 'bad', 'unknown_op'), '--json'])
    assert.equal(code, 1)
    const [inspection] = JSON.parse(stdout)
    assert.equal(inspection.servable, false)
    assert.deepEqual(inspection.signatures, [
      {
        name: 'serving_default',
        methodName: 'tensorflow/serving/predict',
        inputs: [{ name: 'x', dtype: 'float32', shape: [-1, 6] }],
        outputs: [{ name: 'y', dtype: 'float32', shape: [-1, 2] }],
        servable: false,
        reason: inspection.signatures[0].reason,
        missing: [
          { op: 'MyCompanyFancyRelu', nodes: ['StatefulPartitionedCall/StatefulPartitionedCall/Relu'] },
        ],
      },
    ])
    assert.deepEqual(inspection.warnings, ['1 of 1 signatures cannot be served'])
  })

  test('chooses the meta graph by its tags', async () => {
    const { stdout } = await runCli([
      ...['inspect', join(root, 'tf1_tags', 'model'), '--json', '--saved_model_tags', 'serve,gpu'],
    ])
    const [{ servable, graph }] = JSON.parse(stdout)
    assert.deepEqual([servable, graph.tagSets], [true, [['serve'], ['serve', 'gpu']]])
  })

  test('says why a graph cannot be read, without more', async () => {
    const { code, stdout } = await runCli(['inspect', join(root, 'bad', 'corrupt_pb')])
    assert.equal(code, 1)
    assert.match(stdout, /servable {3}no: saved_model\.pb: .*byte/)
    assert.doesNotMatch(stdout, /signatures/)
  })
})
