import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tensor } from '../../tensor/tensor.js'
import { GraphBuilder } from './graph-builder.js'

test('nodes come in the order in which they were written, each with values of its own', () => {
  const graph = new GraphBuilder()
  const x = graph.input('x', 'float32', ['B', 2])
  const [a, b] = graph.emitMany('Split', [x], { outputs: 2, attributes: { axis: { int: 1 } } })
  graph.output('y', graph.emit('Add', [a!, b!]), { dtype: 'float32', shape: ['B', 1] })
  const { nodes, outputs } = graph.toGraph('g')
  assert.deepEqual(
    nodes.map(({ op }) => op),
    ['Split', 'Add', 'Identity'],
  )
  assert.deepEqual(nodes[1]!.inputs, nodes[0]!.outputs)
  assert.deepEqual(nodes[2]!.outputs, ['y'])
  assert.deepEqual(outputs, [{ name: 'y', dtype: 'float32', shape: ['B', 1] }])
  const names = nodes.flatMap((node) => node.outputs)
  assert.equal(new Set(names).size, names.length)
})

test('declares an input once, and only those that were asked for', () => {
  const graph = new GraphBuilder()
  graph.input('items', 'int64', ['B', 'T'])
  graph.input('items', 'int64', ['B', 'T'])
  assert.deepEqual(graph.toGraph('g').inputs, [{ name: 'items', dtype: 'int64', shape: ['B', 'T'] }])
})

test('keeps a constant once: small ones by value, large ones by their memory', () => {
  const graph = new GraphBuilder()
  assert.equal(graph.ints([1, 2]), graph.ints([1, 2]))
  assert.equal(graph.float(0.5), graph.float(0.5))
  const data = new Float32Array(64)
  const table = graph.constant(tensor('float32', [64], data))
  assert.equal(graph.constant(tensor('float32', [64], data)), table)
  assert.notEqual(graph.constant(tensor('float32', [64], data.slice())), table)
  assert.equal(Object.keys(graph.toGraph('g').initialisers!).length, 4)
})

test('constants that differ in sign of zero, in type or in shape are not the same', () => {
  const graph = new GraphBuilder()
  const data = new Float32Array(64)
  const names = [
    graph.float(0),
    graph.float(-0),
    graph.int(0),
    graph.ints([0]),
    graph.constant(tensor('float32', [64], data)),
    graph.constant(tensor('float32', [8, 8], data)),
  ]
  assert.equal(new Set(names).size, names.length)
  const { initialisers } = graph.toGraph('g')
  assert.deepEqual(initialisers![names[5]!]!.shape, [8, 8])
})

test('names the operator set of a node that is not of the default one', () => {
  const graph = new GraphBuilder()
  graph.emitMany('BiasGelu', ['x', 'b'], { outputs: 1, domain: 'com.microsoft' })
  graph.emit('Relu', ['x'])
  assert.deepEqual(
    graph.toGraph('g').nodes.map(({ domain }) => domain),
    ['com.microsoft', undefined],
  )
})
