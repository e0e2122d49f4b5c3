/** What the op cases do not say of sparse tensors: dtypes they leave out, entries out of order, requests for too much. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { toAttributes } from '../../../../../tests/fidelity/op-cases.js'
import { temporaryFolder } from '../../../../../tests/temporary.js'
import { RecserveError } from '../../../../core/errors.js'
import { ShardFile } from '../../../../formats/tensor-bundle/shard-file.js'
import { stringAt, toStrings } from '../../../../tensor/strings.js'
import { MappedTensor } from '../../mapped-tensor.js'
import type { AnyTensor } from '../../op.js'
import { RunLimits, runWithin } from '../../run-limits.js'
import { segmentOps } from '../segment.js'
import { sparseOps } from '../sparse.js'

type Attrs = Parameters<typeof toAttributes>[0]

function run(op: string, inputs: readonly AnyTensor[], attrs: Attrs = {}): readonly AnyTensor[] {
  const table = { ...sparseOps, ...segmentOps }
  return table[op]!.kernel(inputs, { node: 'n', op, attrs: toAttributes(attrs) })
}

function longs(values: readonly number[], shape: readonly number[] = [values.length]): AnyTensor {
  return { dtype: 'int64', shape, data: BigInt64Array.from(values, BigInt) }
}

function places(...rows: readonly (readonly number[])[]): AnyTensor {
  return longs(rows.flat(), [rows.length, rows[0]!.length])
}

function floats(values: readonly number[], shape: readonly number[] = [values.length]): AnyTensor {
  return { dtype: 'float32', shape, data: Float32Array.from(values) }
}

function texts(...values: readonly string[]): AnyTensor {
  return { dtype: 'string', shape: [values.length], data: toStrings(values) }
}

function listOf({ data }: AnyTensor): (number | string)[] {
  if (!('bytes' in data)) return Array.from(data as ArrayLike<number | bigint>, Number)
  return Array.from({ length: data.length }, (_, i) => Buffer.from(stringAt(data, i)).toString())
}

const lists = (outputs: readonly AnyTensor[]) => outputs.map(listOf)

/** Runs within 16 MiB and so many looks at the clock. */
function within<T>(looks: number, action: () => T): T {
  let left = looks
  const checkDeadline = () => {
    if (left-- === 0) throw new RecserveError('deadline_exceeded', 'too late')
  }
  return runWithin(new RunLimits({ checkDeadline, maxBytes: 2 ** 24 }), action)
}

describe('sparse ops', () => {
  const shape = longs([2, 3])

  test('a sum below the threshold goes, what only one side has stays, sums that are no numbers go', () => {
    const a = [places([0, 0], [0, 1], [1, 0]), floats([1, 2, Number.NaN]), shape]
    const b = [places([0, 1], [1, 0], [1, 2]), floats([-2, 1, Number.NaN]), shape]
    const [indices, values] = run('SparseAdd', [...a, ...b, floats([0.5], [])])
    assert.deepEqual(lists([indices!, values!]), [
      [0, 0, 1, 2],
      [1, Number.NaN],
    ])
  })

  test('a softmax answers in the order of places, whatever the order of entries', () => {
    const [values] = run('SparseSoftmax', [
      places([1, 0], [0, 0], [1, 1]),
      floats([0, 5, Math.log(3)]),
      shape,
    ])
    assert.deepEqual(
      listOf(values!).map((value) => Number((value as number).toFixed(6))),
      [1, 0.25, 0.75],
    )
  })

  test('an adjoint product conjugates, an integer product wraps', () => {
    const pair = (...data: number[]): AnyTensor => ({
      dtype: 'complex64',
      shape: [data.length / 2],
      data: Float32Array.from(data),
    })
    const dense = { ...pair(0, 1, 2, 1), shape: [2, 1] } as AnyTensor
    const adjoint = run('SparseTensorDenseMatMul', [places([0, 1]), pair(1, 2), shape, dense], {
      adjoint_a: { b: true },
    })
    assert.deepEqual(listOf(adjoint[0]!), [0, 0, 2, 1, 0, 0])
    const ints = (values: readonly number[], of: readonly number[]): AnyTensor => ({
      dtype: 'int32',
      shape: of,
      data: Int32Array.from(values),
    })
    const wide = [places([0, 1]), ints([0x7fffffff], [1]), shape, ints([0, 0x7fffffff, 0], [3, 1])]
    assert.deepEqual(listOf(run('SparseTensorDenseMatMul', wide)[0]!), [1, 0])
  })

  test('sets of strings are in the order of their bytes', () => {
    const sides = [texts('é', 'b', 'a', 'b'), texts('', 'Z', 'zz', 'é')].map(
      (side) => ({ ...side, shape: [2, 2] }) as AnyTensor,
    )
    const [indices, values, dense] = run('DenseToDenseSetOperation', sides, { set_operation: { s: 'union' } })
    assert.deepEqual(listOf(values!), ['', 'Z', 'b', 'é', 'a', 'b', 'zz', 'é'])
    assert.deepEqual(listOf(indices!), [0, 0, 0, 1, 0, 2, 0, 3, 1, 0, 1, 1, 1, 2, 1, 3])
    assert.deepEqual(listOf(dense!), [2, 4])
  })

  test('rows filled up keep the order of their entries, and say where each went', () => {
    const inputs = [places([2, 1], [0, 2], [2, 0]), texts('c', 'a', 'b'), longs([4, 3]), texts('?')]
    const filling = { ...inputs[3]!, shape: [] } as AnyTensor
    const outputs = run('SparseFillEmptyRows', [inputs[0]!, inputs[1]!, inputs[2]!, filling])
    assert.deepEqual(lists(outputs), [
      [0, 2, 1, 0, 2, 1, 2, 0, 3, 0],
      ['a', '?', 'c', 'b', '?'],
      [0, 1, 0, 1],
      [2, 0, 3],
    ])
  })

  test('indices, values and shape that do not belong together are refused', () => {
    const refused = { code: 'invalid_argument' }
    const one = floats([1])
    assert.throws(() => run('SparseReorder', [longs([0, 1]), one, shape]), refused)
    assert.throws(() => run('SparseReorder', [places([0, 1]), floats([1, 2]), shape]), refused)
    assert.throws(() => run('SparseReorder', [places([0, 1]), one, longs([2])]), refused)
    assert.throws(() => run('SparseReorder', [places([0, 1]), one, longs([2, -3])]), refused)
    assert.throws(
      () => run('SparseTensorDenseAdd', [places([0, 3]), one, shape, floats([0, 0, 0, 0, 0, 0], [2, 3])]),
      refused,
    )
    assert.throws(() => run('SparseToDense', [places([-1, 0]), shape, one, floats([0], [])]), refused)
  })
})

describe('sparse ops asked for too much', () => {
  const none = { indices: longs([], [0, 2]), values: floats([]) }
  const exhausted = { code: 'resource_exhausted' }

  test('rows that nobody could hold are refused', () => {
    const huge = longs([2 ** 40, 2])
    const inputs = [none.indices, none.values, huge]
    const filled = [...inputs, floats([0], [])]
    assert.throws(() => within(9, () => run('SparseFillEmptyRows', filled)), exhausted)
    assert.throws(() => within(9, () => run('SparseReduceSum', [...inputs, longs([1])])), exhausted)
    const counted = [none.indices, longs([]), huge, longs([4], []), none.values]
    assert.throws(() => within(9, () => run('SparseBincount', counted)), exhausted)
    const parts = [longs([0], []), ...inputs]
    assert.throws(() => within(9, () => run('SparseSplit', parts, { num_split: { i: 2 ** 30 } })), exhausted)
  })

  test('a product of columns that nobody could hold is refused, however many there are', () => {
    const column = { ...longs(Array.from({ length: 1000 }, (_, i) => i)), shape: [1, 1000] } as AnyTensor
    for (const count of [3, 150]) {
      const attrs = {
        N: { i: 0 },
        sparse_types: { list: {} },
        dense_types: { list: { type: new Array(count).fill('int64') } },
        num_buckets: { i: 0 },
        hash_key: { i: 1 },
        out_type: { type: 'int64' },
        internal_type: { type: 'int64' },
      }
      const columns = new Array<AnyTensor>(count).fill(column)
      assert.throws(() => within(99, () => run('SparseCross', columns, attrs)), exhausted)
    }
  })

  test('sorting ends with the run', () => {
    const count = 2 ** 17
    const backwards = Array.from({ length: count }, (_, i) => count - i)
    const inputs = [longs(backwards, [count, 1]), floats(backwards), longs([count + 1])]
    assert.equal(within(9, () => run('SparseReorder', inputs)).length, 2)
    const shuffled = backwards.map((_, i) => (i * 40_503) % count)
    const mixed = [longs(shuffled, [count, 1]), inputs[1]!, inputs[2]!]
    assert.throws(() => within(1, () => run('SparseReorder', mixed)), { code: 'deadline_exceeded' })
  })
})

test('an embedding bag over a table in a file reads the rows it adds and no others', () => {
  const [rows, width] = [64, 512]
  const path = join(temporaryFolder('bag'), 'shard')
  const values = Float32Array.from({ length: rows * width }, (_, i) => Math.floor(i / width))
  writeFileSync(path, new Uint8Array(values.buffer))
  const place = { dtype: 'float32', shape: [rows, width], offset: 0, length: values.byteLength } as const
  const table = new MappedTensor({ ...place, shard: new ShardFile(path) })
  const [mean] = run('SparseSegmentMean', [table, longs([7, 1, 3]), longs([0, 0, 1])])
  assert.deepEqual(mean!.shape, [2, width])
  assert.deepEqual([listOf(mean!)[0], listOf(mean!)[width]], [4, 3])
  // Whatever was not read by now cannot be.
  writeFileSync(path, '')
  assert.throws(() => table.data, { code: 'data_loss' })
})

test('counts keep only what occurs, in order, below the greatest length', () => {
  const matrix = { ...longs([3, 1, 3, 7, 0, 0]), shape: [2, 3] } as AnyTensor
  const [indices, counts, dense] = run('DenseCountSparseOutput', [matrix, floats([])], {
    minlength: { i: -1 },
    maxlength: { i: 7 },
    binary_output: { b: false },
  })
  assert.deepEqual(lists([indices!, counts!, dense!]), [
    [0, 1, 0, 3, 1, 0],
    [1, 2, 2],
    [2, 7],
  ])
  assert.throws(() => run('DenseCountSparseOutput', [longs([1, -1]), floats([])]), {
    code: 'invalid_argument',
  })
})
