/** Bodies of classify and regress requests: what becomes of them, and how they are refused (json_tensor.cc). */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { example, floats, int64s, strings } from '../../../tests/example-bytes.js'
import { stringAt } from '../../tensor/strings.js'
import { parseExamplesRequest } from './examples-request.js'
import { encodeClassifications, encodeRegressions } from './results-response.js'

function parse(body: string, maxBytes = 10_000) {
  return parseExamplesRequest(Buffer.from(body), { method: 'classify', maxBytes })
}

function examplesOf(body: string): Buffer[] {
  const { data, shape } = parse(body).examples
  assert.deepEqual(shape, [data.length])
  assert.equal(data.offsets[data.length], data.bytes.length)
  return Array.from({ length: data.length }, (_, i) => Buffer.from(stringAt(data, i)))
}

const ofFeature = (value: string) => examplesOf(`{"examples": [{"x": ${value}}]}`)[0]!

describe('features', () => {
  test('are what their literals say: integers and booleans int64, other numbers float', () => {
    assert.deepEqual(ofFeature('1'), example({ x: int64s([1]) }))
    assert.deepEqual(ofFeature('1.0'), example({ x: floats([1]) }))
    assert.deepEqual(ofFeature('[true, -7, false]'), example({ x: int64s([1, -7, 0]) }))
    assert.deepEqual(ofFeature('[1e0, 0.1]'), example({ x: floats([1, 0.1]) }))
    assert.deepEqual(ofFeature('[NaN, -Infinity, 1e300]').length, example({ x: floats([0, 0, 0]) }).length)
    assert.deepEqual(ofFeature('9223372036854775807'), example({ x: int64s([2n ** 63n - 1n]) }))
    assert.deepEqual(ofFeature('-9223372036854775808'), example({ x: int64s([-(2n ** 63n)]) }))
    // Beyond 64 bits an integer is a double to rapidjson.
    assert.deepEqual(ofFeature('18446744073709551616'), example({ x: floats([2 ** 64]) }))
  })

  test('are text or bytes, and lists of both', () => {
    assert.deepEqual(ofFeature('"gr\\u00f6\\u00dfe"'), example({ x: strings('größe') }))
    assert.deepEqual(ofFeature('["a", {"b64": "/wA="}]'), example({ x: strings('a', Buffer.from([255, 0])) }))
  })

  test('are of no kind without values', () => {
    assert.deepEqual(ofFeature('[]'), example({ x: Buffer.alloc(0) }))
    assert.deepEqual(examplesOf('{"examples": [{}, {"y": [2]}]}'), [
      Buffer.alloc(0),
      example({ y: int64s([2]) }),
    ])
  })

  test('are refused in the words of TensorFlow Serving', () => {
    const faults: readonly [string, string][] = [
      ['[1, 1.0]', 'Unexpected element type in feature: x expecting type: int64'],
      ['["a", 1]', 'Unexpected element type in feature: x expecting type: bytes'],
      ['[0.5, "a"]', 'Unexpected element type in feature: x expecting type: float'],
      ['null', 'Feature: x has element with unexpected JSON type: Null'],
      ['[[1]]', 'Feature: x has element with unexpected JSON type: Array'],
      ['{"c": 1}', 'Feature: x has element with unexpected JSON type: Object'],
      ['{"b64": "a", "c": 1}', 'Feature: x has element with unexpected JSON type: Object'],
      ['{"b64": "%"}', 'Unable to base64 decode'],
      ['18446744073709551615', 'Feature: x has uint64_t element. Only int64_t is supported.'],
    ]
    for (const [value, message] of faults) {
      assert.throws(() => ofFeature(value), { code: 'invalid_argument', message }, value)
    }
  })
})

describe('bodies', () => {
  test('have their context in every example, before its own features', () => {
    const [first, second] = examplesOf('{"examples": [{"x": 1}, {}], "context": {"u": "me"}}')
    assert.deepEqual(first, Buffer.concat([example({ u: strings('me') }), example({ x: int64s([1]) })]))
    assert.deepEqual(second, example({ u: strings('me') }))
  })

  test('name a signature anywhere, the first of two counting', () => {
    const body = '{"examples": [{}], "signature_name": "a", "signature_name": "b", "examples": 1} trailing'
    assert.equal(parse(body).signatureName, 'a')
    assert.equal(parse('{"examples": [{}], "signature_name": ""}').signatureName, undefined)
  })

  test('are refused as a whole', () => {
    const faults: readonly [string, string][] = [
      ['', 'JSON Parse error: The document is empty'],
      ['[1]', 'JSON Value: [1] Is not object'],
      ['{"examples": [{}]', "JSON Parse error: Missing a comma or '}' after an object member. at offset: 17"],
      ['{}', "JSON Value: {} When method is classify, key 'examples' is expected and was not found"],
      [
        '{"examples": 1}',
        `JSON Value: {\n    "examples": 1\n} Expecting 'examples' value to be an list/array`,
      ],
      ['{"examples": []}', `JSON Value: {\n    "examples": []\n} 'examples' value is an empty array`],
      ['{"examples": [[1]]}', 'Example must be JSON object but got JSON Array'],
      ['{"examples": [{}], "context": 3}', 'Example must be JSON object but got JSON Number'],
      // The text goes first, then the signature's name, then the context.
      ['{"context": 3, "examples": [}', 'JSON Parse error: Invalid value. at offset: 28'],
      [
        '{"context": 3, "signature_name": 1}',
        `JSON Value: {\n    "context": 3,\n    "signature_name": 1\n} not formatted correctly. 'signature_name' key must be a string value.`,
      ],
    ]
    for (const [body, message] of faults) {
      assert.throws(() => parse(body), { code: 'invalid_argument', message }, body)
    }
  })

  test('may not make a large context larger by many examples', () => {
    const context = 'x'.repeat(1000)
    const body = `{"context": {"u": "${context}"}, "examples": [${'{},'.repeat(20)}{}]}`
    assert.throws(() => parse(body), { code: 'resource_exhausted', message: /more than 10000 bytes/ })
    assert.equal(parse(body, 100_000).examples.data.length, 21)
  })
})

describe('answers', () => {
  const rows = { examples: 2, classes: 2 }
  const scores = Float32Array.of(0.2, 1 / 3, 1e-7, 9_000_000)

  test('pair labels with scores, on one line', () => {
    const labels = { length: 4, bytes: Buffer.from('carbus"'), offsets: Uint32Array.of(0, 3, 6, 6, 7) }
    assert.equal(
      encodeClassifications({ ...rows, labels, scores }).toString(),
      '{\n    "results": [[["car", 0.2], ["bus", 0.333333343]], [["", 1e-07], ["\\"", 9e+06]]\n    ]\n}',
    )
  })

  test('have empty labels, or scores of 0.0, where the model gives none', () => {
    assert.match(
      encodeClassifications({ ...rows, scores }).toString(),
      /\[\[\["", 0\.2\], \["", 0\.333333343\]\]/,
    )
    const labels = { length: 1, bytes: Buffer.from('a'), offsets: Uint32Array.of(0, 1) }
    const body = encodeClassifications({ examples: 1, classes: 1, labels }).toString()
    assert.equal(body, '{\n    "results": [[["a", 0.0]]\n    ]\n}')
  })

  test('are plain numbers of a regression', () => {
    assert.equal(
      encodeRegressions(Float32Array.of(2.5, Number.NaN)).toString(),
      '{\n    "results": [2.5, NaN\n    ]\n}',
    )
  })
})
