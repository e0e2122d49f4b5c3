import assert from 'node:assert/strict'
import { test } from 'node:test'
import { broadcastTo, planBroadcast, tryBroadcastShape } from './broadcast.js'
import { sizeOf } from './tensor.js'

const pairs: readonly (readonly [readonly number[], readonly number[]])[] = [
  [[], []],
  [[3], [3]],
  [[2, 3], []],
  [
    [2, 3, 4],
    [3, 4],
  ],
  [[2, 3, 4], [4]],
  [
    [2, 3, 4],
    [2, 1, 1],
  ],
  [
    [2, 1, 4],
    [1, 3, 1],
  ],
  [
    [1, 3, 1, 5],
    [2, 1, 4, 1],
  ],
  [
    [2, 1, 2, 1],
    [1, 3, 1, 2],
  ],
  [[0, 3], [3]],
  [[1], [0]],
]

/** Where an input's element for an output element lies, by the definition. */
function source(shape: readonly number[], out: readonly number[], index: number): number {
  let at = 0
  let rest = index
  for (let d = out.length - 1, stride = 1; d >= 0; d--) {
    const size = shape[d - out.length + shape.length] ?? 1
    at += (size === 1 ? 0 : rest % out[d]!) * stride
    stride *= size
    rest = Math.floor(rest / out[d]!)
  }
  return at
}

for (const [a, b] of pairs) {
  for (const [x, y] of [
    [a, b],
    [b, a],
  ] as const) {
    test(`walks [${x}] and [${y}] as the definition does`, () => {
      const plan = planBroadcast(x, y)
      const walked: number[][] = []
      for (let r = 0; r < plan.rows; r++) {
        for (let n = 0; n < plan.width; n++) {
          walked.push([plan.aStarts[r]! + n * plan.aStep, plan.bStarts[r]! + n * plan.bStep])
        }
      }
      const count = sizeOf(plan.shape)
      const expected = Array.from({ length: count }, (_, i) => [
        source(x, plan.shape, i),
        source(y, plan.shape, i),
      ])
      assert.deepEqual(walked, expected)
      assert.equal(plan.size, count)
      const data = Int32Array.from({ length: sizeOf(x) }, (_, i) => i)
      assert.deepEqual(
        [...broadcastTo(data, x, plan.shape)],
        expected.map(([at]) => at),
      )
    })
  }
}

test('refuses shapes that do not go together in TensorFlow’s words', () => {
  assert.equal(tryBroadcastShape([2, 3], [4]), undefined)
  assert.throws(() => planBroadcast([2, 3], [4]), {
    code: 'invalid_argument',
    message: 'Incompatible shapes: [2,3] vs. [4]',
  })
})

test('refuses a result that no array holds', () => {
  assert.throws(() => planBroadcast([2 ** 20, 1], [1, 2 ** 20]), { code: 'resource_exhausted' })
})

test('repeats complex numbers by pairs', () => {
  const data = Float32Array.of(1, 2, 3, 4)
  assert.deepEqual([...broadcastTo(data, [2, 1], [2, 2], true)], [1, 2, 1, 2, 3, 4, 3, 4])
})
