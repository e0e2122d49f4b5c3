/** What the op cases do not say of ragged tensors: shapes they leave out, variants of several kinds, requests for too much. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { toAttributes } from '../../../../../tests/fidelity/op-cases.js'
import { toStrings } from '../../../../tensor/strings.js'
import type { AnyTensor, StatefulContext, Value } from '../../op.js'
import { RunLimits, runWithin } from '../../run-limits.js'
import { raggedOps, raggedStatefulOps } from '../ragged.js'
import { tensorListOps } from '../tensor-list.js'

type Attrs = Parameters<typeof toAttributes>[0]

function run(op: string, inputs: readonly AnyTensor[], attrs: Attrs = {}): readonly AnyTensor[] {
  return raggedOps[op]!.kernel(inputs, { node: 'n', op, attrs: toAttributes(attrs) })
}

function runStateful(op: string, inputs: readonly Value[], attrs: Attrs): readonly Value[] {
  const context = { node: 'n', op, attrs: toAttributes(attrs) } as StatefulContext
  return { ...raggedStatefulOps, ...tensorListOps }[op]!.stateful(inputs, context)
}

function longs(values: readonly number[], shape: readonly number[] = [values.length]): AnyTensor {
  return { dtype: 'int64', shape, data: BigInt64Array.from(values, BigInt) }
}

function floats(values: readonly number[], shape: readonly number[] = [values.length]): AnyTensor {
  return { dtype: 'float32', shape, data: Float32Array.from(values) }
}

const listOf = (value: Value) => Array.from((value as AnyTensor).data as ArrayLike<number | bigint>, Number)
const lists = (values: readonly Value[]) => values.map(listOf)

/** Runs within 16 MiB. */
function within<T>(action: () => T): T {
  return runWithin(new RunLimits({ checkDeadline: () => {}, maxBytes: 2 ** 24 }), action)
}

const exhausted = { code: 'resource_exhausted' }
const refused = { code: 'invalid_argument' }
const bySplits = { row_partition_types: { list: { s: ['ROW_SPLITS'] } } }

describe('ragged ops', () => {
  test('rows cut away take their values along, rows that are missing are filled', () => {
    const inputs = [longs([5, 1]), floats([1, 2, 3]), floats([-1], []), longs([0, 2, 2, 3])]
    const [dense] = run('RaggedTensorToTensor', inputs, bySplits)
    assert.deepEqual(listOf(dense!), [1, -1, 3, -1, -1])
  })

  test('a default of one element fills whole rows, one that only broadcasts from the back is refused', () => {
    const splits = longs([0, 1, 1])
    const values = floats([1, 2], [1, 2])
    const shape = longs([-1], [])
    const [dense] = run('RaggedTensorToTensor', [shape, values, floats([7], [1]), splits], bySplits)
    assert.deepEqual(listOf(dense!), [1, 2, 7, 7])
    const cubes = floats([1, 2, 3, 4, 5, 6], [1, 2, 3])
    const back = [shape, cubes, floats([7, 8, 9]), splits]
    assert.throws(() => run('RaggedTensorToTensor', back, bySplits), refused)
  })

  test('splits that do not ascend from 0 to the number of values are refused', () => {
    const values = floats([1, 2, 3])
    for (const splits of [[], [1, 3], [0, 2, 1, 3], [0, 2], [0, 4]]) {
      assert.throws(
        () => run('RaggedTensorToSparse', [longs(splits), values], { RAGGED_RANK: { i: 1 } }),
        refused,
      )
    }
    const beyond = [longs([-1], []), values, floats([0], []), longs([0, 4])]
    assert.throws(() => run('RaggedTensorToTensor', beyond, bySplits), refused)
  })

  test('ranges of 64-bit integers are exact, and none is longer than a run may hold', () => {
    const start = -(2n ** 62n)
    const long = (value: bigint): AnyTensor => ({ dtype: 'int64', shape: [], data: BigInt64Array.of(value) })
    const [splits, values] = run('RaggedRange', [long(start), long(start + 3n), long(2n)])
    assert.deepEqual(listOf(splits!), [0, 2])
    assert.deepEqual([...(values!.data as BigInt64Array)], [start, start + 2n])
    assert.throws(() => within(() => run('RaggedRange', [long(start), long(2n ** 62n), long(1n)])), exhausted)
    assert.throws(
      () => run('RaggedRange', [floats([0], []), floats([Number.POSITIVE_INFINITY], []), floats([1], [])]),
      refused,
    )
  })

  test('dense sizes that nobody could hold are refused, sizes of nothing are not', () => {
    const one = [floats([1]), floats([0], []), longs([0, 1])]
    assert.throws(
      () => within(() => run('RaggedTensorToTensor', [longs([2 ** 20, 2 ** 20]), ...one], bySplits)),
      exhausted,
    )
    const nothing = [longs([-1], []), floats([], [0, 2 ** 40]), floats([0], []), longs([0, 0])]
    const [dense] = within(() => run('RaggedTensorToTensor', nothing, bySplits))
    assert.deepEqual(dense!.shape, [1, 0, 2 ** 40])
  })
})

describe('ragged tensors as variants', () => {
  const types = { Tvalues: { type: 'float32' }, Tsplits: { type: 'int64' } }
  const splits = [longs([0, 1, 3]), longs([0, 2, 2, 5])]
  const values = floats([1, 2, 3, 4, 5])

  function encode(): Value {
    const attrs = { ...types, RAGGED_RANK: { i: 2 }, batched_input: { b: true } }
    return runStateful('RaggedTensorToVariant', [...splits, values], attrs)[0]!
  }

  test('each row is a ragged tensor of one dimension less, whose splits begin at 0', () => {
    const rows = encode()
    assert.deepEqual(rows.shape, [2])
    const decoded = (rows as { elements: readonly Value[] }).elements.map((row) =>
      lists(runStateful('RaggedTensorFromVariant', [row], { ...types, output_ragged_rank: { i: 1 } })),
    )
    assert.deepEqual(decoded, [
      [
        [0, 2],
        [1, 2],
      ],
      [
        [0, 0, 3],
        [3, 4, 5],
      ],
    ])
  })

  test('come back as they were, through a list of tensors too', () => {
    const attrs = { ...types, output_ragged_rank: { i: 2 } }
    const list = runStateful('TensorListFromTensor', [encode(), longs([], [0])], {
      element_dtype: { type: 'variant' },
    })
    const [stacked] = runStateful('TensorListStack', [list[0]!, longs([], [0])], {})
    for (const rows of [encode(), stacked!]) {
      assert.deepEqual(
        lists(runStateful('RaggedTensorFromVariant', [rows], attrs)),
        lists([...splits, values]),
      )
    }
  })

  test('of another dtype, of another rank, or no variants at all are refused', () => {
    const decode = (input: Value, attrs: Attrs) =>
      runStateful('RaggedTensorFromVariant', [input], { ...types, ...attrs })
    assert.throws(
      () => decode(encode(), { output_ragged_rank: { i: 2 }, Tvalues: { type: 'int32' } }),
      refused,
    )
    assert.throws(() => decode(encode(), { output_ragged_rank: { i: 3 } }), refused)
    assert.throws(() => decode(encode(), { output_ragged_rank: { i: 0 } }), refused)
    assert.throws(() => decode(values, { output_ragged_rank: { i: 1 } }), refused)
    const list = runStateful('TensorListReserve', [longs([-1], []), longs([1], [])], {
      element_dtype: { type: 'variant' },
    })
    assert.throws(() => runStateful('TensorListStack', [list[0]!, longs([], [0])], {}), refused)
  })
})

test('a cross of ragged, sparse and dense columns takes them in the order that is named', () => {
  const strings = (...texts: string[]): AnyTensor => ({
    dtype: 'string',
    shape: [texts.length],
    data: toStrings(texts),
  })
  const inputs = [strings('a', 'b'), longs([0, 1, 2]), longs([7, 8], [2, 1])]
  const attrs = {
    ragged_values_types: { list: { type: ['string'] } },
    dense_types: { list: { type: ['int64'] } },
    Nsparse: { i: 0 },
    hashed_output: { b: false },
    out_row_splits_type: { type: 'int64' },
  }
  const crossed = (order: string) => {
    const [values] = run('RaggedCross', inputs, { ...attrs, input_order: { s: order } })
    return Buffer.from((values!.data as { bytes: Uint8Array }).bytes).toString()
  }
  assert.equal(crossed('RD'), 'a_X_7b_X_8')
  assert.equal(crossed('DR'), '7_X_a8_X_b')
  assert.throws(() => crossed('RR'), refused)
  assert.throws(() => crossed('toString'), refused)
})
