/** Graphs that ask for too much: time beyond a run's deadline, memory beyond what a run may hold. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { AttrMap, AttrValue, NodeDef } from '../../formats/tensorflow/graph.js'
import { type NumericType, typedArrays, wideArrays } from '../../tensor/dtype.js'
import { isComplex, sizeOf } from '../../tensor/tensor.js'
import { LoadedGraph, type RunOptions } from './loaded-graph.js'
import type { AnyTensor } from './op.js'
import { ops } from './ops/index.js'

const arrays = { ...typedArrays, ...wideArrays }
/** Zeros that cases share: nothing is written into what is fed. */
const known = new Map<string, AnyTensor>()

function zeros(dtype: NumericType, ...shape: number[]): AnyTensor {
  const length = sizeOf(shape) * (isComplex(dtype) ? 2 : 1)
  const key = `${dtype} ${length}`
  const { data } = known.get(key) ?? { data: new arrays[dtype](length) }
  const made = { dtype, shape, data } as AnyTensor
  known.set(key, made)
  return made
}

const integers = (...values: number[]): AnyTensor => ({
  dtype: 'int32',
  shape: [values.length],
  data: Int32Array.from(values),
})
const integer = (value: number): AnyTensor => ({ ...integers(value), shape: [] }) as AnyTensor
const long = (value: number): AnyTensor => ({
  dtype: 'int64',
  shape: [],
  data: BigInt64Array.of(BigInt(value)),
})
const number = (value: number): AnyTensor => ({ dtype: 'float32', shape: [], data: Float32Array.of(value) })
const text = (value: string): Partial<AttrValue> => ({ s: new TextEncoder().encode(value) })
const list = (...values: number[]): Partial<AttrValue> => ({
  list: { i: values, s: [], f: [], b: [], type: [], shape: [], tensor: [], func: [] } as never,
})

interface Case {
  readonly op: string
  readonly inputs: readonly AnyTensor[]
  readonly attrs?: Readonly<Record<string, Partial<AttrValue>>>
}

function node(name: string, op: string, inputs: readonly string[], attrs: Case['attrs'] = {}): NodeDef {
  return { name, op, inputs, device: '', attr: new Map(Object.entries(attrs)) as unknown as AttrMap }
}

function open(...nodes: NodeDef[]): LoadedGraph {
  const graph = new LoadedGraph({ nodes, functions: [], gradients: new Map() } as never, ops)
  // From here on it serves.
  graph.freeze([])
  return graph
}

/** Runs one op on values that are fed, so that nothing is known before the run. */
function runOp({ op, inputs, attrs = {} }: Case, options: RunOptions = {}): readonly unknown[] {
  const names = inputs.map((_, i) => `x${i}`)
  const graph = open(
    ...names.map((name, i) => node(name, 'Placeholder', [], { dtype: { type: inputs[i]!.dtype as never } })),
    node('y', op, names, attrs),
  )
  const request = { feeds: names.map((name) => `${name}:0`), fetches: ['y:0'] }
  return graph.run(graph.compile(graph.flatten(request)), inputs, options)
}

const large = 2 ** 26
const side = 2 ** 13
const floats = zeros('float32', large)
const matrix = zeros('float32', side, side)
const nhwc = { strides: list(1, 1, 1, 1), padding: text('SAME') }
const spectrum = zeros('complex64', 2 ** 25)
const int64s = zeros('int64', 2 ** 25)
const column = zeros('float32', 2 ** 14, 1)
const row = zeros('float32', 1, 2 ** 14)

const slow: readonly Case[] = [
  { op: 'MatMul', inputs: [matrix, matrix] },
  { op: 'MatMul', inputs: [zeros('int64', 2 ** 12, 2 ** 12), zeros('int64', 2 ** 12, 2 ** 12)] },
  { op: 'MatMul', inputs: [zeros('int64', 1, 2 ** 25), zeros('int64', 2 ** 25, 1)] },
  { op: 'BatchMatMulV2', inputs: [zeros('float16', side, side), zeros('float16', side, side)] },
  { op: 'Einsum', inputs: [matrix, matrix], attrs: { equation: text('ij,jk->ik') } },
  {
    op: 'Conv2D',
    inputs: [zeros('float32', 1, 2 ** 12, 2 ** 12, 4), zeros('float32', 8, 8, 4, 8)],
    attrs: nhwc,
  },
  {
    op: 'DepthwiseConv2dNative',
    inputs: [zeros('float32', 1, 2 ** 12, 2 ** 12, 4), zeros('float32', 16, 16, 4, 1)],
    attrs: nhwc,
  },
  {
    op: 'MaxPool',
    inputs: [zeros('float32', 1, 2 ** 12, 2 ** 12, 4)],
    attrs: { ...nhwc, ksize: list(1, 64, 64, 1) },
  },
  { op: 'Lgamma', inputs: [floats] },
  { op: 'Tanh', inputs: [floats] },
  { op: 'Softplus', inputs: [floats] },
  { op: 'Softmax', inputs: [matrix] },
  { op: 'Pow', inputs: [column, row] },
  { op: 'Atan2', inputs: [column, row] },
  { op: 'Mul', inputs: [int64s, int64s] },
  { op: 'Prod', inputs: [int64s, integer(0)] },
  { op: 'CumulativeLogsumexp', inputs: [floats, integer(0)] },
  { op: 'Cumsum', inputs: [int64s, integer(0)] },
  { op: 'FFT', inputs: [spectrum] },
  { op: 'FFT', inputs: [zeros('complex64', 2 ** 24 + 1)] },
  { op: 'TopKV2', inputs: [zeros('int32', 2 ** 24), integer(2 ** 23)] },
  { op: 'TopKV2', inputs: [floats, integer(2 ** 25)] },
  { op: 'NthElement', inputs: [floats, integer(5)] },
  { op: 'Unique', inputs: [int64s] },
  { op: 'Bincount', inputs: [zeros('int32', 2 ** 25), integer(4), zeros('int64', 0)] },
  { op: 'MatrixInverse', inputs: [zeros('float32', 2 ** 12, 2 ** 12)] },
  { op: 'MatrixDeterminant', inputs: [zeros('float32', 2 ** 22, 4, 4)] },
  { op: 'GatherNd', inputs: [matrix, zeros('int32', 2 ** 25, 2)] },
  { op: 'ScatterNd', inputs: [zeros('int32', 2 ** 25, 1), zeros('float32', 2 ** 25), integers(8)] },
  { op: 'UnsortedSegmentSum', inputs: [zeros('float32', 2 ** 25), zeros('int32', 2 ** 25), integer(8)] },
  { op: 'RandomStandardNormal', inputs: [integers(2 ** 14, 2 ** 14)], attrs: { dtype: { type: 'float32' } } },
  { op: 'Range', inputs: [long(0), long(2 ** 27), long(1)] },
]

describe('a kernel ends soon after the deadline', () => {
  for (const each of slow) {
    test(`${each.op} of ${each.inputs.map(({ dtype, shape }) => `${dtype}[${shape}]`).join(' ')}`, () => {
      const start = Date.now()
      assert.throws(() => runOp(each, { deadline: start + 100 }), { code: 'deadline_exceeded' })
      const tookMs = Date.now() - start
      assert.ok(tookMs < 10_000, `${tookMs} ms`)
    })
  }
})

const huge = 2 ** 20
const vector = zeros('float32', huge)
const excessive: readonly Case[] = [
  { op: 'Fill', inputs: [integers(huge, huge), number(1)] },
  { op: 'Tile', inputs: [vector, integers(huge)] },
  { op: 'BroadcastTo', inputs: [vector, integers(huge, huge)] },
  { op: 'Range', inputs: [long(0), long(2 ** 45), long(1)] },
  { op: 'OneHot', inputs: [zeros('int32', huge), integer(huge), number(1), number(0)] },
  { op: 'Pad', inputs: [vector, { ...integers(0, 2 ** 31 - 1), shape: [1, 2] } as AnyTensor] },
  { op: 'MatMul', inputs: [zeros('float32', huge, 1), zeros('float32', 1, huge)] },
  { op: 'AddV2', inputs: [zeros('float32', huge, 1), vector] },
  { op: 'Less', inputs: [zeros('float32', huge, 1), vector] },
  { op: 'Einsum', inputs: [vector, vector], attrs: { equation: text('i,j->ij') } },
  {
    op: 'Conv2D',
    inputs: [zeros('float32', 1, 1024, 1024, 1), zeros('float32', 1, 1, 1, 4096)],
    attrs: nhwc,
  },
  { op: 'ConcatV2', inputs: [...new Array<AnyTensor>(16).fill(floats), integer(0)] },
  { op: 'Pack', inputs: new Array<AnyTensor>(16).fill(floats) },
  { op: 'GatherV2', inputs: [matrix, zeros('int32', huge), integer(0)] },
  { op: 'MatrixDiag', inputs: [vector] },
  { op: 'RandomUniform', inputs: [integers(huge, huge)], attrs: { dtype: { type: 'float32' } } },
  { op: 'Bincount', inputs: [integers(1), integer(2 ** 31 - 1), zeros('int64', 0)] },
  { op: 'Empty', inputs: [integers(huge, huge)], attrs: { dtype: { type: 'float32' } } },
]

describe('what is too large is refused before it is made', () => {
  for (const each of excessive) {
    test(`${each.op} of ${each.inputs.map(({ dtype, shape }) => `${dtype}[${shape}]`).join(' ')}`, () => {
      const before = process.memoryUsage().arrayBuffers
      assert.throws(() => runOp(each), {
        code: 'resource_exhausted',
        message: /OOM when allocating tensor with shape\[[\d,]+\] and type/,
      })
      const grownMiB = (process.memoryUsage().arrayBuffers - before) / 2 ** 20
      assert.ok(grownMiB < 1100, `${grownMiB} MiB`)
    })
  }
})

test('what nobody reads any more is given back', () => {
  const steps = Array.from({ length: 12 }, (_, i) => node(`s${i + 1}`, 'Neg', [`s${i}`]))
  const graph = open(node('s0', 'Placeholder', [], { dtype: { type: 'float32' } }), ...steps)
  const plan = graph.compile(graph.flatten({ feeds: ['s0:0'], fetches: ['s12:0'] }))
  const [result] = graph.run(plan, [floats]) as readonly AnyTensor[]
  assert.deepEqual(result!.shape, [large])
})

test('what is kept for a later step counts', () => {
  const names = Array.from({ length: 9 }, (_, i) => `s${i}`)
  const graph = open(
    node('x', 'Placeholder', [], { dtype: { type: 'float32' } }),
    ...names.map((name) => node(name, 'Neg', ['x'])),
  )
  const fetches = names.map((name) => `${name}:0`)
  const plan = graph.compile(graph.flatten({ feeds: ['x:0'], fetches }))
  assert.throws(() => graph.run(plan, [floats]), { code: 'resource_exhausted' })
})

test('a list of which two lists are made stays what it was', () => {
  const variant = { element_dtype: { type: 'float32' as never } }
  const graph = open(
    node('shape', 'Placeholder', [], { dtype: { type: 'int32' } }),
    ...['a', 'b', 'c'].map((name) => node(name, 'Placeholder', [], { dtype: { type: 'float32' } })),
    node('empty', 'EmptyTensorList', ['shape', 'size'], variant),
    node('size', 'Placeholder', [], { dtype: { type: 'int32' } }),
    node('one', 'TensorListPushBack', ['empty', 'a'], variant),
    node('left', 'TensorListPushBack', ['one', 'b'], variant),
    node('right', 'TensorListPushBack', ['one', 'c'], variant),
    ...['one', 'left', 'right'].map((name) => node(`${name}s`, 'TensorListStack', [name, 'shape'], variant)),
  )
  const feeds = ['shape:0', 'size:0', 'a:0', 'b:0', 'c:0']
  const plan = graph.compile(graph.flatten({ feeds, fetches: ['lefts:0', 'ones:0', 'rights:0', 'lefts:0'] }))
  const none = { dtype: 'int32', shape: [0], data: new Int32Array(0) } as AnyTensor
  const results = graph.run(plan, [none, integer(8), number(1), number(2), number(3)]) as readonly AnyTensor[]
  assert.deepEqual(
    results.map(({ data }) => [...(data as Float32Array)]),
    [[1, 2], [1], [1, 3], [1, 2]],
  )
})

/** A loop of TensorFlow 1 that counts to what it is fed, beside a node of every round whose value nobody needs at once. */
const counting = (sumInputs: readonly string[] = [], ...more: readonly NodeDef[]) =>
  open(
    node('most', 'Placeholder', [], { dtype: { type: 'int32' } }),
    node('zero', 'Placeholder', [], { dtype: { type: 'int32' } }),
    node('one', 'Placeholder', [], { dtype: { type: 'int32' } }),
    node('start', 'Enter', ['zero'], { frame_name: text('f') }),
    node('again', 'Merge', ['start', 'next']),
    node('limit', 'Enter', ['most'], { frame_name: text('f'), is_constant: { b: true } }),
    node('step', 'Enter', ['one'], { frame_name: text('f'), is_constant: { b: true } }),
    node('more', 'Less', ['again', 'limit']),
    node('cond', 'LoopCond', ['more']),
    node('side', 'Switch', ['again', 'cond']),
    ...more,
    node('sum', 'AddV2', ['side:1', 'step', ...sumInputs]),
    node('next', 'NextIteration', ['sum']),
    node('out', 'Exit', ['side']),
  )
const countingFeeds = ['most:0', 'zero:0', 'one:0']

test('rounds of a loop that are over are given back', () => {
  // Each round makes 1 MiB that a node reads which the loop need not wait for: 3 GiB in all.
  const graph = counting(
    ['^block'],
    node('shape', 'Placeholder', [], { dtype: { type: 'int32' } }),
    node('value', 'Placeholder', [], { dtype: { type: 'float32' } }),
    node('shapes', 'Enter', ['shape'], { frame_name: text('f'), is_constant: { b: true } }),
    node('values', 'Enter', ['value'], { frame_name: text('f'), is_constant: { b: true } }),
    node('block', 'Fill', ['shapes', 'values', '^side']),
    node('beside', 'Neg', ['block']),
  )
  const feeds = [...countingFeeds, 'shape:0', 'value:0']
  const plan = graph.compile(graph.flatten({ feeds, fetches: ['out:0'], targets: ['beside'] }))
  const fed = [integer(3072), integer(0), integer(1), integers(2 ** 18), number(1)]
  const [result] = graph.run(plan, fed) as readonly AnyTensor[]
  assert.equal(result!.data[0 as never], 3072)
})

test('a long loop takes no more memory than a short one', () => {
  const graph = counting()
  const plan = graph.compile(graph.flatten({ feeds: countingFeeds, fetches: ['out:0'] }))
  const run = (rounds: number) =>
    graph.run(plan, [integer(rounds), integer(0), integer(1)]) as readonly AnyTensor[]
  run(1000)
  const before = process.memoryUsage().rss
  const [result] = run(300_000)
  assert.equal(result!.data[0 as never], 300_000)
  const grownMiB = (process.memoryUsage().rss - before) / 2 ** 20
  assert.ok(grownMiB < 100, `${grownMiB} MiB`)
})

test('a TensorArray and a list have no more places than a run may hold', () => {
  const array = { dtype: { type: 'float32' as never }, dynamic_size: { b: true } }
  for (const each of [
    { op: 'TensorArrayV3', inputs: [integer(2 ** 31 - 1)], attrs: array },
    {
      op: 'TensorListReserve',
      inputs: [integers(), integer(2 ** 31 - 1)],
      attrs: { element_dtype: { type: 'float32' as never } },
    },
  ]) {
    assert.throws(() => runOp(each), { code: 'invalid_argument' })
  }
})
