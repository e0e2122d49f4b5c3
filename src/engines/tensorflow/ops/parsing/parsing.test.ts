/** What the op cases do not say of parsing: odd bytes, errors, requests for too much. The answers are TensorFlow 2.15's. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  example,
  floats,
  int64s,
  sequenceExample,
  span,
  strings,
} from '../../../../../tests/example-bytes.js'
import { toAttributes } from '../../../../../tests/fidelity/op-cases.js'
import { stringAt, toStrings } from '../../../../tensor/strings.js'
import type { AnyTensor } from '../../op.js'
import { RunLimits, runWithin } from '../../run-limits.js'
import { parsingOps } from '../parsing.js'

type Attrs = Parameters<typeof toAttributes>[0]

function run(op: string, inputs: readonly AnyTensor[], attrs: Attrs): readonly AnyTensor[] {
  return parsingOps[op]!.kernel(inputs, { node: 'n', op, attrs: toAttributes(attrs) })
}

function text(
  values: readonly (string | Uint8Array)[],
  shape: readonly number[] = [values.length],
): AnyTensor {
  return { dtype: 'string', shape, data: toStrings(values) }
}

const list = (kind: string, values: readonly unknown[]) => ({ list: { [kind]: values } })
const noFloats: AnyTensor = { dtype: 'float32', shape: [0], data: new Float32Array(0) }

interface Wanted {
  readonly sparse?: Readonly<Record<string, string>>
  readonly dense?: Readonly<
    Record<string, readonly [dtype: string, shape: readonly number[], filling: AnyTensor]>
  >
  readonly ragged?: Readonly<Record<string, string>>
}

/** ParseExampleV2 of several messages, or of one as a scalar. */
function parse(
  messages: Uint8Array | readonly Uint8Array[],
  { sparse = {}, dense = {}, ragged = {} }: Wanted,
): readonly AnyTensor[] {
  const serialized = messages instanceof Uint8Array ? text([messages], []) : text(messages)
  const specs = Object.values(dense)
  const keys = [sparse, dense, ragged].map((specs) => text(Object.keys(specs)))
  const inputs = [serialized, text([]), ...keys, ...specs.map(([, , filling]) => filling)]
  return run('ParseExampleV2', inputs, {
    num_sparse: { i: Object.keys(sparse).length },
    sparse_types: list('type', Object.values(sparse)),
    Tdense: list(
      'type',
      specs.map(([dtype]) => dtype),
    ),
    dense_shapes: list(
      'shape',
      specs.map(([, shape]) => shape),
    ),
    ragged_value_types: list('type', Object.values(ragged)),
    ragged_split_types: list(
      'type',
      Object.values(ragged).map(() => 'int64'),
    ),
  })
}

function listOf({ data }: AnyTensor): unknown[] {
  if (!('offsets' in data)) return Array.from(data as ArrayLike<number | bigint>, Number)
  return Array.from({ length: data.length }, (_, i) => Buffer.from(stringAt(data, i)).toString('latin1'))
}

/** The values of the sparse int64 feature `r`. */
const values = (message: Uint8Array, dtype = 'int64') =>
  listOf(parse([message], { sparse: { r: dtype } })[1]!)
const refusal = (message: string | RegExp) => ({ code: 'invalid_argument', message })
const unparsed = refusal("Name: <unknown>, Key: r, Index: 0.  Can't parse serialized Example.")
const noExample = refusal(/^Could not parse example input, value: '/)

describe('lists of a feature', () => {
  test('packed or not, with 64 bits and either sign', () => {
    const numbers = [0, -1, 2n ** 63n - 1n, -(2n ** 63n), 300]
    for (const isPacked of [true, false]) {
      const [, found] = parse([example({ r: int64s(numbers, { isPacked }) })], { sparse: { r: 'int64' } })
      assert.deepEqual([...(found!.data as BigInt64Array)], numbers.map(BigInt))
      assert.deepEqual(values(example({ r: floats([1.5, -2], { isPacked }) }), 'float32'), [1.5, -2])
    }
    assert.deepEqual(values(example({ r: strings('', 'ab', '\u00fc') }), 'string'), [
      '',
      'ab',
      '\u00c3\u00bc',
    ])
  })

  test('end with the first packed field and the first list, and with their feature', () => {
    const packed = (...bytes: number[]) => span(1, Buffer.from(bytes))
    assert.deepEqual(values(example({ r: span(3, packed(1, 2), packed(3)) })), [1, 2])
    assert.deepEqual(values(example({ r: Buffer.concat([int64s([1]), floats([2])]) })), [1])
    assert.deepEqual(values(example({ r: Buffer.from([26, 9, 10, 1, 7]) })), [7])
    assert.deepEqual(values(example({ r: span(2, packed(0, 0, 128, 63, 1)) }), 'float32'), [1])
  })

  test('are refused where their bytes are none', () => {
    const broken = {
      'a number without an end': span(3, span(1, Buffer.from([0x80]))),
      'a number of eleven bytes': span(3, span(1, Buffer.alloc(11, 0x80))),
      'an unknown field': span(3, span(5, Buffer.from('q')), span(1, Buffer.from([1]))),
      'packed after single ones': span(3, Buffer.from([8, 1]), span(1, Buffer.from([2]))),
    }
    for (const [what, bytes] of Object.entries(broken)) {
      assert.throws(() => values(example({ r: bytes })), unparsed, what)
    }
    assert.throws(() => values(example({ r: span(1, Buffer.from([10, 9, 1])) }), 'string'), unparsed)
    assert.throws(() => values(example({ r: span(9, Buffer.from('x')) })), refusal('Unsupported datatype.'))
  })
})

describe('messages', () => {
  test('take the later of two features of one name, in one message or in several end to end', () => {
    const two = Buffer.concat([example({ r: int64s([1]) }), example({ r: int64s([2, 3]) })])
    assert.deepEqual(values(two), [2, 3])
  })

  test('of a batch hide a sparse feature behind an empty one, but not a dense one, nor of one message', () => {
    const hidden = Buffer.concat([example({ r: int64s([1]) }), example({ r: Buffer.alloc(0) })])
    assert.deepEqual(values(hidden), [])
    assert.deepEqual(listOf(parse(hidden, { sparse: { r: 'int64' } })[1]!), [1])
    const filling: AnyTensor = { dtype: 'int64', shape: [1], data: new BigInt64Array(1) }
    assert.deepEqual(listOf(parse([hidden], { dense: { r: ['int64', [1], filling] } })[0]!), [1])
  })

  test('may have unknown fields at the top, not below, and entries either way round', () => {
    const known = example({ r: int64s([1]) })
    for (const odd of [span(7, Buffer.from('q')), Buffer.from([0x38, 5]), Buffer.from([0x3d, 1, 2, 3, 4])]) {
      assert.deepEqual(values(Buffer.concat([known, odd])), [1])
      assert.deepEqual(values(Buffer.concat([odd, known])), [1])
    }
    const swapped = span(1, span(1, span(2, int64s([4])), span(1, Buffer.from('r'))))
    assert.deepEqual(values(swapped), [4])
    const broken = [
      span(1, span(7, Buffer.from('q'))),
      span(1, span(1, span(1, Buffer.from('r')))),
      span(1, span(1, span(1, Buffer.from('r')), span(2, int64s([1])), span(3))),
      Buffer.concat([known, Buffer.from([0x3b, 0x3c])]),
      known.subarray(0, -1),
      Buffer.from('not an example'),
    ]
    for (const bytes of broken) assert.throws(() => values(bytes), noExample)
  })

  test('are named in refusals, by the name they were given', () => {
    const inputs = [text([Buffer.alloc(0)]), text(['first']), text([]), text(['d']), text([]), noFloats]
    const attrs = {
      num_sparse: { i: 0 },
      ...{ sparse_types: list('type', []), ragged_value_types: list('type', []) },
      ...{ ragged_split_types: list('type', []), Tdense: list('type', ['float32']) },
      dense_shapes: list('shape', [[2]]),
    }
    const missing = refusal('Name: first, Feature: d (data type: float) is required but could not be found.')
    assert.throws(() => run('ParseExampleV2', inputs, attrs), missing)
    inputs[1] = text(['a', 'b'])
    assert.throws(() => run('ParseExampleV2', inputs, attrs), refusal(/^Expected names have the same shape/))
  })
})

describe('dense features', () => {
  const filling: AnyTensor = { dtype: 'float32', shape: [], data: Float32Array.of(9) }

  test('of variable length are padded to the longest, row by row', () => {
    const batch = [example({ d: floats([1, 2]) }), Buffer.alloc(0), example({ d: floats([1, 2, 3, 4]) })]
    const [dense] = parse(batch, { dense: { d: ['float32', [-1, 2], filling] } })
    assert.deepEqual(dense!.shape, [3, 2, 2])
    assert.deepEqual(listOf(dense!), [1, 2, 9, 9, 9, 9, 9, 9, 1, 2, 3, 4])
    assert.deepEqual(
      parse(Buffer.alloc(0), { dense: { d: ['float32', [-1, 2], filling] } })[0]!.shape,
      [0, 2],
    )
  })

  test('are refused where the number of values does not fit', () => {
    const message = example({ d: floats([1, 2, 3]), s: strings('a', 'b') })
    const where = 'Name: <unknown>, Key: d, Index: 0.  Number of float values'
    assert.throws(
      () => parse([message], { dense: { d: ['float32', [-1, 2], filling] } }),
      refusal(`${where} is not a multiple of stride length. Saw 3 values but output shape is: [?,2]`),
    )
    assert.throws(
      () => parse([message], { dense: { d: ['float32', [2], noFloats] } }),
      refusal(`${where} != expected.  Values size: 3 but output shape: [2]`),
    )
    assert.throws(
      () => parse(message, { dense: { d: ['float32', [2], noFloats] } }),
      refusal("Key: d.  Can't parse serialized Example."),
    )
    const strings3 = text(['', '', ''])
    assert.throws(
      () => parse([message], { dense: { s: ['string', [3], strings3] } }),
      refusal(
        'Name: <unknown>, Key: s, Index: 0.  Number of bytes values != expected.  Values size: 2 but output shape: [3]',
      ),
    )
  })

  test('need a filling of their shape, and a shape that says enough', () => {
    const refused = (shape: readonly number[], given: AnyTensor, message: RegExp) =>
      assert.throws(() => parse([], { dense: { d: ['float32', shape, given] } }), refusal(message))
    refused([-1], noFloats, /must contain a single element \(the padding element\)/)
    refused(
      [2],
      filling,
      /^def_value\[0\]\.shape\(\) == \[\] is not compatible with dense_shapes_\[0\] == \[2\]/,
    )
    refused([2, -1], filling, /unknown inner dimensions: \[2,\?\]/)
    refused([-1], { dtype: 'int64', shape: [], data: new BigInt64Array(1) }, /int64/)
    // The division by an empty stride ends TensorFlow's process.
    const message = example({ d: floats([1]) })
    assert.throws(
      () => parse([message], { dense: { d: ['float32', [-1, 0], filling] } }),
      refusal(/multiple of stride/),
    )
  })
})

describe('one message', () => {
  test('has no batch dimension, and no splits', () => {
    const message = example({ r: int64s([4, 5]), q: floats([1]) })
    const [indices, found, shape, flat, splits] = parse(message, {
      sparse: { r: 'int64' },
      ragged: { q: 'float32' },
    })
    assert.deepEqual(
      [indices!.shape, listOf(indices!)],
      [
        [2, 1],
        [0, 1],
      ],
    )
    assert.deepEqual([listOf(found!), listOf(shape!)], [[4, 5], [2]])
    assert.deepEqual([listOf(flat!), splits!.shape], [[1], [0]])
  })
})

describe('sequences', () => {
  const attrs = (lists: Attrs): Attrs => ({
    ...{ context_sparse_keys: list('s', ['u']), context_sparse_types: list('type', ['int64']) },
    ...lists,
  })
  const dense = attrs({
    feature_list_dense_keys: list('s', ['x']),
    feature_list_dense_types: list('type', ['float32']),
    feature_list_dense_shapes: list('shape', [[2]]),
  })
  const sparse = attrs({
    feature_list_sparse_keys: list('s', ['x']),
    feature_list_sparse_types: list('type', ['float32']),
  })
  const parseSequences = (messages: readonly Uint8Array[], lists: Attrs) =>
    run('ParseSequenceExample', [text(messages), text([])], lists)

  test('have frames side by side, zeros where there are fewer', () => {
    const batch = [
      sequenceExample({ u: int64s([1, 2]) }, { x: [floats([1, 2]), floats([3, 4])] }),
      sequenceExample({}, { x: [floats([5, 6])] }),
    ]
    const [, context, , frames, lengths] = parseSequences(batch, dense)
    assert.deepEqual(listOf(context!), [1, 2])
    assert.deepEqual(
      [frames!.shape, listOf(frames!)],
      [
        [2, 2, 2],
        [1, 2, 3, 4, 5, 6, 0, 0],
      ],
    )
    assert.deepEqual(listOf(lengths!), [2, 1])
  })

  test('have a place for each value: message, frame, value', () => {
    const batch = [
      sequenceExample({}, { x: [floats([1, 2]), floats([]), floats([3])] }),
      Buffer.alloc(0),
      sequenceExample({}, { x: [Buffer.alloc(0), floats([4])] }),
    ]
    const [, , , indices, found, shape] = parseSequences(batch, sparse)
    assert.deepEqual(listOf(indices!), [0, 0, 0, 0, 0, 1, 0, 2, 0, 2, 1, 0])
    assert.deepEqual(
      [listOf(found!), listOf(shape!)],
      [
        [1, 2, 3, 4],
        [3, 3, 2],
      ],
    )
  })

  test('are refused with the place of what is wrong', () => {
    const refused = (x: readonly Uint8Array[], message: string | RegExp) =>
      assert.throws(() => parseSequences([sequenceExample({}, { x })], dense), refusal(message))
    refused(
      [floats([1, 2]), int64s([1])],
      /^Name: <unknown>, Feature list: x, Index: 1\. {2}Data types don't match/,
    )
    refused(
      [floats([1, 2]), floats([3])],
      /^Name: <unknown>, Key: x, Index: 1\. {2}Number of float values != expected/,
    )
    assert.throws(
      () => parseSequences([Buffer.alloc(0)], dense),
      refusal(/^Name: <unknown>, Feature list 'x' is required but could not be found/),
    )
    assert.throws(
      () => parseSequences([Buffer.from('\u0005garbage')], dense),
      refusal('Invalid protocol message input, example id: <unknown>'),
    )
    const empty = { ...dense, feature_list_dense_missing_assumed_empty: list('s', ['x']) }
    assert.deepEqual(parseSequences([Buffer.alloc(0)], empty)[3]!.shape, [1, 0, 2])
  })
})

describe('limits', () => {
  test('what a few bytes ask for is refused before it is made', () => {
    const within = (action: () => unknown) => () =>
      runWithin(new RunLimits({ checkDeadline: () => {}, maxBytes: 2 ** 24 }), action)
    const exhausted = { code: 'resource_exhausted' }
    const filling: AnyTensor = { dtype: 'float32', shape: [], data: Float32Array.of(9) }
    const nothing = Array.from({ length: 3000 }, () => Buffer.alloc(0))
    const long = example({ d: floats(Array.from({ length: 10_000 }, (_, i) => i)) })
    const padded: Wanted = { dense: { d: ['float32', [-1], filling] } }
    assert.throws(
      within(() => parse([long, ...nothing], padded)),
      exhausted,
    )
    const wide = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`f${i}`, 'int64']))
    assert.throws(
      within(() => parse(nothing, { sparse: wide })),
      exhausted,
    )
  })
})
