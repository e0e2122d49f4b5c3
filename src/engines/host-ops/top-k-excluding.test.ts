import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Tensor, tensor } from '../../tensor/tensor.js'
import { topKExcluding } from './top-k-excluding.js'

const int32 = (...values: readonly number[]): Tensor =>
  tensor('int32', [values.length], Int32Array.from(values))
const rows = (count: number, ...values: readonly number[]): Tensor =>
  tensor('float32', [count, values.length / count], Float32Array.from(values))

const run = (...inputs: readonly (Tensor | undefined)[]): number[][] =>
  topKExcluding.run(inputs).map((output) => Array.from(output.data, Number))

test('takes its own k and its own exclusions for each row', () => {
  const scores = rows(3, 1, 5, 5, 2, 1, 5, 5, 2, 1, 5, 5, 2)
  assert.deepEqual(run(scores, int32(2, 9, 0), int32(0, 0, 2, 2), int32(1, 3)), [
    [0, 2, 4, 4],
    [1, 2, 2, 0],
    [5, 5, 5, 1],
  ])
})

test('never answers NaN, and answers -Infinity', () => {
  assert.deepEqual(run(rows(1, Number.NaN, -Infinity), int32(5), int32(0, 0), int32())[1], [1])
})

test('answers no rows with no rows', () => {
  assert.deepEqual(run(tensor('float32', [0, 4], new Float32Array(0)), int32(), int32(0), int32()), [
    [0],
    [],
    [],
  ])
})

const scores = rows(2, 1, 2, 3, 4)
const bad: readonly [string, readonly (Tensor | undefined)[], RegExp][] = [
  ['scores of one row without a shape', [int32(1)], /'scores' is int32 \[1\], not float32 \[-1,-1\]/],
  ['a k for each row', [scores, int32(1), int32(0, 0, 0), int32()], /'k' is int32 \[1\], not int32 \[2\]/],
  ['no exclusions', [scores, int32(1, 1), int32(0, 0, 0), undefined], /'excluded' is missing/],
  ['offsets that fall', [scores, int32(1, 1), int32(0, 2, 1), int32(1)], /does not ascend from 0 to 1/],
  ['offsets past the end', [scores, int32(1, 1), int32(0, 1, 2), int32(1)], /does not ascend from 0 to 1/],
  ['negative offsets', [scores, int32(1, 1), int32(0, -1, 1), int32(1)], /does not ascend/],
  [
    'scaled rows without a scale',
    [scores, int32(1, 1), int32(0, 0, 0), int32(), tensor('bool', [2], Uint8Array.of(0, 1))],
    /'scale' is missing/,
  ],
]
for (const [what, inputs, expected] of bad) {
  test(`refuses ${what}`, () => {
    assert.throws(() => topKExcluding.run(inputs), { code: 'invalid_argument', message: expected })
  })
}
