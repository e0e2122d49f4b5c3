/** Bodies of TensorFlow Serving's REST API, spoilt: each is refused by a RecserveError or gives whole tensors, soon. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { RecserveError } from '../../src/core/errors.js'
import { PredictRequestBody } from '../../src/formats/tensorflow-json/predict-request.js'
import { encodePredictResponse } from '../../src/formats/tensorflow-json/predict-response.js'
import { sizeOf } from '../../src/tensor/tensor.js'
import { fuzzIterations } from './fuzz.js'
import { createRandom, mutate } from './mutate.js'

const limitMs = 2000

/** Dtypes by input name, a body they answer, and whether plain JSON says the same. */
const bodies: readonly [string, Readonly<Record<string, string>>][] = [
  ['{"instances": [[1.5, -2e3, 3], [0.1, 12345678901234567890, 7]]}', { x: 'float32' }],
  ['{"signature_name": "s", "instances": [1, 2.0, NaN, -Infinity]}', { x: 'float64' }],
  ['{"inputs": {"a": [[1], [9223372036854775807]], "b": [true, false]}}', { a: 'int64', b: 'bool' }],
  [
    '{"instances": [{"a": 1, "b": ["x", {"b64": "aGk="}]}, {"b": ["\\u00e9\\n", "z"], "a": 2}]}',
    { a: 'int8', b: 'string' },
  ],
  ['{"inputs": [[[1, 2], [3, 4]], [[5, 6], [7, 8]]], "ignored": {"deep": [[{}], null]}}', { x: 'uint32' }],
]

for (const [text, types] of bodies) {
  test(`answers or refuses whatever becomes of ${text.slice(0, 40)} (${fuzzIterations} bodies)`, (t: TestContext) => {
    const counts = { answered: 0, refused: 0, notJson: 0 }
    const inputs = new Map(Object.entries(types))
    for (let iteration = 0; iteration < fuzzIterations; iteration++) {
      const body = mutate(Buffer.from(text), createRandom(Math.imul(7, 0x9e3779b1) + iteration))
      const begun = performance.now()
      try {
        check(body, inputs, counts)
      } catch (cause) {
        const shown = body.toString('base64').slice(0, 600)
        throw new Error(`iteration ${iteration}, body in base64: ${shown}`, { cause })
      }
      const ms = performance.now() - begun
      assert.ok(ms < limitMs, `iteration ${iteration} took ${ms} ms`)
    }
    t.diagnostic(JSON.stringify(counts))
    if (fuzzIterations >= 500) assert.ok(counts.answered > 0 && counts.refused > 0)
  })
}

function check(
  body: Buffer,
  inputs: ReadonlyMap<string, string>,
  counts: { answered: number; refused: number; notJson: number },
): void {
  try {
    const decoded = new PredictRequestBody(body).decode(inputs)
    for (const { dtype, shape, data } of decoded.inputs.values()) {
      assert.equal(data.length, sizeOf(shape))
      if (dtype === 'string') assert.equal(data.offsets[data.length], data.bytes.length)
    }
    assert.deepEqual([...decoded.inputs.keys()].sort(), [...inputs.keys()].sort())
    encodePredictResponse(decoded.inputs, decoded.format)
    counts.answered++
  } catch (error) {
    if (!(error instanceof RecserveError)) throw error
    assert.ok(error.code === 'invalid_argument', error.code)
    assert.ok(error.message.length < 4000, 'a message of bounded length')
    counts.refused++
    if (!error.message.startsWith('JSON Parse error')) return
    counts.notJson++
    // What strict JSON takes, rapidjson takes, but for numbers that are too large and halves of surrogate pairs.
    if (!/too big|surrogate/.test(error.message)) assert.throws(() => JSON.parse(body.toString('latin1')))
  }
}
