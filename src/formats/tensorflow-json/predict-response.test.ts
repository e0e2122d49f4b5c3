import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RecserveError } from '../../core/errors.js'
import type { AnyTensor } from '../../tensor/any-tensor.js'
import { toStrings } from '../../tensor/strings.js'
import { tensor } from '../../tensor/tensor.js'
import { ByteWriter } from './byte-writer.js'
import { writeFloat32, writeFloat64 } from './decimal.js'
import { encodeError } from './error-body.js'
import { encodePredictResponse } from './predict-response.js'

type Outputs = Readonly<Record<string, AnyTensor>>

const encode = (outputs: Outputs, format: 'row' | 'columnar'): string =>
  encodePredictResponse(new Map(Object.entries(outputs)), format).toString()

const floats = (shape: number[], ...values: number[]): AnyTensor =>
  tensor('float32', shape, Float32Array.from(values))
const text = (shape: number[], ...values: (string | Uint8Array)[]): AnyTensor => ({
  dtype: 'string',
  shape,
  data: toStrings(values),
})

const laidOut: readonly [string, 'row' | 'columnar', Outputs, string][] = [
  [
    'rows of one scalar output',
    'row',
    { y: floats([3], 2.5, 3, 4.5) },
    '{\n    "predictions": [2.5, 3.0, 4.5\n    ]\n}',
  ],
  [
    'rows of one list output',
    'row',
    { y: floats([2, 2], 1, 2, 3, 4) },
    '{\n    "predictions": [[1.0, 2.0], [3.0, 4.0]\n    ]\n}',
  ],
  ['no rows', 'row', { y: floats([0, 2]) }, '{\n    "predictions": []\n}'],
  [
    'rows of several outputs',
    'row',
    { a: floats([1, 2], 1, 2), b: tensor('int64', [1], BigInt64Array.of(-9007199254740993n)) },
    '{\n    "predictions": [\n        {\n            "a": [1.0, 2.0],\n            "b": -9007199254740993\n        }\n    ]\n}',
  ],
  [
    'a column',
    'columnar',
    { y: floats([2], 3.5, 4) },
    '{\n    "outputs": [\n        3.5,\n        4.0\n    ]\n}',
  ],
  ['a scalar column', 'columnar', { y: floats([], 3) }, '{\n    "outputs": 3.0\n}'],
  [
    'several columns',
    'columnar',
    { a: tensor('bool', [1], Uint8Array.of(1)), b: floats([1, 0]) },
    '{\n    "outputs": {\n        "a": [\n            true\n        ],\n        "b": [\n            []\n        ]\n    }\n}',
  ],
  [
    'what strict JSON does not know',
    'row',
    { y: floats([3], Number.NaN, Infinity, -Infinity) },
    '{\n    "predictions": [NaN, Infinity, -Infinity\n    ]\n}',
  ],
  [
    'text',
    'row',
    { y: text([1, 2], 'a"\\/\b\u0001\u001f', 'é') },
    '{\n    "predictions": [["a\\"\\\\/\\b\\u0001\\u001F", "é"]\n    ]\n}',
  ],
  [
    'bytes',
    'row',
    { y_bytes: text([1, 2], 'hi', Uint8Array.of(255)) },
    '{\n    "predictions": [[{\n                "b64": "aGk="\n            }, {\n                "b64": "/w=="\n            }]\n    ]\n}',
  ],
]
for (const [name, format, outputs, body] of laidOut) {
  test(`lays out ${name}`, () => assert.equal(encode(outputs, format), body))
}

const refusals: readonly [string, Outputs, string][] = [
  ['an output without rows', { y: floats([], 1) }, 'Tensor name: y has no shape information '],
  [
    'outputs of different batches',
    { a: floats([2], 1, 2), b: floats([1], 1) },
    'Tensor name: b has inconsistent batch size: 1 expecting: 2',
  ],
  [
    'complex numbers',
    { y: tensor('complex64', [1], Float32Array.of(1, 2)) },
    'Failed to write JSON value for tensor type: complex64',
  ],
  ['no outputs', {}, 'Cannot convert empty tensor map to JSON'],
]
for (const [name, outputs, message] of refusals) {
  test(`refuses ${name}`, () => {
    assert.throws(() => encode(outputs, 'row'), new RecserveError('invalid_argument', message))
  })
}

/** Checked against C's printf. */
const decimals: readonly [number, string, string][] = [
  [9000000, '9e+06', '9e+06'],
  [999999, '999999.0', '999999.0'],
  [3e-5, '3e-05', '3e-05'],
  [1 / 3, '0.333333343', '0.33333333333333331'],
  [16777216, '16777216.0', '16777216.0'],
  [1435774336, '1.43577434e+09', '1435774336.0'],
  [-0, '-0.0', '-0.0'],
  [1.001953125, '1.00195312', '1.001953125'],
  [1 + 2 ** -17, '1.00000763', '1.0000076293945312'],
  [0.1, '0.1', '0.1'],
  [123.456, '123.456', '123.456'],
  [1e22, '1e+22', '1e+22'],
]
test('writes numbers as printf does', () => {
  for (const [value, single, double] of decimals) {
    const out = new ByteWriter()
    writeFloat32(out, Math.fround(value))
    out.ascii(' ')
    writeFloat64(out, value)
    assert.equal(out.take().toString(), `${single} ${double}`)
  }
})

test('writes numbers that read back', () => {
  const bits = new Uint32Array(1)
  const float = new Float32Array(bits.buffer)
  for (let i = 0; i < 20_000; i++) {
    bits[0] = Math.imul(i, 0x9e3779b1)
    const out = new ByteWriter()
    writeFloat32(out, float[0]!)
    const read = Number(out.take().toString())
    if (Number.isFinite(float[0]!)) assert.ok(Object.is(Math.fround(read), float[0]!), `${float[0]}`)
  }
})

test('lays out an error', () => {
  assert.equal(encodeError('a "b"\n').toString(), '{\n    "error": "a \\"b\\"\\n"\n}')
})
