import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { writeGraphWorld } from '../../../tests/graph-world.js'
import { worldSize } from '../../../tests/world.js'
import type { FlatEdge, FlatNode } from './flat-graph.js'
import { placesOutput, rankedScores } from './ranked-scores.js'
import { loadSavedModel } from './saved-model.js'

const node = (op: string, ...inputs: FlatEdge[]): FlatNode => ({
  name: op,
  op,
  attr: new Map(),
  inputs,
  controls: [],
  isKept: false,
  index: 0,
})
const edge = (of: FlatNode, output = 0): FlatEdge => ({ node: of, output })

describe('scores behind places', () => {
  const logits = edge(node('MatMul'))
  const top = node('TopKV2', logits, edge(node('Const')))

  test('are what a TopKV2 chose from', () => {
    assert.equal(rankedScores(edge(top, 1)), logits)
    assert.equal(rankedScores(edge(node('Identity', edge(node('Cast', edge(top, 1)))))), logits)
  })

  test('are not looked for behind its values, or behind other ops', () => {
    assert.equal(rankedScores(edge(top, 0)), undefined)
    assert.equal(rankedScores(edge(node('GatherV2', edge(top, 1)))), undefined)
    assert.equal(rankedScores(logits), undefined)
  })

  test('are those of one output, and hide none that is declared', () => {
    const places = edge(top, 1)
    assert.equal(placesOutput(['values', 'topk'], [edge(top, 0), places]), 'topk')
    assert.equal(placesOutput(['a', 'b'], [places, places]), undefined)
    assert.equal(placesOutput(['scores'], [places]), undefined)
  })

  test('can be asked for by name and come to nobody else', async () => {
    const directory = await writeGraphWorld('RNN4Rec')
    const model = await loadSavedModel(join(directory, 'rnn4rec', '1'), { lowering: false })
    assert.deepEqual(model.derived('topk'), ['scores'])
    const inputs = {
      user_interacted_seq: {
        dtype: 'int32' as const,
        shape: [1, worldSize],
        data: new Int32Array(worldSize).fill(worldSize).with(0, 4),
      },
      user_interacted_len: { dtype: 'int32' as const, shape: [1], data: Int32Array.of(1) },
      k: { dtype: 'int32' as const, shape: [], data: Int32Array.of(3) },
    }
    const all = model.run('topk', inputs)
    assert.deepEqual(Object.keys(all), ['topk'])
    const both = model.run('topk', inputs, { outputs: ['scores', 'topk'] })
    assert.deepEqual(both.topk, all.topk)
    const scores = both.scores as { readonly shape: readonly number[]; readonly data: Float32Array }
    assert.deepEqual(scores.shape, [worldSize])
    assert.deepEqual(
      [...scores.data],
      Array.from({ length: worldSize }, (_, row) => (row % 2 === 0 ? 1 : 0)),
    )
    assert.throws(() => model.run('topk', inputs, { outputs: ['score'] }), /output tensor alias not found/)
    model.close()
  })
})
