/** What the op cases do not say of segments: dtypes they leave out, and infinities. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { AnyTensor, Attributes } from '../../op.js'
import { segmentOps } from '../segment.js'

function run(op: string, inputs: readonly AnyTensor[]): AnyTensor {
  const context = { node: 'n', op, attrs: {} as Attributes }
  return segmentOps[op]!.kernel(inputs, context)[0]!
}

function ints(values: readonly number[], shape: readonly number[] = [values.length]): AnyTensor {
  return { dtype: 'int32', shape, data: Int32Array.from(values) }
}

function floats(dtype: 'float16' | 'bfloat16' | 'float32', values: readonly number[]): AnyTensor {
  return { dtype, shape: [values.length], data: Float32Array.from(values) }
}

describe('segment ops', () => {
  test('products and means of complex numbers are complex', () => {
    const pairs: AnyTensor = { dtype: 'complex64', shape: [2], data: Float32Array.of(1, 2, 3, 4) }
    assert.deepEqual([...(run('SegmentProd', [pairs, ints([0, 0])]).data as Float32Array)], [-5, 10])
    assert.deepEqual([...(run('SegmentMean', [pairs, ints([0, 0])]).data as Float32Array)], [2, 3])
    assert.deepEqual([...(run('SegmentProd', [pairs, ints([1, 1])]).data as Float32Array)], [1, 0, -5, 10])
  })

  test('16-bit sums are rounded to 16 bits', () => {
    const sum = (dtype: 'float16' | 'bfloat16') =>
      (
        run('UnsortedSegmentSum', [floats(dtype, [2048, 1]), ints([0, 0]), ints([1], [])])
          .data as Float32Array
      )[0]
    assert.equal(sum('float16'), 2048)
    assert.equal(sum('bfloat16'), 2048)
  })

  test('32-bit products wrap as integers do', () => {
    const product = run('SegmentProd', [ints([0x7fffffff, 0x7fffffff]), ints([0, 0])])
    assert.deepEqual([...(product.data as Int32Array)], [1])
  })

  test('a mean of integers is cut off towards zero', () => {
    assert.deepEqual(
      [...(run('SegmentMean', [ints([-3, -4, 5]), ints([0, 0, 2])]).data as Int32Array)],
      [-3, 0, 5],
    )
  })

  test('an unsorted maximum starts at the least finite value, a sorted one at its first row', () => {
    const data = floats('float32', [Number.NEGATIVE_INFINITY])
    const least = -(2 ** 128 - 2 ** 104)
    assert.equal((run('UnsortedSegmentMax', [data, ints([0]), ints([1], [])]).data as Float32Array)[0], least)
    assert.equal((run('SegmentMax', [data, ints([0])]).data as Float32Array)[0], Number.NEGATIVE_INFINITY)
  })

  test('64-bit limits are exact', () => {
    const data: AnyTensor = { dtype: 'int64', shape: [0], data: new BigInt64Array(0) }
    const limits = ['UnsortedSegmentMax', 'UnsortedSegmentMin'].map(
      (op) => (run(op, [data, ints([]), ints([1], [])]).data as BigInt64Array)[0],
    )
    assert.deepEqual(limits, [-(2n ** 63n), 2n ** 63n - 1n])
  })

  test('ids that skip back, are negative or beyond the count are refused', () => {
    const data = floats('float32', [1, 2])
    const refused = { code: 'invalid_argument' }
    assert.throws(() => run('SegmentSum', [data, ints([1, 0])]), refused)
    assert.throws(() => run('SegmentSum', [data, ints([-1, 0])]), refused)
    assert.throws(() => run('SegmentSumV2', [data, ints([0, 2]), ints([2], [])]), refused)
    assert.throws(
      () => run('SparseSegmentSumWithNumSegments', [data, ints([0]), ints([2]), ints([2])]),
      refused,
    )
  })
})
