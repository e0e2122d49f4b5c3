import assert from 'node:assert/strict'
import { symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../../../../tests/temporary.js'
import { ShardFile } from '../../../formats/tensor-bundle/shard-file.js'
import type { Tensor } from '../../../tensor/tensor.js'
import { MappedTensor } from '../mapped-tensor.js'
import { placeWeights } from './piece-weights.js'

const zeros = (bytes: number): Tensor => ({
  dtype: 'float32',
  shape: [bytes / 256, 64],
  data: new Float32Array(bytes / 4),
})
const node = (op: string, ...inputs: readonly string[]) => ({ op, inputs, outputs: ['y'] })
const small = 2 ** 20
const large = 2 ** 20 + 256
const huge = 2 ** 26 + 256

/** Where the one weight `w` goes. */
function wayOf(value: Tensor, ...nodes: readonly ReturnType<typeof node>[]): string {
  const { tables, external, inMemory, mapped } = placeWeights([['w', value]], nodes)
  if (tables.length > 0) return 'fed'
  if (mapped.length > 0) return 'mapped'
  return inMemory[0]?.path === external.w?.location && external.w ? 'beside the model' : 'in the model'
}

test('small weights are in the model', () => {
  assert.equal(wayOf(zeros(small), node('Gather', 'w', 'x')), 'in the model')
  assert.equal(wayOf(zeros(small), node('Gemm', 'x', 'w')), 'in the model')
})

test('large ones that are looked up are fed, others are not copied into the model', () => {
  assert.equal(wayOf(zeros(large), node('Gather', 'w', 'x')), 'fed')
  assert.equal(wayOf(zeros(large), node('Gather', 'w', 'x'), node('Gemm', 'y', 'w')), 'beside the model')
  assert.equal(wayOf(zeros(large), node('Gather', 'x', 'w')), 'beside the model')
})

test('huge ones are fed to products, but not where the runtime would turn them around in every run', () => {
  assert.equal(wayOf(zeros(huge), node('Gather', 'w', 'x'), node('MatMul', 'y', 'w')), 'fed')
  assert.equal(wayOf(zeros(huge), node('Transpose', 'w')), 'beside the model')
})

function writeShard(file: string): string {
  const path = join(temporaryFolder('piece-weights'), file)
  writeFileSync(path, Buffer.alloc(1024))
  return path
}

const mappedFrom = (path: string, offset = 0) =>
  new MappedTensor({ dtype: 'float32', shape: [4, 4], shard: new ShardFile(path), offset, length: 64 })

test('weights in files are mapped, whatever their size and use', () => {
  const path = writeShard('shard')
  const weights = placeWeights([['w', mappedFrom(path, 12)]], [node('Transpose', 'w')])
  assert.deepEqual(weights.external, {
    w: { dtype: 'float32', shape: [4, 4], location: 'shard', offset: 12, length: 64 },
  })
  assert.equal(join(weights.folder!, 'shard'), path)
})

test('weights in another folder than the first are read, and so are those whose file has an odd name', () => {
  const [here, there] = [writeShard('shard'), writeShard('shard')]
  const linked = `${here}-2`
  symlinkSync(there, linked)
  const odd = writeShard('*')
  const values = [here, linked, odd].map((path, i) => [`w${i}`, mappedFrom(path)] as const)
  const { mapped, initialisers } = placeWeights(values, [node('Sum', 'w0', 'w1', 'w2')])
  assert.deepEqual(mapped, [values[0]![1]])
  assert.equal(initialisers.w1, values[1]![1])
  assert.equal(initialisers.w2, values[2]![1])
})
