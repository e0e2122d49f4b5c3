/** Small graphs for the tests of engines. */
import { encodeModel } from '../formats/onnx/encode-model.js'
import type { OnnxNode, OnnxValueInfo } from '../formats/onnx/model.js'
import type { DataType } from '../tensor/dtype.js'
import { type NamedTensors, tensor } from '../tensor/tensor.js'
import type { Graph } from './engine.js'

/** One node; its outputs are the graph's. */
export function nodeGraph(
  node: OnnxNode,
  inputs: readonly OnnxValueInfo[],
  rest: { readonly output: Omit<OnnxValueInfo, 'name'>; readonly initialisers?: NamedTensors },
): Graph {
  const outputs = node.outputs.map((name) => ({ name, ...rest.output }))
  const graph = { name: 'test', nodes: [node], inputs, outputs, initialisers: rest.initialisers ?? {} }
  return { onnx: encodeModel({ graph }), hostOps: [], outputs: node.outputs }
}

/** y = 2 x, for x of any size. */
export function doubleGraph(): Graph {
  const value = { dtype: 'float32', shape: ['n'] } as const
  const node = { op: 'Add', inputs: ['x', 'x'], outputs: ['y'] }
  return nodeGraph(node, [{ name: 'x', ...value }], { output: value })
}

/** y = a + b, two rows of the same unknown size. */
export function addGraph(): Graph {
  const value = { dtype: 'float32', shape: [2, 'n'] } as const
  const node = { op: 'Add', inputs: ['a', 'b'], outputs: ['y'] }
  return nodeGraph(
    node,
    [
      { name: 'a', ...value },
      { name: 'b', ...value },
    ],
    { output: value },
  )
}

/** y = x, of one dtype and any shape. */
export function identityGraph(dtype: DataType): Graph {
  const node = { op: 'Identity', inputs: ['x'], outputs: ['y'] }
  return nodeGraph(node, [{ name: 'x', dtype }], { output: { dtype } })
}

/** y = table[rows], of three rows: what a node refuses only when it sees the values. */
export function gatherGraph(): Graph {
  const node = { op: 'Gather', inputs: ['table', 'rows'], outputs: ['y'], name: 'look up' }
  return nodeGraph(node, [{ name: 'rows', dtype: 'int32', shape: ['n'] }], {
    output: { dtype: 'float32', shape: ['n'] },
    initialisers: { table: tensor('float32', [3], Float32Array.of(10, 20, 30)) },
  })
}

/** Adds one to x as often as `times` says: a loop that a caller can make endless. */
export function loopGraph(): Graph {
  const scalar = { dtype: 'float32', shape: [] } as const
  const bool = { dtype: 'bool', shape: [] } as const
  const body = {
    name: 'body',
    nodes: [
      { op: 'Identity', inputs: ['go_on'], outputs: ['go_on_out'] },
      { op: 'Add', inputs: ['before', 'one'], outputs: ['after'] },
    ],
    inputs: [
      { name: 'i', dtype: 'int64', shape: [] },
      { name: 'go_on', ...bool },
      { name: 'before', ...scalar },
    ],
    outputs: [
      { name: 'go_on_out', ...bool },
      { name: 'after', ...scalar },
    ],
    initialisers: { one: tensor('float32', [], Float32Array.of(1)) },
  } as const
  const node = {
    op: 'Loop',
    inputs: ['times', '', 'x'],
    outputs: ['y'],
    attributes: { body: { graph: body } },
  }
  const inputs = [
    { name: 'times', dtype: 'int64', shape: [] },
    { name: 'x', ...scalar },
  ] as const
  return nodeGraph(node, inputs, { output: scalar })
}

export const loopFeeds = (times: bigint): NamedTensors => ({
  times: tensor('int64', [], BigInt64Array.of(times)),
  x: tensor('float32', [], Float32Array.of(0)),
})

export const endless = loopFeeds(2n ** 63n - 1n)

/** A row of numbers as the feed `x`. */
export const x = (...values: readonly number[]): NamedTensors => ({
  x: tensor('float32', [values.length], Float32Array.from(values)),
})
