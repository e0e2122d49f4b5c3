import assert from 'node:assert/strict'
import { test } from 'node:test'
import protobuf from 'protobufjs/minimal.js'
import { modelWithExternalData, modelWithInnerExternalData, perceptron } from '../../../tests/onnx-file.js'
import { externalLocations } from './external-data.js'

test('finds where initialisers and the constants of inner graphs lie', () => {
  assert.deepEqual([...externalLocations(modelWithExternalData('a/w.bin'), 'm')], ['a/w.bin'])
  assert.deepEqual([...externalLocations(modelWithInnerExternalData('../w'), 'm')], ['../w'])
})

test('finds none in a model that holds its weights', () => {
  assert.equal(externalLocations(perceptron(17), 'm').size, 0)
})

test('refuses bytes that are no message, and graphs nested without end', () => {
  const damaged = { code: 'data_loss', message: /^m\.onnx: .*at byte \d+/ }
  assert.throws(() => externalLocations(perceptron(17).subarray(0, 100), 'm.onnx'), damaged)
  const out = protobuf.Writer.create()
  // model.graph, then graph.node, node.attribute, attribute.g and so on.
  const fields = [10, 42, 50]
  const nestGraphs = (depth: number): void => {
    out.uint32(fields[depth % 3]!).fork()
    if (depth < 1000) nestGraphs(depth + 1)
    out.ldelim()
  }
  out.uint32(58).fork()
  nestGraphs(0)
  out.ldelim()
  assert.throws(() => externalLocations(out.finish(), 'm.onnx'), /m\.onnx: messages are nested too deep/)
})
