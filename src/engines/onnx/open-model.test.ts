import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { identityModel, perceptron } from '../../../tests/onnx-file.js'
import { type Tensor, tensor } from '../../tensor/tensor.js'
import { onnx } from './onnx-engine.js'

const skip = onnx.create().available ? false : 'no inference runtime for this platform'
const signature = 'serving_default'
const x = tensor('float32', [1, 2], Float32Array.of(1, 0))

describe('an ONNX model in the inference process', { skip }, () => {
  let directory = ''
  const engine = onnx.create()
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'recserve-onnx-'))
  })
  after(async () => {
    await engine.close()
    await rm(directory, { recursive: true })
  })

  const open = async (model: Uint8Array, opener = engine) => {
    await writeFile(join(directory, 'm.onnx'), model)
    return opener.openOnnxModel('m', { directory, file: 'm.onnx' })
  }

  test('tells its signature', async () => {
    const { signatures, unservable } = await open(perceptron(17))
    assert.equal(unservable.size, 0)
    assert.deepEqual([...signatures.keys()], [signature])
    const { methodName, inputs, outputs } = signatures.get(signature)!
    assert.equal(methodName, 'tensorflow/serving/predict')
    assert.deepEqual([...inputs], [['x', { name: 'x', dtype: 'float32', shape: [-1, 2] }]])
    assert.deepEqual([...outputs].at(-1), ['z', { name: 'z', dtype: 'int64', shape: [-1] }])
  })

  test('answers the outputs that are wanted, in their order', async () => {
    const session = await open(perceptron(17))
    const both = await session.run({ signature, inputs: { x }, outputs: ['z', 'y'] })
    assert.deepEqual(Object.keys(both), ['z', 'y'])
    assert.deepEqual(both.z, tensor('int64', [1], BigInt64Array.of(1n)))
    for (const outputs of [['w'], ['y', 'y']]) {
      await assert.rejects(session.run({ signature, inputs: { x }, outputs }), { code: 'invalid_argument' })
    }
  })

  test('carries 16-bit floats as the numbers they are', async () => {
    const session = await open(identityModel(10))
    const given = { dtype: 'float16', shape: [3], data: Float32Array.of(1.1, -0, 1e9) } as Tensor<'float16'>
    const { x: none, y } = await session.run({ signature, inputs: { x: given } })
    assert.equal(none, undefined)
    assert.deepEqual(y, { ...given, data: Float32Array.of(1.099609375, -0, Number.POSITIVE_INFINITY) })
  })

  const foreign = [
    [8, 'string'],
    [14, 'complex64'],
    [16, 'bfloat16'],
  ] as const
  for (const [type, name] of foreign) {
    test(`refuses ${name} by name`, async () => {
      const message = new RegExp(`${name}`)
      await assert.rejects(open(identityModel(type)), { message })
    })
  }

  test('a process that dies of a model fails its load, and no other model notices', async () => {
    let isKilling = false
    const killing = onnx.create({
      onEvent(event) {
        if (!isKilling || event.type !== 'inference_process' || event.state !== 'started') return
        process.kill(Number(/\d+/.exec(event.message)![0]), 'SIGKILL')
      },
    })
    const other = await open(perceptron(17), killing)
    const [alive] = killing.processIds
    isKilling = true
    await assert.rejects(open(perceptron(13), killing), {
      code: 'unavailable',
      message: /^the inference process died/,
    })
    assert.deepEqual(
      (await other.run({ signature, inputs: { x }, outputs: ['z'] })).z,
      tensor('int64', [1], BigInt64Array.of(1n)),
    )
    assert.deepEqual(killing.processIds, [alive])
    await killing.close()
  })
})
