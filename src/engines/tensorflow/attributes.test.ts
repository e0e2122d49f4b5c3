import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AttrValue } from '../../formats/tensorflow/graph.js'
import { attrType } from '../../formats/tensorflow/graph-types.js'
import { parseTextMessage } from '../../formats/tensorflow/parse-text-message.js'
import { createAttributes } from './attributes.js'

const texts: Readonly<Record<string, string>> = {
  i: 'i: 3',
  f: 'f: 0.5',
  b: 'b: true',
  s: 's: "\\303\\251"',
  T: 'type: DT_INT64_REF',
  ints: 'list { i: [1, -2] }',
  none: 'list { }',
  floats: 'list { f: [1, 2.5] }',
  strings: 'list { s: ["SAME", "é"] }',
  types: 'list { type: [DT_FLOAT, DT_STRING, DT_VARIANT] }',
  shape: 'shape { dim { size: 2 } dim { size: -1 } }',
  unknown: 'shape { unknown_rank: true }',
  value: 'tensor { dtype: DT_INT32 tensor_shape { dim { size: 2 } } int_val: 7 }',
  handle: 'tensor { dtype: DT_RESOURCE }',
  large: 'i: 9223372036854775807',
  quantized: 'type: DT_QINT8',
}
const values = new Map(
  Object.entries(texts).map(([name, text]): [string, AttrValue] => [
    name,
    parseTextMessage(attrType, Buffer.from(text), 'x'),
  ]),
)
const attrs = createAttributes(values, 'a')

test('gives each attribute as its type', () => {
  assert.deepEqual([attrs.has('i'), attrs.has('x')], [true, false])
  assert.deepEqual(
    [attrs.int('i'), attrs.float('f'), attrs.bool('b'), attrs.string('s')],
    [3, 0.5, true, 'é'],
  )
  assert.deepEqual(attrs.bytes('s'), Uint8Array.of(0xc3, 0xa9))
  assert.equal(attrs.type('T'), 'int64')
  assert.deepEqual([attrs.ints('ints'), attrs.ints('none'), attrs.floats('floats')], [[1, -2], [], [1, 2.5]])
  assert.deepEqual([attrs.strings('strings'), attrs.strings('none')], [['SAME', 'é'], []])
  assert.deepEqual(attrs.types('types'), ['float32', 'string', 'variant'])
  assert.deepEqual([attrs.shape('shape'), attrs.shape('unknown')], [[2, -1], undefined])
  assert.deepEqual(attrs.tensor('value'), { dtype: 'int32', shape: [2], data: Int32Array.of(7, 7) })
  assert.equal(attrs.tensor('value'), attrs.tensor('value'))
})

test('gives the fallback only where an attribute is absent', () => {
  assert.deepEqual([attrs.int('x', 0), attrs.bool('x', false), attrs.string('x', '')], [0, false, ''])
  assert.deepEqual([attrs.ints('x', [1]), attrs.type('x', 'int32'), attrs.int('i', 0)], [[1], 'int32', 3])
  const missing = { code: 'invalid_argument', message: "the attribute 'x' of node 'a' is missing" }
  assert.throws(() => attrs.int('x'), missing)
  assert.throws(() => attrs.shape('x'), missing)
  assert.throws(() => attrs.int('f', 0), { message: "the attribute 'f' of node 'a' is not an integer" })
})

test('refuses what it cannot give exactly', () => {
  const code = 'unimplemented'
  assert.throws(() => attrs.int('large'), {
    code,
    message: /'large' of node 'a' is 9223372036854775807, .* 2\^53/,
  })
  assert.throws(() => attrs.type('quantized'), { code, message: /the dtype qint8/ })
  assert.throws(() => attrs.tensor('handle'), { code, message: /the dtype resource/ })
})
