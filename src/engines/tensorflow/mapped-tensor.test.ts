import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../../../tests/temporary.js'
import { ShardFile } from '../../formats/tensor-bundle/shard-file.js'
import { tensor } from '../../tensor/tensor.js'
import { MappedTensor } from './mapped-tensor.js'
import { gather } from './ops/array/gather.js'

const offset = 12
const width = 512

/** Row `i` holds `i` in every element; each row costs what it has bytes. */
function writeRows(count: number) {
  const path = join(temporaryFolder('mapped'), 'shard')
  const values = Float32Array.from({ length: count * width }, (_, i) => Math.floor(i / width))
  writeFileSync(path, Buffer.concat([Buffer.alloc(offset), Buffer.from(values.buffer)]))
  const place = { dtype: 'float32', shape: [count, width], offset, length: values.byteLength } as const
  const open = () => new MappedTensor({ ...place, shard: new ShardFile(path) })
  return { path, values, open }
}

test('has the data of its bytes in the file', () => {
  const { values, open } = writeRows(3)
  assert.deepEqual(open().data, values)
})

test('a copy is a tensor in memory, with the data', () => {
  const { values, open } = writeRows(2)
  const mapped = open()
  const copy = { ...mapped, shape: [2 * width] }
  assert.ok(!(copy instanceof MappedTensor))
  assert.deepEqual(copy.data, values)
})

test('gives rows in the order asked for, from the file and from memory', () => {
  const { open } = writeRows(5)
  const mapped = open()
  const firsts = () => [0, 1, 2].map((i) => mapped.rows([4, 0, 4])[i * width])
  assert.deepEqual(firsts(), [4, 0, 4])
  assert.equal(mapped.data.length, 5 * width)
  assert.deepEqual(firsts(), [4, 0, 4])
})

test('reads all of itself once single rows have cost as much, and not before', () => {
  const { path, open } = writeRows(4)
  const mapped = open()
  for (let i = 0; i < 4; i++) assert.equal(mapped.rows([i])[0], i)
  assert.equal(mapped.rows([3])[0], 3)
  writeFileSync(path, '')
  assert.equal(mapped.rows([2])[0], 2)
  const fresh = writeRows(4)
  const few = fresh.open()
  few.rows([0, 1, 2, 3])
  writeFileSync(fresh.path, '')
  assert.throws(() => few.data, { code: 'data_loss' })
})

test('what it has let go of is read again', () => {
  const { path, values, open } = writeRows(2)
  const mapped = open()
  assert.deepEqual(mapped.data, values)
  mapped.release()
  assert.deepEqual(mapped.data, values)
  mapped.release()
  writeFileSync(path, '')
  assert.throws(() => mapped.data, { code: 'data_loss' })
})

test('a gather along the first axis reads its rows alone', () => {
  const { path, open } = writeRows(4)
  const mapped = open()
  const indices = tensor('int32', [2, 1], Int32Array.of(3, 1))
  const found = gather(mapped, indices, { axis: 0, batchDims: 0 })
  assert.deepEqual([found.shape, found.dtype], [[2, 1, width], 'float32'])
  assert.deepEqual(
    found.data,
    Float32Array.from({ length: 2 * width }, (_, i) => (i < width ? 3 : 1)),
  )
  const past = tensor('int32', [], Int32Array.of(4))
  assert.throws(() => gather(mapped, past, { axis: 0, batchDims: 0 }), /indices = 4 is not in \[0, 4\)/)
  writeFileSync(path, '')
  assert.throws(() => mapped.data, { code: 'data_loss' })
})
