/** tf.Examples, sequences, and bodies of classify requests, spoilt: each is refused by a RecserveError or parsed whole, soon. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { RecserveError } from '../../src/core/errors.js'
import type { AnyTensor } from '../../src/engines/tensorflow/op.js'
import { parsingOps } from '../../src/engines/tensorflow/ops/parsing.js'
import { RunLimits, runWithin } from '../../src/engines/tensorflow/run-limits.js'
import { parseExamplesRequest } from '../../src/formats/tensorflow-json/examples-request.js'
import { toStrings } from '../../src/tensor/strings.js'
import { sizeOf } from '../../src/tensor/tensor.js'
import { example, floats, int64s, sequenceExample, span, strings } from '../example-bytes.js'
import { toAttributes } from '../fidelity/op-cases.js'
import { fuzzIterations } from './fuzz.js'
import { createRandom, mutate } from './mutate.js'

const limitMs = 2000
const limitBytes = 2 ** 26

type Attrs = Parameters<typeof toAttributes>[0]

const list = (kind: string, values: readonly unknown[]) => ({ list: { [kind]: values } })
const text = (values: readonly (string | Uint8Array)[]): AnyTensor => ({
  dtype: 'string',
  shape: [values.length],
  data: toStrings(values),
})
const zero: AnyTensor = { dtype: 'float32', shape: [], data: new Float32Array(1) }

function run(op: string, inputs: readonly AnyTensor[], attrs: Attrs): readonly AnyTensor[] {
  const limits = new RunLimits({ checkDeadline: () => {}, maxBytes: limitBytes })
  const context = { node: 'n', op, attrs: toAttributes(attrs) }
  return runWithin(limits, () => parsingOps[op]!.kernel(inputs, context))
}

/** A whole message stands beside the spoilt one, which must not take anything from it. */
const parseExamples = (whole: Uint8Array) => (bytes: Uint8Array) => {
  const inputs = [text([bytes, whole]), text([]), text(['r', 's']), text(['d']), text(['g']), zero]
  return run('ParseExampleV2', inputs, {
    ...{ num_sparse: { i: 2 }, sparse_types: list('type', ['int64', 'string']) },
    ...{ Tdense: list('type', ['float32']), dense_shapes: list('shape', [[-1]]) },
    ...{ ragged_value_types: list('type', ['float32']), ragged_split_types: list('type', ['int32']) },
  })
}

const parseSequences = (whole: Uint8Array) => (bytes: Uint8Array) =>
  run('ParseSequenceExample', [text([bytes, whole]), text([])], {
    ...{ context_sparse_keys: list('s', ['r']), context_sparse_types: list('type', ['int64']) },
    ...{ feature_list_dense_keys: list('s', ['d']), feature_list_dense_types: list('type', ['float32']) },
    feature_list_dense_missing_assumed_empty: list('s', ['d']),
    feature_list_dense_shapes: list('shape', [[2]]),
    ...{ feature_list_sparse_keys: list('s', ['s']), feature_list_sparse_types: list('type', ['string']) },
  })

const features = {
  r: int64s([1, -1, 2n ** 40n]),
  s: strings('', 'some', 'words'),
  d: floats([1, 2, 3], { isPacked: false }),
  g: floats([0.5, 4]),
  other: int64s([7], { isPacked: false }),
}
const message = Buffer.concat([
  example(features),
  span(9, Buffer.from('unknown')),
  example({ r: int64s([3]) }),
])
const sequence = sequenceExample(features, {
  d: [floats([1, 2]), floats([3, 4], { isPacked: false })],
  s: [strings('a'), Buffer.alloc(0), strings('b', 'c')],
})
const json =
  '{"context": {"u": "me"}, "signature_name": "s", "examples": [{"x": [1, -2], "y": 0.5, "z": [{"b64": "aGk="}]}, {}]}'
const jsonExample =
  '{"features": {"feature": {"n": {"int64List": {"value": ["7", 8]}}, "s": {"bytesList": {"value": ["aGk="]}}}}}'

const parsers: readonly [string, Uint8Array, (bytes: Uint8Array) => readonly AnyTensor[]][] = [
  ['tf.Examples', message, parseExamples(message)],
  ['tf.SequenceExamples', sequence, parseSequences(sequence)],
  ['examples in JSON', Buffer.from(jsonExample), (bytes) => run('DecodeJSONExample', [text([bytes])], {})],
  [
    'bodies of classify requests',
    Buffer.from(json),
    (bytes) => [parseExamplesRequest(bytes, { method: 'classify', maxBytes: 10_000 }).examples],
  ],
]

for (const [name, seed, parse] of parsers) {
  test(`${name}: parses or refuses whatever they become (${fuzzIterations})`, (t: TestContext) => {
    const counts = { answered: 0, refused: 0 }
    parse(seed)
    for (let iteration = 0; iteration < fuzzIterations; iteration++) {
      const bytes = mutate(Buffer.from(seed), createRandom(Math.imul(11, 0x9e3779b1) + iteration))
      const begun = performance.now()
      try {
        for (const tensor of parse(bytes)) check(tensor)
        counts.answered++
      } catch (error) {
        const shown = `iteration ${iteration}, in base64: ${bytes.toString('base64').slice(0, 600)}`
        assert.ok(error instanceof RecserveError, new Error(shown, { cause: error }))
        assert.ok(['invalid_argument', 'resource_exhausted'].includes(error.code), `${shown}: ${error.code}`)
        assert.ok(error.message.length < 4000, `${shown}: a message of bounded length`)
        counts.refused++
      }
      const ms = performance.now() - begun
      assert.ok(ms < limitMs, `iteration ${iteration} took ${ms} ms`)
    }
    t.diagnostic(JSON.stringify(counts))
    if (fuzzIterations >= 500) assert.ok(counts.answered > 0 && counts.refused > 0)
  })
}

/** As many elements as the shape says, indices within their tensor. */
function check({ shape, data }: AnyTensor): void {
  assert.equal(data.length, sizeOf(shape))
  if ('offsets' in data) assert.equal(data.offsets[data.length], data.bytes.length)
}
