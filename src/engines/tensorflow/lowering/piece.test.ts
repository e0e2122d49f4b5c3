import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tensor } from '../../../tensor/tensor.js'
import { createAttributes } from '../attributes.js'
import type { AnyTensor } from '../op.js'
import { lowerings } from './index.js'
import { Piece } from './piece.js'
import { buildPiece, type Slots } from './piece-graph.js'
import { openPieceRuntime } from './session.js'

const runtime = openPieceRuntime({ intraOpThreads: 1 })
const skip = runtime === undefined && 'no runtime for this platform'
const table = tensor('float32', [3, 2], Float32Array.of(1, 2, 3, 4, 5, 6))
const ids = (...values: number[]) => tensor('int32', [values.length], Int32Array.from(values))

/** Rows of a table by ids, whose kernel says that it was asked. */
function lookUp() {
  const values: readonly AnyTensor[] = [table, ids(0, 1), tensor('float32', [2, 2], new Float32Array(4))]
  const slots: Slots = {
    seen: (slot) => values[slot]!,
    constant: (slot) => (slot === 0 ? table : undefined),
    hasRank: () => true,
  }
  const attrs = createAttributes(new Map())
  const graph = buildPiece(
    [
      {
        inputs: [0, 1],
        outputs: [2],
        lower: (builder, operand) =>
          lowerings.get('ResourceGather')!({
            op: 'ResourceGather',
            attrs,
            inputs: [operand(0), operand(1)],
            outputs: [values[2]!],
            graph: builder,
          }),
      },
    ],
    new Set([2]),
    slots,
  )!
  const refused: string[] = []
  const tally = { runtime: 0, kernels: 0 }
  const piece = new Piece(graph, runtime!, {
    kernels: () => [ids()],
    cost: { fixedNs: 1e9, dataNs: 0, elements: 1 },
    tally,
    onRefused: (reason) => refused.push(reason),
  })
  return { piece, tally, refused }
}

test('a piece runs on ONNX Runtime', { skip }, () => {
  const { piece, tally } = lookUp()
  const [rows] = piece.run([ids(2, 0)]) as [AnyTensor]
  assert.deepEqual(
    [rows.shape, [...(rows.data as Float32Array)]],
    [
      [2, 2],
      [5, 6, 1, 2],
    ],
  )
  assert.deepEqual(tally, { runtime: 1, kernels: 0 })
})

test('kernels take what TensorFlow refuses or what was not foreseen', { skip }, () => {
  const { piece, tally } = lookUp()
  const matrix = tensor('int32', [1, 1], Int32Array.of(0))
  for (const feed of [ids(-1), ids(3), ids(), matrix, tensor('int64', [1], BigInt64Array.of(0n))])
    piece.run([feed])
  assert.deepEqual(tally, { runtime: 0, kernels: 5 })
})

test('a runtime that fails where kernels answer is not asked for ever', { skip }, () => {
  const { piece, tally, refused } = lookUp()
  for (let i = 0; i < 3; i++) piece.run([ids(3)])
  piece.run([ids(1)])
  assert.deepEqual(tally, { runtime: 0, kernels: 4 })
  assert.equal(refused.length, 1)
})
