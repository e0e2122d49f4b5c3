import assert from 'node:assert/strict'
import { test } from 'node:test'
import protobuf from 'protobufjs/minimal.js'
import { tensor } from '../../tensor/tensor.js'
import { encodeModel } from './encode-model.js'
import type { OnnxAttribute, OnnxGraph } from './model.js'

/** A message as field number -> values in order: numbers for varints, bytes for everything else. */
type Fields = Map<number, (number | Uint8Array)[]>

function fields(bytes: Uint8Array): Fields {
  const found: Fields = new Map()
  const reader = protobuf.Reader.create(bytes)
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    const read = { 0: () => Number(reader.int64()), 2: () => reader.bytes(), 5: () => reader.float() }[
      tag & 7
    ]
    if (!read) throw new Error(`wire type ${tag & 7}`)
    found.set(tag >>> 3, [...(found.get(tag >>> 3) ?? []), read()])
  }
  return found
}

const message = (of: Fields, field: number, at = 0): Fields => fields(of.get(field)?.[at] as Uint8Array)
const text = (of: Fields, field: number): (string | number)[] =>
  (of.get(field) ?? []).map((value) => (typeof value === 'number' ? value : Buffer.from(value).toString()))

const graph: OnnxGraph = {
  name: 'a graph',
  nodes: [{ op: 'Clip', inputs: ['x', '', 'top'], outputs: ['y'], name: 'clip it', domain: 'com.example' }],
  inputs: [
    { name: 'x', dtype: 'float32', shape: ['batch', 3] },
    { name: 'any', dtype: 'bool' },
    { name: 'scalar', dtype: 'int64', shape: [] },
  ],
  outputs: [{ name: 'y', dtype: 'float32', shape: ['batch', 3] }],
  initialisers: { top: tensor('int16', [2, 1], new Int16Array(Int16Array.of(9, 5, -2).buffer, 2)) },
}
const encodedGraph = message(fields(encodeModel({ graph })), 7)

test('states the IR version and an operator set for every domain, those of subgraphs too', () => {
  const inner: OnnxGraph = { name: 'inner', nodes: graph.nodes, inputs: [], outputs: [] }
  const nodes = [{ op: 'If', inputs: [], outputs: [], attributes: { then_branch: { graph: inner } } }]
  const model = fields(encodeModel({ graph: { ...inner, nodes }, opset: 17 }))
  assert.deepEqual(model.get(1), [10])
  const sets = [0, 1].map((at) => message(model, 8, at))
  assert.deepEqual(
    sets.map((set) => [text(set, 1)[0], set.get(2)?.[0]]),
    [
      ['', 17],
      ['com.example', 1],
    ],
  )
})

test('writes nodes with their empty inputs in place', () => {
  const node = message(encodedGraph, 1)
  assert.deepEqual(
    [1, 2, 3, 4, 7].map((field) => text(node, field)),
    [['x', '', 'top'], ['y'], ['clip it'], ['Clip'], ['com.example']],
  )
})

test('writes initialisers as raw bytes of just their part of the buffer', () => {
  const value = message(encodedGraph, 5)
  assert.deepEqual([value.get(1), value.get(2), text(value, 8)], [[2, 1], [5], ['top']])
  assert.deepEqual(Buffer.from(value.get(9)?.[0] as Uint8Array), Buffer.from(Int16Array.of(5, -2).buffer))
})

test('tells fixed, symbolic and absent shapes apart', () => {
  const types = [0, 1, 2].map((at) => message(message(message(encodedGraph, 11, at), 2), 1))
  assert.deepEqual(
    types.map((type) => type.get(1)),
    [[1], [9], [7]],
  )
  const dimensions = [0, 1].map((at) => message(message(types[0]!, 2), 1, at))
  assert.deepEqual([text(dimensions[0]!, 2), dimensions[1]!.get(1)], [['batch'], [3]])
  assert.equal(types[1]!.has(2), false)
  assert.deepEqual(types[2]!.get(2), [new Uint8Array(0)])
})

const attributes: readonly [OnnxAttribute, number, number, unknown][] = [
  [{ float: 0.5 }, 1, 2, [0.5]],
  [{ int: -3 }, 2, 3, [-3]],
  [{ string: 'ij->ji' }, 3, 4, ['ij->ji']],
  [{ floats: [1, 2.5] }, 6, 7, [1, 2.5]],
  [{ ints: [2 ** 40, -1, 0] }, 7, 8, [2 ** 40, -1, 0]],
  [{ strings: ['a', ''] }, 8, 9, ['a', '']],
]
for (const [value, type, field, expected] of attributes) {
  test(`writes an attribute ${JSON.stringify(value)}`, () => {
    const nodes = [{ op: 'Op', inputs: [], outputs: [], attributes: { name: value } }]
    const model = fields(encodeModel({ graph: { name: 'g', nodes, inputs: [], outputs: [] } }))
    const attribute = message(message(message(model, 7), 1), 5)
    assert.deepEqual(
      [text(attribute, 1), attribute.get(20), text(attribute, field)],
      [['name'], [type], expected],
    )
  })
}

test('writes tensor and graph attributes as messages', () => {
  const inner: OnnxGraph = { name: 'inner', nodes: [], inputs: [], outputs: [] }
  const value = tensor('float64', [1], Float64Array.of(1))
  const nodes = [
    { op: 'Op', inputs: [], outputs: [], attributes: { value: { tensor: value }, body: { graph: inner } } },
  ]
  const node = message(message(fields(encodeModel({ graph: { ...inner, nodes } })), 7), 1)
  const [first, second] = [message(node, 5, 0), message(node, 5, 1)]
  assert.deepEqual([first.get(20), message(first, 5).get(2)], [[4], [11]])
  assert.deepEqual([second.get(20), text(message(second, 6), 2)], [[5], ['inner']])
})

test('says of weights outside of the model where they lie', () => {
  const place = { location: 'weights.bin', offset: 12345, length: 24 }
  const weight = { dtype: 'float32', shape: [2, 3], ...place } as const
  const outer = message(
    fields(encodeModel({ graph: { ...graph, initialisers: {}, external: { weight } } })),
    7,
  )
  const inner = { ...graph, initialisers: {}, external: { weight } }
  const nodes = [{ op: 'If', inputs: [], outputs: [], attributes: { then_branch: { graph: inner } } }]
  const attribute = message(message(message(fields(encodeModel({ graph: { ...graph, nodes } })), 7), 1), 5)
  for (const written of [message(outer, 5), message(message(attribute, 6), 5)]) {
    assert.deepEqual([written.get(1), written.get(2), text(written, 8)], [[2, 3], [1], ['weight']])
    assert.equal(written.get(9), undefined)
    assert.deepEqual(written.get(14), [1])
    const entries = [0, 1, 2].map((at) => message(written, 13, at))
    assert.deepEqual(
      entries.map((entry) => [text(entry, 1)[0], text(entry, 2)[0]]),
      [
        ['location', 'weights.bin'],
        ['offset', '12345'],
        ['length', '24'],
      ],
    )
  }
})
