/** Serialized forms beside tf.Example's own: its JSON, and tensors as strings. The answers are TensorFlow 2.15's. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { example, floats, int64s, span, strings } from '../../../../../tests/example-bytes.js'
import { toAttributes } from '../../../../../tests/fidelity/op-cases.js'
import { type StringTensor, stringAt, toStrings } from '../../../../tensor/strings.js'
import type { AnyTensor } from '../../op.js'
import { parsingOps } from '../parsing.js'

type Attrs = Parameters<typeof toAttributes>[0]

function run(op: string, inputs: readonly AnyTensor[], attrs: Attrs): readonly AnyTensor[] {
  return parsingOps[op]!.kernel(inputs, { node: 'n', op, attrs: toAttributes(attrs) })
}

function text(
  values: readonly (string | Uint8Array)[],
  shape: readonly number[] = [values.length],
): StringTensor {
  return { dtype: 'string', shape, data: toStrings(values) }
}

const refusal = (message: RegExp) => ({ code: 'invalid_argument', message })

describe('examples in JSON', () => {
  const decode = (json: string) => {
    const [out] = run('DecodeJSONExample', [text([json])], {})
    return Buffer.from(stringAt((out as StringTensor).data, 0))
  }
  const features = (json: string) => `{"features":{"feature":${json}}}`

  test('have numbers as text too, and words where JSON has no numbers', () => {
    const found = decode(features('{"d":{"floatList":{"value":[1.5,"NaN","-Infinity","2.5",3]}}}'))
    assert.deepEqual(
      found,
      example({ d: floats([1.5, Number.NaN, Number.NEGATIVE_INFINITY, 2.5, 3], { isPacked: false }) }),
    )
    const integers = decode(features('{"n":{"int64_list":{"value":["7",8,1.0,1e2,-9223372036854775808]}}}'))
    assert.deepEqual(integers, example({ n: int64s([7, 8, 1, 100, -(2n ** 63n)], { isPacked: false }) }))
  })

  test('have bytes in either alphabet, empty features and empty lists', () => {
    const found = decode(
      features('{"s":{"bytesList":{"value":["aGk","_-8=","YQ=="]}},"e":{},"m":{"bytesList":{"value":[]}}}'),
    )
    assert.deepEqual(
      found,
      example({ s: strings('hi', Buffer.from([255, 239]), 'a'), e: Buffer.alloc(0), m: strings() }),
    )
    assert.equal(decode('{}').length, 0)
    assert.equal(decode('{"features":null}').length, 0)
    assert.deepEqual(decode('{"features":{}}'), span(1))
  })

  test('are refused with what is wrong', () => {
    const faults: readonly [string, RegExp][] = [
      ['[]', /Root element must be a message/],
      ['', /./],
      ['{} x', /Parsing terminated before end of input/],
      ['{"other":1}', /other: Cannot find field/],
      [features('{"n":{"int64List":{"value":[1.5]}}}'), /invalid value 1\.5 for type TYPE_INT64/],
      [features('{"n":{"int64List":{"value":[9223372036854775808]}}}'), /TYPE_INT64/],
      [features('{"s":{"bytesList":{"value":["%%"]}}}'), /invalid value "%%" for type TYPE_BYTES/],
      [features('{"f":{"floatList":{"value":[true]}}}'), /invalid value true for type TYPE_FLOAT/],
      [features('{"a":{"int64List":{}},"a":{}}'), /Repeated map key: 'a' is already set/],
      [
        features('{"a":{"int64List":{"value":[1]},"floatList":{"value":[2]}}}'),
        /oneof field 'kind' is already set/,
      ],
    ]
    for (const [json, message] of faults) {
      assert.throws(
        () => decode(json),
        (error: { code: string; message: string }) => {
          assert.equal(error.code, 'invalid_argument')
          assert.match(error.message, /^Error while parsing JSON: /)
          return message.test(error.message)
        },
        json,
      )
    }
  })
})

describe('tensors as strings', () => {
  test('come back as they were', () => {
    const tensors: readonly AnyTensor[] = [
      text(['', 'größe', Buffer.from([0, 255])], [3, 1]),
      { dtype: 'int64', shape: [0, 2], data: new BigInt64Array(0) },
      { dtype: 'float16', shape: [2], data: Float32Array.of(0.5, -2) },
      { dtype: 'complex64', shape: [1], data: Float32Array.of(1, 2) },
    ]
    for (const tensor of tensors) {
      const serialized = run('SerializeTensor', [tensor], { T: { type: tensor.dtype } })
      const [found] = run('ParseTensor', serialized, { out_type: { type: tensor.dtype } })
      assert.deepEqual(found, tensor)
    }
  })

  test('are refused where the bytes are none', () => {
    const parseBytes = (bytes: Uint8Array) =>
      run('ParseTensor', [text([bytes], [])], { out_type: { type: 'float32' } })
    assert.throws(() => parseBytes(Buffer.from([8])), refusal(/^Could not parse tensor proto: /))
    assert.throws(() => parseBytes(Buffer.from([8, 9])), refusal(/\(int64\) and dtype \(float\)/))
  })
})
