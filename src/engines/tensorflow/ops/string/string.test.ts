/** What the op cases do not say of strings: any byte, hostile sizes, and the corners that TensorFlow's sources show. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type StringTensor, stringAt, toStrings } from '../../../../tensor/strings.js'
import { createAttributes } from '../../attributes.js'
import type { AnyTensor } from '../../op.js'
import { RunLimits, runWithin } from '../../run-limits.js'
import { stringOps } from '../string.js'

type Value = string | number | boolean | readonly number[] | { readonly type: string | readonly string[] }

function toAttribute(value: Value): object {
  if (typeof value === 'string') return { s: Buffer.from(value, 'latin1') }
  if (typeof value === 'number') return Number.isInteger(value) ? { i: value } : { f: value }
  if (typeof value === 'boolean') return { b: value }
  if (!('type' in value)) return { list: { i: value } }
  return typeof value.type === 'string' ? { type: value.type } : { list: { type: value.type } }
}

function run(
  op: string,
  inputs: readonly AnyTensor[],
  attrs: Readonly<Record<string, Value>> = {},
): readonly AnyTensor[] {
  const map = new Map(Object.entries(attrs).map(([name, value]) => [name, toAttribute(value)]))
  const context = { node: 'n', op, attrs: createAttributes(map as never) }
  return stringOps[op]!.kernel(inputs, context)
}

/** Characters of the texts are bytes. */
function strings(texts: readonly string[], shape: readonly number[] = [texts.length]): StringTensor {
  return { dtype: 'string', shape, data: toStrings(texts.map((text) => Buffer.from(text, 'latin1'))) }
}

const scalar = (text: string) => strings([text], [])
const ints = (...values: number[]): AnyTensor => ({
  dtype: 'int32',
  shape: [values.length],
  data: Int32Array.from(values),
})
const int = (value: number): AnyTensor => ({ ...ints(value), shape: [] }) as AnyTensor
const floats = (...values: number[]): AnyTensor => ({
  dtype: 'float64',
  shape: [values.length],
  data: Float64Array.from(values),
})

function textsOf(tensor: AnyTensor | undefined): string[] {
  assert.ok(tensor && 'bytes' in tensor.data)
  const { data } = tensor
  return Array.from({ length: data.length }, (_, i) => Buffer.from(stringAt(data, i)).toString('latin1'))
}

const everyByte = Array.from({ length: 256 }, (_, i) => String.fromCharCode(i))
const allBytes = everyByte.join('')

describe('string ops', () => {
  test('every byte survives what does not change it', () => {
    const input = strings([...everyByte, allBytes])
    assert.deepEqual(textsOf(run('AsString', [input])[0]), textsOf(input))
    assert.deepEqual(textsOf(run('StringJoin', [input, scalar('')])[0]), textsOf(input))
    assert.deepEqual(
      textsOf(run('RegexReplace', [input, scalar('no match'), scalar('x')])[0]),
      textsOf(input),
    )
    const encoded = run('EncodeBase64', [input])
    assert.deepEqual(textsOf(run('DecodeBase64', encoded)[0]), textsOf(input))
    const split = run('StringSplitV2', [strings([allBytes]), scalar('\xff')])
    assert.deepEqual(textsOf(split[1]), [allBytes.slice(0, -1), ''])
    assert.deepEqual(textsOf(run('Substr', [strings([allBytes]), ints(0), ints(256)])[0]), [allBytes])
  })

  test('printed numbers are rounded half to even, exactly', () => {
    const print = (values: readonly number[], attrs: Record<string, Value>) =>
      textsOf(run('AsString', [floats(...values)], attrs)[0])
    assert.deepEqual(print([0.5, 1.5, 2.5, -0.5], { precision: 0 }), ['0', '2', '2', '-0'])
    assert.deepEqual(print([0.125, 0.375], { precision: 2 }), ['0.12', '0.38'])
    assert.deepEqual(print([1e22, 9.5], { scientific: true, precision: 0 }), ['1e+22', '1e+01'])
    assert.deepEqual(print([999999.5, 1e-5, 100000], { shortest: true }), ['1e+06', '1e-05', '100000'])
    assert.deepEqual(print([0.1], { precision: 60 }), [
      `0.1000000000000000055511151231257827021181583404541015625${'0'.repeat(5)}`,
    ])
    assert.deepEqual(print([Number.NaN, -1.5], { fill: '0', width: 6, precision: 1 }), ['   nan', '-001.5'])
  })

  test('a string that is padded ends at a NUL', () => {
    assert.deepEqual(textsOf(run('AsString', [strings(['a\0b', '\xff'])], { width: 3 })[0]), [
      '  a',
      '  \xff',
    ])
  })

  test('a width that no number needs is refused before it is written', () => {
    assert.throws(() => run('AsString', [ints(1)], { width: 2 ** 31 - 1 }), { code: 'resource_exhausted' })
    assert.throws(() => run('AsString', [scalar('a')], { width: 2 ** 31 - 1 }), {
      code: 'resource_exhausted',
    })
    assert.throws(() => run('AsString', [floats(1)], { precision: 2 ** 31 - 1 }), {
      code: 'resource_exhausted',
    })
  })

  test('numbers are read in the grammar of TensorFlow 2.15', () => {
    const read = (text: string, type: string) =>
      run('StringToNumber', [strings([text])], { out_type: { type } })[0]!.data as ArrayLike<number | bigint>
    const accepted: readonly (readonly [string, string, number | bigint])[] = [
      [' -0x1F\n', 'float64', -31],
      ['.5e1', 'float64', 5],
      ['1e999', 'float64', Number.POSITIVE_INFINITY],
      ['\t-9223372036854775808 ', 'int64', -9223372036854775808n],
      [`${'0'.repeat(1000)}7`, 'int32', 7],
    ]
    for (const [text, type, value] of accepted) assert.equal(read(text, type)[0], value)
    const refused = [
      ['1e', 'float32'],
      ['.', 'float32'],
      ['0x', 'float32'],
      ['1_0', 'float64'],
      ['- 5', 'int32'],
      ['2147483648', 'int32'],
      ['9'.repeat(100000), 'int64'],
      ['1\0', 'int64'],
      ['1\xa0', 'int64'],
    ] as const
    for (const [text, type] of refused) assert.throws(() => read(text, type), { code: 'invalid_argument' })
  })

  test('a segment without strings before the first that has bytes gets no separator', () => {
    const joined = run(
      'UnsortedSegmentJoin',
      [strings(['', '', 'a', '', 'b']), ints(0, 0, 0, 0, 0), int(1)],
      { separator: '+' },
    )
    assert.deepEqual(textsOf(joined[0]), ['a++b'])
  })

  test('splitting at whitespace keeps what is left behind the last cut, be it nothing', () => {
    const split = (maxsplit: number) =>
      textsOf(run('StringSplitV2', [strings([' a ', '']), scalar('')], { maxsplit })[1])
    assert.deepEqual(split(-1), ['a'])
    assert.deepEqual(split(0), [' a ', ''])
    assert.deepEqual(split(1), ['a', ''])
  })

  test('case of Unicode text ends at a NUL and mends what is no UTF-8', () => {
    const lower = (text: string) =>
      textsOf(run('StringLower', [strings([text])], { encoding: 'utf-8' })[0])[0]
    assert.equal(lower('A\0B'), 'a')
    assert.equal(lower('\xffA'), '\xef\xbf\xbda')
    assert.equal(lower('\xce\x91\xce\xa3'), '\xce\xb1\xcf\x82')
  })

  test('scripts are numbered as in ICU', () => {
    const scripts = run('UnicodeScript', [
      ints(0x41, 0x3b1, 0x4e00, 0x300, 0x378, 0x10ffff, 0x110000, -1),
    ])[0]!
    assert.deepEqual([...(scripts.data as Int32Array)], [25, 14, 17, 1, 103, 103, -1, -1])
  })

  test('records of CSV keep to their quotes', () => {
    const read = (record: string, count: number, attrs: Record<string, Value> = {}) => {
      const inputs = [strings([record]), ...new Array<AnyTensor>(count).fill(scalar('none'))]
      const types = new Array<string>(count).fill('string')
      return run('DecodeCSV', inputs, { ...attrs, OUT_TYPE: { type: types } }).flatMap(textsOf)
    }
    assert.deepEqual(read('"a""b\n,",\xff,', 3), ['a"b\n,', '\xff', 'none'])
    assert.deepEqual(read('a,b,c', 2, { select_cols: [0, 2] }), ['a', 'c'])
    for (const broken of ['a"b', '"a"b', '"a', 'a\nb', '"'])
      assert.throws(() => read(broken, 1), { code: 'invalid_argument' })
  })

  test('what would be too much for a run is refused before it is made', () => {
    const within = (body: () => unknown) =>
      runWithin(new RunLimits({ checkDeadline: () => {}, maxBytes: 2 ** 24 }), body)
    const long = 'x'.repeat(2 ** 16)
    const greedy: readonly (() => unknown)[] = [
      () => run('UnsortedSegmentJoin', [strings(['a']), ints(0), int(2 ** 31 - 1)]),
      () => run('StringJoin', new Array<AnyTensor>(2 ** 12).fill(scalar(long))),
      () => run('RegexReplace', [scalar(long), scalar(''), scalar('\\0'.padEnd(4096, 'y'))]),
      () => run('DecodePaddedRaw', [strings(['a']), int(2 ** 31 - 8)], { out_type: { type: 'uint8' } }),
      () => run('AsString', [ints(...new Array<number>(64).fill(1))], { width: 2 ** 20 }),
      () =>
        run('StringNGrams', [strings(['a']), ints(0, 1)], {
          ngram_widths: [2 ** 30],
          left_pad: 'left',
          right_pad: 'right',
          pad_width: -1,
          preserve_short_sequences: false,
          separator: '',
        }),
    ]
    for (const each of greedy) assert.throws(() => within(each), { code: 'resource_exhausted' })
  })

  test('empty pads without end are stopped by the deadline', () => {
    const limits = new RunLimits({
      checkDeadline: () => {
        throw Object.assign(new Error('late'), { code: 'deadline_exceeded' })
      },
    })
    const attrs = {
      ngram_widths: [2 ** 30],
      left_pad: '',
      right_pad: '',
      pad_width: -1,
      preserve_short_sequences: false,
      separator: '',
    }
    assert.throws(() => runWithin(limits, () => run('StringNGrams', [strings(['a']), ints(0, 1)], attrs)), {
      code: 'deadline_exceeded',
    })
  })
})
