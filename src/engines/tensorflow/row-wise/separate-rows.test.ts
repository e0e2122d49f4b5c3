/** Graphs that keep rows apart are recognised. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  bool,
  constant,
  int,
  ints,
  node,
  ones,
  rowCount,
  scalar,
  text,
  type,
  whyNotRowWise,
} from '../../../../tests/graph-cases.js'
import type { NodeDef } from '../../../formats/tensorflow/graph.js'

const axis0 = scalar('axis', 0)
const axis1 = scalar('axis', 1)
const keep = { keep_dims: bool(true) }

type Shape = readonly number[]

const cases: Readonly<Record<string, readonly [nodes: readonly NodeDef[], x?: Shape, ids?: Shape]>> = {
  'each element by itself': [[node('y', 'Tanh', ['x'])]],
  'a dense layer': [
    [
      ones('w', [4, 3]),
      ones('c', [3]),
      node('m', 'MatMul', ['x', 'w']),
      node('z', 'BiasAdd', ['m', 'c']),
      node('y', 'Relu', ['z']),
    ],
  ],
  'a dense layer over a sequence, by tensordot': [
    [
      ints('to', -1, 4),
      ones('w', [4, 3]),
      node('flat', 'Reshape', ['x', 'to']),
      node('m', 'MatMul', ['flat', 'w']),
      node('shape', 'Shape', ['x'], { out_type: type('int32') }),
      ints('free', 0, 1),
      scalar('zero', 0),
      node('kept', 'GatherV2', ['shape', 'free', 'zero']),
      ints('last', 3),
      node('shaped', 'ConcatV2', ['kept', 'last', 'zero']),
      node('y', 'Reshape', ['m', 'shaped']),
    ],
    [-1, -1, 4],
  ],
  'the mean of each row taken from it': [
    [scalar('axis', -1), node('mean', 'Mean', ['x', 'axis'], keep), node('y', 'Sub', ['x', 'mean'])],
  ],
  'softmax of each row': [[node('y', 'Softmax', ['x'])]],
  'an embedding': [[ones('w', [9, 3]), axis0, node('y', 'GatherV2', ['w', 'x', 'axis'])], [-1]],
  'each row its own pick': [
    [axis1, node('y', 'GatherV2', ['x', 'ids', 'axis'], { batch_dims: int(1) })],
    [-1, 4],
    [-1, 2],
  ],
  'columns picked by number': [[axis1, ints('at', 2, 0), node('y', 'GatherV2', ['x', 'at', 'axis'])]],
  'rows beside rows': [[axis1, node('y', 'ConcatV2', ['x', 'x', 'axis'])]],
  'a start token repeated for each row': [
    [
      ...rowCount,
      ones('token', [1, 2]),
      scalar('once', 1),
      node('times', 'Pack', ['n', 'once']),
      node('t', 'Tile', ['token', 'times']),
      axis1,
      node('y', 'ConcatV2', ['t', 'x', 'axis']),
    ],
  ],
  'zeros for each row': [
    [
      ...rowCount,
      scalar('three', 3),
      node('dims', 'Pack', ['n', 'three']),
      ones('v', []),
      node('y', 'Fill', ['dims', 'v']),
    ],
  ],
  'turned and turned back': [
    [
      ints('perm', 1, 0),
      node('t', 'Transpose', ['x', 'perm']),
      node('r', 'Relu', ['t']),
      node('y', 'Transpose', ['r', 'perm']),
    ],
  ],
  'heads split and joined along another axis': [
    [
      axis1,
      node('parts', 'Split', ['axis', 'x'], { num_split: int(2) }),
      node('p', 'Pack', ['parts', 'parts:1'], { axis: int(0) }),
      ints('heads', 0),
      node('y', 'Sum', ['p', 'heads']),
    ],
  ],
  'layers normalised with each row a channel': [
    [
      ...rowCount,
      ints('to', 1, -1, 4, 1),
      node('c', 'Reshape', ['x', 'to']),
      node('dims', 'Pack', ['n']),
      ones('v', []),
      node('scale', 'Fill', ['dims', 'v']),
      ones('e', [0]),
      node('f', 'FusedBatchNormV3', ['c', 'scale', 'scale', 'e', 'e'], {
        is_training: bool(true),
        data_format: text('NCHW'),
      }),
      node('y', 'Reshape', ['f', 'shape']),
    ],
  ],
  'products within each row': [[node('y', 'BatchMatMulV2', ['x', 'x'], { adj_y: bool(true) })], [-1, 3, 4]],
  'attention by einsum': [[node('y', 'Einsum', ['x', 'x'], { equation: text('bid,bjd->bij') })], [-1, -1, 4]],
  'a branch that is never taken mixes rows': [
    [
      constant('training', 'bool', [], [0]),
      axis0,
      node('mean', 'Mean', ['x', 'axis'], keep),
      ones('saved', [1, 4]),
      node('a', 'Switch', ['mean', 'training']),
      node('b', 'Switch', ['saved', 'training']),
      node('m', 'Merge', ['a:1', 'b']),
      node('y', 'Sub', ['x', 'm']),
    ],
  ],
}

describe('is row-wise', () => {
  for (const [what, [nodes, x, ids]] of Object.entries(cases)) {
    test(what, () => {
      assert.equal(whyNotRowWise({ nodes, ...(x && { x }), ...(ids && { ids }) }), undefined)
    })
  }
})
