import assert from 'node:assert/strict'
import { test } from 'node:test'
import type {
  AttrMap,
  AttrValue,
  FunctionDef,
  GraphDef,
  NodeDef,
  TensorProto,
} from '../../formats/tensorflow/graph.js'
import { tensor } from '../../tensor/tensor.js'
import { LoadedGraph, type Request, type RunOptions } from './loaded-graph.js'
import type { AnyTensor } from './op.js'
import { ops } from './ops/index.js'

const utf8 = new TextEncoder()
const float: AttrValue = { type: 'float32' }

function node(
  name: string,
  op: string,
  inputs: readonly string[] = [],
  attr: Record<string, AttrValue> = {},
): NodeDef {
  return { name, op, inputs, device: '', attr: new Map(Object.entries({ T: float, dtype: float, ...attr })) }
}

function scalar(value: number): AttrValue {
  const empty = {
    content: new Uint8Array(0),
    halfVal: [],
    doubleVal: [],
    intVal: [],
    stringVal: [],
    scomplexVal: [],
  }
  const rest = { int64Val: [], boolVal: [], dcomplexVal: [], uint32Val: [], uint64Val: [] }
  const proto: TensorProto = {
    dtype: 'float32',
    shape: { dims: [], unknownRank: false },
    floatVal: [value],
    ...empty,
    ...rest,
  }
  return { tensor: proto }
}

const constant = (name: string, value: number) => node(name, 'Const', [], { value: scalar(value) })
const text = (value: string): AttrValue => ({ s: utf8.encode(value) })
const call = (name: string, func: string, inputs: readonly string[]) =>
  node(name, 'StatefulPartitionedCall', inputs, {
    f: { func: { name: func, attr: noAttributes } },
    Tout: listOf(1),
  })
const listOf = (count: number): AttrValue => ({
  list: {
    type: Array.from({ length: count }, () => 'float32' as const),
    s: [],
    i: [],
    f: [],
    b: [],
    shape: [],
    tensor: [],
    func: [],
  },
})
const noAttributes: AttrMap = new Map()

function define(
  name: string,
  inputs: readonly string[],
  body: readonly NodeDef[],
  ret: string | undefined,
): FunctionDef {
  const argument = (key: string) => ({
    name: key,
    type: 'float32' as const,
    typeAttr: '',
    numberAttr: '',
    typeListAttr: '',
  })
  const outputs = ret === undefined ? [] : [argument('out')]
  return {
    signature: { name, inputs: inputs.map(argument), outputs, controlOutputs: [], isStateful: true },
    attr: noAttributes,
    nodes: body,
    ret: new Map(ret === undefined ? [] : [['out', ret]]),
    controlRet: new Map(),
  }
}

function open(nodes: readonly NodeDef[], functions: readonly FunctionDef[] = []): LoadedGraph {
  const graph: GraphDef = { nodes, library: { functions } }
  return new LoadedGraph(graph, ops)
}

const value = (number: number): AnyTensor => tensor('float32', [], Float32Array.of(number))

function run(
  graph: LoadedGraph,
  request: Partial<Request>,
  inputs: readonly number[] = [],
  options: RunOptions = {},
): number[] {
  const plan = graph.compile(graph.flatten({ feeds: [], fetches: [], ...request }))
  return graph
    .run(plan, inputs.map(value), options)
    .map((output) => Number((output as AnyTensor & { data: Float32Array }).data[0]))
}

const variable = node('v', 'VarHandleOp', [], {
  shared_name: text('v'),
  shape: { shape: { dims: [], unknownRank: false } },
})
const variableNodes = [variable, constant('one', 1), node('set', 'AssignVariableOp', ['v', 'one'])]

test('a value that is read before a write is the one from before, even where the reader comes later', () => {
  const graph = open(
    [
      ...variableNodes,
      call('reader', 'read', ['v']),
      call('writer', 'write', ['v', '^reader']),
      node('after', 'Identity', ['reader', '^writer']),
    ],
    [
      define('read', ['handle'], [node('r', 'ReadVariableOp', ['handle'])], 'r:value:0'),
      define(
        'write',
        ['handle'],
        [constant('c', 5), node('a', 'AssignAddVariableOp', ['handle', 'c:output:0'])],
        undefined,
      ),
    ],
  )
  run(graph, { targets: ['set'] })
  assert.deepEqual(run(graph, { fetches: ['after:0'] }), [1])
  assert.deepEqual(run(graph, { fetches: ['after:0'] }), [6])
})

test('says of a plan whether it writes', () => {
  const graph = open([...variableNodes, node('read', 'ReadVariableOp', ['v'])])
  const compile = (request: Partial<Request>) =>
    graph.compile(graph.flatten({ feeds: [], fetches: [], ...request }))
  assert.equal(compile({ targets: ['set'] }).writes, true)
  assert.equal(compile({ fetches: ['read:0'] }).writes, false)
})

test('a variable that was never given a value refuses to be read', () => {
  const graph = open([variable, node('read', 'ReadVariableOp', ['v'])])
  assert.throws(() => run(graph, { fetches: ['read:0'] }), { code: 'failed_precondition' })
})

test('only what is fetched is computed', () => {
  const graph = open([constant('a', 2), node('b', 'NoSuchOp', ['a']), node('c', 'Neg', ['a'])])
  assert.deepEqual(run(graph, { fetches: ['c:0'] }), [-2])
  const missing = graph.missingOps(graph.flatten({ feeds: [], fetches: ['b:0'] }))
  assert.deepEqual([...missing], [['NoSuchOp', ['b']]])
})

test('what is fed is not computed', () => {
  const graph = open([node('x', 'Placeholder'), node('y', 'NoSuchOp', ['x']), node('z', 'Neg', ['y'])])
  assert.deepEqual(run(graph, { feeds: ['y:0'], fetches: ['z:0'] }, [3]), [-3])
})

const loop = [
  node('start', 'Enter', ['zero'], { frame_name: text('f') }),
  node('again', 'Merge', ['start', 'next']),
  node('limit', 'Enter', ['most'], { frame_name: text('f'), is_constant: { b: true } }),
  node('more', 'Less', ['again', 'limit']),
  node('cond', 'LoopCond', ['more']),
  node('side', 'Switch', ['again', 'cond']),
  node('step', 'AddV2', ['side:1', 'inside']),
  node('inside', 'Enter', ['one'], { frame_name: text('f'), is_constant: { b: true } }),
  node('next', 'NextIteration', ['step']),
  node('out', 'Exit', ['side']),
]

test('a loop of TensorFlow 1 runs to its end, and one without an end to its deadline', () => {
  const graph = open([constant('zero', 0), constant('one', 1), node('most', 'Placeholder'), ...loop])
  const request = { feeds: ['most:0'], fetches: ['out:0'] }
  assert.deepEqual(run(graph, request, [1000]), [1000])
  assert.throws(() => run(graph, request, [Number.POSITIVE_INFINITY], { deadline: Date.now() + 50 }), {
    code: 'deadline_exceeded',
  })
})

test('a branch that is not taken does not run', () => {
  const graph = open([
    ...variableNodes,
    node('x', 'Placeholder'),
    node('cond', 'Greater', ['x', 'one']),
    node('s', 'Switch', ['x', 'cond']),
    node('write', 'AssignAddVariableOp', ['v', 's:1']),
    node('yes', 'Identity', ['s:1', '^write']),
    node('no', 'Neg', ['s:0']),
    node('m', 'Merge', ['no', 'yes']),
    node('read', 'ReadVariableOp', ['v']),
  ])
  run(graph, { targets: ['set'] })
  const request = { feeds: ['x:0'], fetches: ['m:0'] }
  assert.deepEqual([run(graph, request, [-3]), run(graph, { fetches: ['read:0'] })], [[3], [1]])
  assert.deepEqual([run(graph, request, [4]), run(graph, { fetches: ['read:0'] })], [[4], [5]])
})

test('hostile graphs end: functions that call themselves, nodes that wait for themselves', () => {
  const self = define('f', ['x'], [call('again', 'f', ['x'])], 'again:output:0')
  const recursive = open([constant('a', 1), call('start', 'f', ['a'])], [self])
  assert.throws(() => run(recursive, { fetches: ['start:0'] }), { code: 'resource_exhausted' })
  const doubling = Array.from({ length: 40 }, (_, i) =>
    define(
      `f${i}`,
      ['x'],
      [call('l', `f${i + 1}`, ['x']), call('r', `f${i + 1}`, ['l:output:0'])],
      'r:output:0',
    ),
  )
  const last = define('f40', ['x'], [node('n', 'Neg', ['x'])], 'n:y:0')
  const large = open([constant('a', 1), call('start', 'f0', ['a'])], [...doubling, last])
  assert.throws(() => large.flatten({ feeds: [], fetches: ['start:0'] }), { code: 'resource_exhausted' })
  const circle = open([node('a', 'Neg', ['b']), node('b', 'Neg', ['a'])])
  assert.throws(() => run(circle, { fetches: ['a:0'] }), { code: 'invalid_argument' })
})
