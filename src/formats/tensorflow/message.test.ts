import assert from 'node:assert/strict'
import { test } from 'node:test'
import protobuf from 'protobufjs/minimal.js'
import { decodeMessage } from './decode-message.js'
import type { GraphDef, NodeDef } from './graph.js'
import { attrType, graphType, tensorType } from './graph-types.js'
import { parseTextMessage } from './parse-text-message.js'
import { parseGraphDef, parseSavedModel, parseSavedModelText } from './saved-model.js'

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')
const attr = (bytes: string) => decodeMessage(attrType, hex(bytes), 'x.pb')

test('integers are exact: numbers up to 2^53, bigints beyond', () => {
  assert.deepEqual(attr('18 05'), { i: 5 })
  assert.deepEqual(attr('18 ffffffffffffffffff01'), { i: -1 })
  assert.deepEqual(attr('18 ffffffffffffff0f'), { i: Number.MAX_SAFE_INTEGER })
  assert.deepEqual(attr('18 8080808080808010'), { i: 2n ** 53n })
  assert.deepEqual(attr('18 80808080808080808001'), { i: -(2n ** 63n) })
  assert.deepEqual(attr('18 ffffffffffffffff7f'), { i: 2n ** 63n - 1n })
})

test('of a oneof the last one stands; what is not known is skipped', () => {
  assert.deepEqual(attr('18 05 28 01'), { b: true })
  assert.deepEqual(attr('b80601 18 05 fd0600000000 f90600000000 00000000 fa0603 616263'), { i: 5 })
  // Field 3 as bytes: not the wire type it should have.
  assert.deepEqual(attr('1a 01 05'), {})
})

test('lists are read packed and one by one', () => {
  const { list } = attr('0a 08 1a 02 01 02 18 03 18 04')
  assert.deepEqual(list?.i, [1, 2, 3, 4])
  assert.deepEqual(attr('0a 04 32 02 01 07').list?.type, ['float32', 'string'])
})

test('a message that comes in two parts is one', () => {
  const { shape } = attr('3a 04 12 02 08 05  3a 02 18 01')
  assert.deepEqual(shape, { dims: [{ size: 5 }], unknownRank: true })
})

test('references and dtypes that there are not', () => {
  assert.deepEqual(attr('30 65'), { type: 'float32' })
  assert.deepEqual(attr('30 63'), { type: 'invalid' })
})

const refused: Readonly<Record<string, [string, RegExp]>> = {
  'a number without end': ['18 80', /^x\.pb: a number has no end \(at byte 1\)/],
  'a number of eleven bytes': ['18 ffffffffffffffffffff01', /a number has no end/],
  'a length beyond the end': ['12 05 61', /5 bytes should follow, but 1 are left \(at byte 1\)/],
  'a length beyond 32 bits': ['12 8080808010', /bytes should follow/],
  'a message that goes beyond the one it is in': [
    '0a 02 12 05 00 00 00 00 00 00',
    /5 bytes should follow, but 0/,
  ],
  'field 0': ['00 00', /no valid number/],
  'a group': ['1b 1c', /wire type 3/],
  'half a float': ['25 00 00', /4 bytes are needed, but 2 are left/],
  'a string that is not UTF-8': ['4a 01 ff', /a string is not UTF-8 \(at byte 2\)/],
}
for (const [name, [bytes, message]] of Object.entries(refused)) {
  test(`refuses ${name}`, () => {
    assert.throws(() => attr(bytes), { name: 'RecserveError', code: 'data_loss', message })
  })
}

test('refuses functions of functions of functions without end', () => {
  let bytes: Uint8Array = new Uint8Array(0)
  const nest = (depth: number) => {
    bytes = new Uint8Array(0)
    for (let i = 0; i < depth; i++) {
      const entry = protobuf.Writer.create().uint32(18).bytes(bytes).finish()
      bytes = protobuf.Writer.create().uint32(82).fork().uint32(18).bytes(entry).ldelim().finish()
    }
    return bytes
  }
  assert.ok(decodeMessage(attrType, nest(30), 'x.pb').func)
  assert.throws(() => decodeMessage(attrType, nest(2000), 'x.pb'), /x\.pb: messages lie more than 100 deep/)
  const text = `${'func { attr { value { '.repeat(2000)}`
  assert.throws(
    () => parseTextMessage(attrType, Buffer.from(text), 'x.pbtxt'),
    /x\.pbtxt: messages lie more than 100/,
  )
  const unknown = Buffer.from('unknown { '.repeat(2000))
  assert.throws(() => parseTextMessage(attrType, unknown, 'x.pbtxt'), /x\.pbtxt: messages lie more than 100/)
})

test('text gives what bytes give', () => {
  const text = `# A graph.
    node { name: "a" op: 'Const' input: ["b:0", "^c"]
      attr { key: "dtype" value { type: DT_FLOAT_REF } };
      attr < key: "value", value: { tensor { dtype: DT_HALF tensor_shape { dim { size: 0x10 } } half_val: [1, 2] } } > }
    node { name: "d" "e" experimental_debug_info { original_node_names: "x" [type.googleapis.com/y] { z: -1.5e-3 } } }
    versions { producer: 1395 }`
  const out = protobuf.Writer.create()
  const node = out.uint32(10).fork()
  node.uint32(10).string('a').uint32(18).string('Const').uint32(26).string('b:0').uint32(26).string('^c')
  node.uint32(42).fork().uint32(10).string('dtype').uint32(18).fork().uint32(48).int32(101).ldelim().ldelim()
  node.uint32(42).fork().uint32(10).string('value').uint32(18).fork().uint32(66).fork()
  node.uint32(8).int32(19).uint32(18).fork().uint32(18).fork().uint32(8).int64(16).ldelim().ldelim()
  node.uint32(106).fork().int32(1).int32(2).ldelim().ldelim().ldelim().ldelim().ldelim()
  out.uint32(10).fork().uint32(10).string('de').ldelim()
  out.uint32(34).fork().uint32(8).int32(1395).ldelim()
  const fromText: GraphDef = parseTextMessage(graphType, Buffer.from(text), 'x.pbtxt')
  assert.deepEqual(fromText, parseGraphDef(out.finish()))
  assert.deepEqual(fromText.nodes[0]!.attr.get('dtype'), { type: 'float32' })
  assert.equal((fromText.nodes[1] as NodeDef).name, 'de')
})

test('text of strings, numbers and bools', () => {
  const read = (text: string) => parseTextMessage(attrType, Buffer.from(text), 'x.pbtxt')
  assert.deepEqual(
    read(String.raw`s: "a\n\"\'\\\0\101\x41\u00e9é"`).s,
    new Uint8Array(Buffer.from('a\n"\'\\\0AAéé')),
  )
  assert.deepEqual(read(String.raw`s: "\377\200"`).s, Uint8Array.of(255, 128))
  assert.deepEqual(read('i: -9223372036854775808'), { i: -(2n ** 63n) })
  assert.deepEqual(read('i: 017'), { i: 15 })
  assert.deepEqual(
    [read('f: inf'), read('f: -inf'), read('f: 1.5f')],
    [{ f: Infinity }, { f: -Infinity }, { f: 1.5 }],
  )
  assert.deepEqual([read('f: nan'), read('f: -1e-3')], [{ f: Number.NaN }, { f: Math.fround(-1e-3) }])
  assert.deepEqual(
    [read('b: true'), read('b: 0'), read('type: 7')],
    [{ b: true }, { b: false }, { type: 'string' }],
  )
  assert.deepEqual(
    parseTextMessage(tensorType, Buffer.from('float_val: 1 float_val: [2, 3]'), 'x').floatVal,
    [1, 2, 3],
  )
})

for (const text of [
  ...[
    's: "abc',
    's: 5',
    's "a"',
    's: "\\q"',
    's: "\\U00110000"',
    'i: 5.5',
    'i: 9223372036854775808',
    'i: "5"',
    'b: 2',
  ],
  ...[
    'type: DT_NOTHING',
    'shape { dim { size: 1 }',
    'shape }',
    '}',
    'list { i: [1, 2 }',
    'f: x',
    '%',
    'i',
    'i:',
  ],
  ...[
    'unknown',
    'unknown: {',
    'unknown: [1, ',
    '[x',
    's: "\\377" placeholder: "\\377"',
    'shape: 1',
    'func { attr { x: 1 } }',
  ],
]) {
  test(`refuses the text ${text}`, () => {
    const read = () => parseTextMessage(attrType, Buffer.from(text), 'x.pbtxt')
    assert.throws(read, { name: 'RecserveError', code: 'data_loss', message: /^x\.pbtxt: .* \(at line 1\)$/ })
  })
}

test('a model of nothing is a model without meta graphs', () => {
  assert.deepEqual(parseSavedModel(new Uint8Array(0)).metaGraphs, [])
  assert.deepEqual(parseSavedModelText(Buffer.from(' # nothing')).metaGraphs, [])
})
