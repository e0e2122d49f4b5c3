/** Graphs whose rows touch each other are refused, however they do it, by the op that does. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  bool,
  constant,
  int,
  intList,
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

/** @param blamed what the reason begins with */
const cases: Readonly<
  Record<string, readonly [blamed: string, nodes: readonly NodeDef[], x?: Shape, ids?: Shape]>
> = {
  'the mean of all rows taken from each': [
    'Mean',
    [axis0, node('mean', 'Mean', ['x', 'axis'], keep), node('y', 'Sub', ['x', 'mean'])],
  ],
  'a sum of all rows': ['Sum', [axis0, node('y', 'Sum', ['x', 'axis'])]],
  'the sum of everything, counted from the back': [
    'Sum',
    [ints('axis', -1, -2), node('y', 'Sum', ['x', 'axis'], keep)],
  ],
  'softmax over the rows': ['Softmax', [node('y', 'Softmax', ['x'])], [-1]],
  'softmax over the rows, turned twice': [
    'Softmax',
    [
      ints('perm', 1, 0),
      node('t', 'Transpose', ['x', 'perm']),
      node('s', 'Softmax', ['t']),
      node('y', 'Transpose', ['s', 'perm']),
    ],
  ],
  'batch normalisation in training': [
    'FusedBatchNormV3',
    [
      ones('c', [3]),
      ones('e', [0]),
      node('y', 'FusedBatchNormV3', ['x', 'c', 'c', 'e', 'e'], { is_training: bool(true) }),
    ],
    [-1, 2, 2, 3],
  ],
  'batch normalisation in training, channels first': [
    'FusedBatchNormV3',
    [
      ones('c', [3]),
      ones('e', [0]),
      node('y', 'FusedBatchNormV3', ['x', 'c', 'c', 'e', 'e'], {
        is_training: bool(true),
        data_format: text('NCHW'),
      }),
    ],
    [-1, 3, 2, 2],
  ],
  'a running total over rows': ['Cumsum', [axis0, node('y', 'Cumsum', ['x', 'axis'])]],
  'a running total over rows, counted from the back': [
    'Cumsum',
    [scalar('axis', -2), node('y', 'Cumsum', ['x', 'axis'])],
  ],
  'the product of all pairs of rows': [
    'MatMul',
    [node('y', 'MatMul', ['x', 'x'], { transpose_b: bool(true) })],
  ],
  'the product of all pairs of rows, by einsum': [
    'Einsum',
    [node('y', 'Einsum', ['x', 'x'], { equation: text('bi,ci->bc') })],
  ],
  'a sum over rows by einsum': ['Einsum', [node('y', 'Einsum', ['x', 'x'], { equation: text('bi,bj->ij') })]],
  'a diagonal by einsum': ['Einsum', [node('y', 'Einsum', ['x'], { equation: text('bb->b') })], [-1, -1]],
  'rows picked by number': [
    'GatherV2',
    [ints('at', 0, 0), axis0, node('y', 'GatherV2', ['x', 'at', 'axis'])],
  ],
  'rows picked by the rows': [
    'GatherV2',
    [axis0, node('y', 'GatherV2', ['x', 'ids', 'axis'])],
    [-1, 4],
    [-1],
  ],
  'the first row for all': [
    'StridedSlice',
    [
      ints('b', 0, 0),
      ints('e', 1, 0),
      ints('s', 1, 1),
      node('first', 'StridedSlice', ['x', 'b', 'e', 's'], { end_mask: int(2), begin_mask: int(2) }),
      node('y', 'AddV2', ['x', 'first']),
    ],
  ],
  'all but the last row': [
    'StridedSlice',
    [ints('b', 0), ints('e', -1), ints('s', 1), node('y', 'StridedSlice', ['x', 'b', 'e', 's'])],
  ],
  'every other row': [
    'StridedSlice',
    [
      ints('b', 0),
      ints('s', 2),
      node('y', 'StridedSlice', ['x', 'b', 'b', 's'], { begin_mask: int(1), end_mask: int(1) }),
    ],
  ],
  'a slice of rows': ['Slice', [ints('b', 1, 0), ints('s', -1, -1), node('y', 'Slice', ['x', 'b', 's'])]],
  'rows in the other direction': ['ReverseV2', [ints('axis', 0), node('y', 'ReverseV2', ['x', 'axis'])]],
  'two rows as one': ['Reshape', [ints('to', -1, 8), node('y', 'Reshape', ['x', 'to'])]],
  'rows of other sizes': ['Reshape', [ints('to', -1, 3), node('y', 'Reshape', ['x', 'to'])]],
  'rows of a size that a request tells, reshaped': [
    'Reshape',
    [ints('to', -1, 5), node('y', 'Reshape', ['x', 'to'])],
    [-1, -1],
  ],
  'rows as columns': [
    'Reshape',
    [ints('to', 4, -1), node('t', 'Reshape', ['x', 'to']), node('y', 'Reshape', ['t', 'shape']), ...rowCount],
  ],
  'a turned matrix taken for rows': [
    'Reshape',
    [
      ints('perm', 1, 0),
      node('t', 'Transpose', ['x', 'perm']),
      node('y', 'Reshape', ['t', 'shape']),
      ...rowCount,
    ],
  ],
  'how many rows there are, as a number': [
    'Cast',
    [
      ...rowCount,
      node('f', 'Cast', ['n'], { DstT: type('float32'), SrcT: type('int32') }),
      node('y', 'Mul', ['x', 'f']),
    ],
  ],
  'the numbers of the rows': [
    'Range',
    [...rowCount, scalar('from', 0), scalar('by', 1), node('y', 'Range', ['from', 'n', 'by'])],
  ],
  'as many rows of a constant as there are rows': [
    'StridedSlice',
    [
      ...rowCount,
      ones('c', [9, 4]),
      node('head', 'StridedSlice', ['c', 'zero', 'ends', 'one']),
      node('ends', 'Pack', ['n']),
      node('y', 'AddV2', ['x', 'head']),
    ],
  ],
  'one value out of so many as there are rows': [
    'OneHot',
    [...rowCount, node('y', 'OneHot', ['x', 'n', 'on', 'on']), ones('on', [])],
    [-1],
  ],
  'rows repeated as a whole': ['Tile', [ints('times', 2, 1), node('y', 'Tile', ['x', 'times'])]],
  'a constant for so many rows': ['AddV2', [ones('c', [5, 4]), node('y', 'AddV2', ['x', 'c'])]],
  'a constant that is as long as a lone row is wide': [
    'AddV2',
    [ones('c', [3]), node('y', 'AddV2', ['x', 'c'])],
    [-1],
  ],
  'a column with its row': [
    'AddV2',
    [axis1, node('column', 'ExpandDims', ['x', 'axis']), node('y', 'AddV2', ['x', 'column'])],
    [-1],
  ],
  'rows below rows': ['ConcatV2', [axis0, node('y', 'ConcatV2', ['x', 'x', 'axis'])]],
  'a row of zeros above': ['ConcatV2', [axis0, ones('c', [1, 4]), node('y', 'ConcatV2', ['c', 'x', 'axis'])]],
  'a margin around the rows': [
    'Pad',
    [constant('p', 'int32', [2, 2], [1, 0, 0, 0]), node('y', 'Pad', ['x', 'p'])],
  ],
  'rows stacked': [
    'an output has other rows than the inputs',
    [node('y', 'Pack', ['x', 'x'], { axis: int(0) })],
  ],
  'each row an output': [
    'Unpack',
    [node('parts', 'Unpack', ['x'], { axis: int(0), num: int(3) }), node('y', 'Identity', ['parts'])],
  ],
  'rows in halves': [
    'Split',
    [axis0, node('parts', 'Split', ['axis', 'x'], { num_split: int(2) }), node('y', 'Identity', ['parts'])],
  ],
  'the best of all rows': ['ArgMax', [axis0, node('y', 'ArgMax', ['x', 'axis'])]],
  'the best rows': ['TopKV2', [scalar('k', 2), node('y', 'TopKV2', ['x', 'k'])], [-1]],
  'each value once': ['Unique', [node('y', 'Unique', ['x'])], [-1]],
  'places that are not zero': ['Where', [node('y', 'Where', ['x'])], [-1]],
  'all axes of size 1 taken away, which a lone row has too': [
    'Squeeze',
    [node('y', 'Squeeze', ['x'])],
    [-1, 1],
  ],
  'the axis of the rows taken away': [
    'Squeeze',
    [node('y', 'Squeeze', ['x'], { squeeze_dims: intList(0) })],
    [-1, 1],
  ],
  'a scalar': ['Sum', [axis0, node('y', 'Sum', ['x', 'axis'])], [-1]],
  'a constant answer': ['an output has other rows than the inputs', [ones('y', [4])]],
  'the shape': [
    'an output has other rows than the inputs',
    [node('y', 'Shape', ['x'], { out_type: type('int32') })],
  ],
  'random numbers': [
    'RandomUniform',
    [...rowCount, node('r', 'RandomUniform', ['shape'], {}), node('y', 'AddV2', ['x', 'r'])],
  ],
  'an op that nobody knows': ['MyOwnOp', [node('y', 'MyOwnOp', ['x'])]],
  'an assertion about all rows': [
    'All',
    [
      ints('all', 0, 1),
      node('bools', 'Less', ['x', 'x']),
      node('fine', 'All', ['bools', 'all']),
      node('check', 'Assert', ['fine', 'x']),
      node('y', 'Identity', ['x', '^check']),
    ],
  ],
  'an input with any rank': [
    'an input is not declared to have any number of rows',
    [node('y', 'Identity', ['x'])],
    [4],
  ],
  'bias along the rows': ['BiasAdd', [ones('c', [4]), node('y', 'BiasAdd', ['x', 'c'])], [-1]],
  'columns chosen by a condition of each row': [
    'Select',
    [
      ints('perm', 1, 0),
      node('t', 'Transpose', ['ids', 'perm']),
      node('w', 'Less', ['x', 'x']),
      node('y', 'Select', ['w', 't', 't']),
    ],
    [-1],
    [-1, 4],
  ],
}

describe('is not row-wise', () => {
  for (const [what, [blamed, nodes, x, ids]] of Object.entries(cases)) {
    test(what, () => {
      const reason = whyNotRowWise({ nodes, ...(x && { x }), ...(ids && { ids }) })
      assert.equal(reason?.slice(0, blamed.length), blamed, reason)
    })
  }
})

/** Each of so many nodes doubles what the one before gave. */
const doublings = (op: string, toAttr: () => Parameters<typeof node>[3]): readonly NodeDef[] =>
  Array.from({ length: 64 }, (_, i) => {
    const from = i === 0 ? 'shape' : `d${i - 1}`
    return node(`d${i}`, op, op === 'ConcatV2' ? [from, from, 'axis'] : [from, from], toAttr())
  })

describe('a graph made to waste memory is refused without wasting it', () => {
  test('by products of sizes', () => {
    const nodes = [
      ...rowCount,
      ...doublings('Mul', () => ({ T: type('int32') })),
      node('y', 'Reshape', ['x', 'd63']),
    ]
    assert.equal(whyNotRowWise({ nodes }), 'Mul (d4)')
  })
  test('by lists of sizes', () => {
    const nodes = [
      ...rowCount,
      axis0,
      ...doublings('ConcatV2', () => ({})),
      node('y', 'Reshape', ['x', 'd63']),
    ]
    assert.equal(whyNotRowWise({ nodes }), 'ConcatV2 (d5)')
  })
  test('by parts of a tensor', () => {
    const nodes = [
      node('parts', 'Unpack', ['x'], { axis: int(1), num: int(2 ** 40) }),
      node('y', 'Identity', ['parts']),
    ]
    assert.equal(whyNotRowWise({ nodes }), 'Unpack (parts)')
  })
})
