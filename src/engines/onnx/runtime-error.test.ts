import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toRunError, withoutPaths } from './runtime-error.js'

// As onnxruntime-node 1.30.0 said them.
const gather =
  "Non-zero status code returned while running Gather node. Name:'g' Status Message: indices element out of data bounds, idx=9 must be within the inclusive range [-4,3]"
const reshape =
  "Non-zero status code returned while running Reshape node. Name:'' Status Message: /onnxruntime_src/onnxruntime/core/providers/cpu/tensor/reshape_helper.h:84 onnxruntime::ReshapeHelper::ReshapeHelper(const onnxruntime::TensorShape&, onnxruntime::TensorShapeVector&, bool) size != 0 && (input_shape_size % size) == 0 was false. The input tensor cannot be reshaped to the requested shape. Input shape:{3}, requested shape:{2,-1}\n"

test('what a node refuses is the caller’s, and says which node', () => {
  const { code, message } = toRunError(new Error(gather))
  assert.equal(code, 'invalid_argument')
  assert.match(message, /^node Gather 'g' refuses its inputs: indices element out of data bounds, idx=9/)
})

test('a failed assertion tells its message, not its source file', () => {
  const { message } = toRunError(new Error(reshape))
  assert.equal(
    message,
    'node Reshape refuses its inputs: The input tensor cannot be reshaped to the requested shape. Input shape:{3}, requested shape:{2,-1}',
  )
})

test('running out of memory, and what is not from a node, is ours', () => {
  const allocation = gather.replace(/indices.*/, 'bad allocation')
  assert.equal(toRunError(new Error(allocation)).code, 'internal')
  assert.equal(toRunError(new Error('no one expected this')).code, 'internal')
  assert.equal(toRunError('text').code, 'internal')
})

test('paths and length are cut', () => {
  assert.equal(
    withoutPaths('load /usr/lib/x/libonnxruntime.so.1: no such\n file'),
    'load (path): no such file',
  )
  assert.equal(withoutPaths('x'.repeat(1_000)).length, 301)
})
