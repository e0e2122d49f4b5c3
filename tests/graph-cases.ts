/** Small graphs, node by node, for tests of what is said of a graph without running it. */

import { LoadedGraph } from '../src/engines/tensorflow/loaded-graph.js'
import { ops } from '../src/engines/tensorflow/ops/index.js'
import type { AttrValue, NodeDef, TensorProto } from '../src/formats/tensorflow/graph.js'

/** A node whose attributes `T` and `dtype` are float32 where they are not given. */
export function node(
  name: string,
  op: string,
  inputs: readonly string[] = [],
  attr: Readonly<Record<string, AttrValue>> = {},
): NodeDef {
  const attrs = { T: type('float32'), dtype: type('float32'), ...attr }
  return { name, op, inputs, device: '', attr: new Map(Object.entries(attrs)) }
}

export const type = (name: 'float32' | 'int32'): AttrValue => ({ type: name })
export const int = (value: number): AttrValue => ({ i: value })
export const bool = (value: boolean): AttrValue => ({ b: value })
export const text = (value: string): AttrValue => ({ s: new TextEncoder().encode(value) })
export const intList = (...values: readonly number[]): AttrValue => ({
  list: { i: values, s: [], f: [], b: [], type: [], shape: [], tensor: [], func: [] },
})

type Shape = readonly number[]

export function constant(
  name: string,
  dtype: 'float32' | 'int32' | 'bool',
  shape: Shape,
  values: readonly number[],
): NodeDef {
  const tensor: TensorProto = {
    dtype,
    shape: { dims: shape.map((size) => ({ size, name: '' })), unknownRank: false },
    content: new Uint8Array(0),
    halfVal: [],
    floatVal: dtype === 'float32' ? values : [],
    doubleVal: [],
    intVal: dtype === 'int32' ? values : [],
    stringVal: [],
    scomplexVal: [],
    int64Val: [],
    boolVal: dtype === 'bool' ? values.map(Boolean) : [],
    dcomplexVal: [],
    uint32Val: [],
    uint64Val: [],
  }
  return node(name, 'Const', [], { value: { tensor } })
}

/** A vector of integers. */
export const ints = (name: string, ...values: readonly number[]): NodeDef =>
  constant(name, 'int32', [values.length], values)
export const scalar = (name: string, value: number): NodeDef => constant(name, 'int32', [], [value])
/** A tensor of ones. */
export const ones = (name: string, shape: Shape): NodeDef =>
  constant(
    name,
    'float32',
    shape,
    new Array<number>(shape.reduce((product, size) => product * size, 1)).fill(1),
  )

/** The nodes that count the rows of x as `n`, besides `shape`, `zero` and `one`. */
export const rowCount: readonly NodeDef[] = [
  node('shape', 'Shape', ['x'], { out_type: type('int32') }),
  ints('zero', 0),
  ints('one', 1),
  node('n', 'StridedSlice', ['shape', 'zero', 'one', 'one'], { shrink_axis_mask: int(1) }),
]

/** A graph that computes y. */
export interface GraphCase {
  readonly nodes: readonly NodeDef[]
  /** Shape of x; [-1, 4] without it. */
  readonly x?: Shape
  /** Shape of a second feed, `ids`. */
  readonly ids?: Shape
}

/** Why y's rows may not be x's (and those of ids); undefined where they are. */
export function whyNotRowWise({ nodes, x = [-1, 4], ids }: GraphCase): string | undefined {
  const feeds = { x, ...(ids && { ids }) }
  const placeholders = Object.keys(feeds).map((name) => node(name, 'Placeholder'))
  const graph = new LoadedGraph({ nodes: [...placeholders, ...nodes] }, ops)
  const flat = graph.flatten({ feeds: Object.keys(feeds), fetches: ['y'] })
  graph.freeze([flat])
  return graph.whyNotRowWise(flat, Object.values(feeds))
}
