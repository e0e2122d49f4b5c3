/** Tables as TensorFlow's: what it refuses, what it forgives, and files with every oddity. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { stringAt, toStrings } from '../../../../tensor/strings.js'
import { createAttributes } from '../../attributes.js'
import type { AnyTensor, TfDataType, Value } from '../../op.js'
import { State } from '../../state.js'
import { lookupOps } from '../lookup.js'

type Attribute =
  | { readonly type: TfDataType }
  | { readonly i: number }
  | { readonly s: Uint8Array }
  | { readonly shape: object }

const state = () => new State()

function run(
  op: string,
  inputs: readonly Value[],
  options: { attrs?: Record<string, Attribute>; state?: State; node?: string } = {},
): readonly Value[] {
  const attrs = createAttributes(new Map(Object.entries(options.attrs ?? {})) as never)
  return lookupOps[op]!.stateful(inputs, {
    node: options.node ?? 'table',
    op,
    attrs,
    state: options.state ?? state(),
  })
}

const texts = (...values: string[]): AnyTensor => ({
  dtype: 'string',
  shape: [values.length],
  data: toStrings(values.map((value) => Buffer.from(value, 'latin1'))),
})
const longs = (...values: number[]): AnyTensor => ({
  dtype: 'int64',
  shape: [values.length],
  data: BigInt64Array.from(values, BigInt),
})
const floats = (shape: readonly number[], ...values: number[]): AnyTensor => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from(values),
})
const scalar = (tensor: AnyTensor) => ({ ...tensor, shape: [] }) as AnyTensor

function create(
  op: string,
  key: TfDataType,
  value: TfDataType,
  more: Record<string, Attribute> = {},
  inputs: readonly Value[] = [],
): Value {
  return run(op, inputs, { attrs: { key_dtype: { type: key }, value_dtype: { type: value }, ...more } })[0]!
}

function find(table: Value, keys: AnyTensor, fallback: AnyTensor): (number | string)[] {
  return elements(run('LookupTableFindV2', [table, keys, fallback])[0]!)
}

function elements(value: Value): (number | string)[] {
  assert.ok('data' in value)
  const { data } = value
  if (!('bytes' in data)) return Array.from(data as ArrayLike<number | bigint>, Number)
  return Array.from({ length: data.length }, (_, i) => Buffer.from(stringAt(data, i)).toString('latin1'))
}

const size = (table: Value) => elements(run('LookupTableSizeV2', [table])[0]!)[0]

describe('static tables', () => {
  test('are read only once they have been filled, and filled only once', () => {
    const table = create('HashTableV2', 'string', 'int64')
    assert.throws(() => find(table, texts('a'), scalar(longs(-1))), {
      code: 'failed_precondition',
      message: 'Table not initialized.',
    })
    run('InitializeTableV2', [table, texts('a', 'b', 'a'), longs(1, 2, 1)])
    assert.deepEqual(find(table, texts('b', 'z', 'a'), scalar(longs(-1))), [2, -1, 1])
    assert.equal(size(table), 2)
    run('InitializeTableV2', [table, texts('b', 'a'), longs(2, 1)])
    assert.throws(() => run('LookupTableImportV2', [table, texts('a'), longs(1)]), {
      message: 'Table was already initialized with different data.',
    })
    assert.throws(() => run('LookupTableInsertV2', [table, texts('c'), longs(1)]), { code: 'unimplemented' })
  })

  test('refuse two values for one key, and stay without contents', () => {
    const table = create('HashTableV2', 'string', 'int64')
    const message = 'HashTable has different value for same key. Key a has 1 and trying to add value 2'
    assert.throws(() => run('InitializeTableV2', [table, texts('a', 'a'), longs(1, 2)]), {
      code: 'failed_precondition',
      message,
    })
    assert.equal(size(table), 0)
  })

  test('refuse keys and values that do not go together', () => {
    const table = create('HashTableV2', 'string', 'int64')
    const fill = (keys: AnyTensor, values: AnyTensor) => () => run('InitializeTableV2', [table, keys, values])
    for (const each of [
      fill(texts(), longs()),
      fill(texts('a'), longs(1, 2)),
      fill(longs(1), longs(1)),
      fill(scalar(texts('a')), scalar(longs(1))),
    ]) {
      assert.throws(each, { code: 'invalid_argument' })
    }
  })

  test('of one name are one table as long as the version is loaded', () => {
    const shared = state()
    const attrs = {
      key_dtype: { type: 'string' },
      value_dtype: { type: 'int64' },
      shared_name: { s: Buffer.from('x') },
    } as const
    const [a, b] = ['n1', 'n2'].map((node) => run('HashTableV2', [], { attrs, state: shared, node })[0]!)
    run('InitializeTableV2', [a!, texts('k'), longs(7)])
    assert.deepEqual(find(b!, texts('k'), scalar(longs(-1))), [7])
    const anonymous = [1, 2].map(() => run('AnonymousHashTable', [], { attrs, state: shared })[0]!)
    run('InitializeTableV2', [anonymous[0]!, texts('k'), longs(7)])
    assert.equal(size(anonymous[1]!), 0)
  })

  test('tell keys of any bytes apart', () => {
    const table = create('HashTableV2', 'string', 'int64')
    const keys = [
      ...Array.from({ length: 256 }, (_, i) => String.fromCharCode(i)),
      '',
      '\0\0',
      'a\0',
      'a\0\0',
      '\xff\xff',
    ]
    run('InitializeTableV2', [table, texts(...keys), longs(...keys.keys())])
    assert.deepEqual(find(table, texts(...keys, '\0\0\0'), scalar(longs(-1))), [...keys.keys(), -1])
  })
})

describe('mutable tables', () => {
  test('take inserts, removals and imports, ever again', () => {
    const table = create('MutableHashTableV2', 'string', 'int64')
    run('LookupTableInsertV2', [table, texts('a', 'a', 'b'), longs(1, 2, 3)])
    assert.deepEqual(find(table, texts('a', 'b', 'c'), longs(-1, -2, -3)), [2, 3, -3])
    run('LookupTableRemoveV2', [table, texts('a', 'q')])
    assert.deepEqual(find(table, texts('a', 'b'), scalar(longs(0))), [0, 3])
    run('LookupTableInsertV2', [table, texts('a'), longs(9)])
    const [keys, values] = run('LookupTableExportV2', [table])
    assert.deepEqual(
      [elements(keys!), elements(values!)],
      [
        ['a', 'b'],
        [9, 3],
      ],
    )
    run('LookupTableImportV2', [table, texts('z'), longs(1)])
    assert.deepEqual([size(table), find(table, texts('z', 'a'), scalar(longs(0)))], [1, [1, 0]])
  })

  test('do not grow by keys that come and go', () => {
    const table = create('MutableHashTableV2', 'string', 'string')
    for (let i = 0; i < 5000; i++) {
      run('LookupTableInsertV2', [table, texts(`key ${i}`), texts('v'.repeat(i % 9))])
      if (i > 0) run('LookupTableRemoveV2', [table, texts(`key ${i - 1}`)])
    }
    assert.equal(size(table), 1)
    assert.deepEqual(find(table, texts('key 4999', 'key 4998'), scalar(texts('?'))), [
      'v'.repeat(4999 % 9),
      '?',
    ])
  })

  test('of vectors give a row for each key', () => {
    const shape = { shape: { dims: [{ size: 2 }], unknownRank: false } }
    const table = create('MutableHashTableOfTensorsV2', 'string', 'float32', { value_shape: shape })
    run('LookupTableInsertV2', [table, texts('a'), floats([1, 2], 1, 2)])
    assert.deepEqual(find(table, texts('a', 'b'), floats([2], 8, 9)), [1, 2, 8, 9])
    assert.deepEqual(find(table, texts('a', 'b'), floats([2, 2], 0, 0, 5, 6)), [1, 2, 5, 6])
    assert.throws(() => find(table, texts('a'), floats([], 0)), {
      message: 'Expected shape [2] or [1,2] for default value, got []',
    })
    assert.throws(() => run('LookupTableInsertV2', [table, texts('a'), floats([1], 1)]), {
      message: 'Expected shape [1,2] for value, got [1]',
    })
  })

  test('of vectors that nobody has ask for no memory', () => {
    const shape = { shape: { dims: [{ size: 2 ** 40 }], unknownRank: false } }
    const table = create('MutableHashTableOfTensorsV2', 'string', 'float32', { value_shape: shape })
    assert.throws(() => run('LookupTableInsertV2', [table, texts('a'), floats([1, 1], 1)]), /Expected shape/)
    assert.equal(size(table), 0)
  })

  test('with reserved keys refuse these, but pass over them on import', () => {
    const table = create('MutableDenseHashTableV2', 'int64', 'float32', {}, [
      scalar(longs(0)),
      scalar(longs(-1)),
    ])
    const message = 'Using the empty_key as a table key is not allowed'
    assert.throws(() => find(table, longs(5, 0), floats([], 0)), { code: 'invalid_argument', message })
    assert.throws(() => run('LookupTableInsertV2', [table, longs(-1), floats([1], 1)]), /deleted_key/)
    run('LookupTableImportV2', [table, longs(0, 5, -1), floats([3, 1], 1, 2, 3)])
    assert.deepEqual([size(table), find(table, longs(5, 6), floats([], 9))], [1, [2, 9]])
    assert.throws(
      () => create('MutableDenseHashTableV2', 'int64', 'float32', {}, [scalar(longs(0)), scalar(longs(0))]),
      /cannot be equal/,
    )
  })
})

describe('tables from a text file', () => {
  const path = 'assets/words.txt'

  function load(
    content: string,
    attrs: Record<string, number | string> = {},
    dtypes: readonly [TfDataType, TfDataType] = ['string', 'int64'],
  ): (number | string)[][] {
    const files = state()
    files.assets.set(path, Buffer.from(content, 'latin1'))
    const table = create('HashTableV2', ...dtypes)
    const all = { key_index: -2, value_index: -1, ...attrs }
    const encoded = Object.fromEntries(
      Object.entries(all).map(([name, value]) => [
        name,
        typeof value === 'number' ? { i: value } : { s: Buffer.from(value) },
      ]),
    )
    run('InitializeTableFromTextFileV2', [table, scalar(texts(path))], { attrs: encoded, state: files })
    return run('LookupTableExportV2', [table]).map(elements)
  }

  test('take lines as they are, with either end, the last one with or without', () => {
    assert.deepEqual(load('a\nb\n'), [
      ['a', 'b'],
      [0, 1],
    ])
    assert.deepEqual(load('a\nb'), [
      ['a', 'b'],
      [0, 1],
    ])
    assert.deepEqual(load('a\r\nb\r'), [
      ['a', 'b'],
      [0, 1],
    ])
    assert.deepEqual(load('a\rb\n'), [['a\rb'], [0]])
    assert.deepEqual(load('\xef\xbb\xbfa\xff\n\0b\n'), [
      ['\xef\xbb\xbfa\xff', '\0b'],
      [0, 1],
    ])
  })

  test('take columns, numbers and line numbers', () => {
    assert.deepEqual(load('a\t1\nb\t 2\n', { key_index: 0, value_index: 1 }), [
      ['a', 'b'],
      [1, 2],
    ])
    assert.deepEqual(load('a;1.5', { key_index: 0, value_index: 1, delimiter: ';' }, ['string', 'float32']), [
      ['a'],
      [1.5],
    ])
    assert.deepEqual(load('x\ny', { key_index: -1, value_index: -2, offset: 5 }, ['int64', 'string']), [
      [5, 6],
      ['x', 'y'],
    ])
    assert.deepEqual(load('a\nb\nc', { vocab_size: 2 }), [
      ['a', 'b'],
      [0, 1],
    ])
  })

  test('are refused with the words of TensorFlow', () => {
    const refused: readonly (readonly [string, Record<string, number | string>, string, string])[] = [
      ['a\n\nb', {}, 'invalid_argument', `Invalid content in ${path}: empty line found at position 3.`],
      ['a\nb\n\n', {}, 'invalid_argument', `Invalid content in ${path}: empty line found at position 5.`],
      [
        'a\na\n',
        {},
        'failed_precondition',
        'HashTable has different value for same key. Key a has 0 and trying to add value 1',
      ],
      ['a\nb', { vocab_size: 3 }, 'invalid_argument', `Invalid vocab_size in ${path}: expected 3 but got 2`],
      [
        'a\tx',
        { key_index: 0, value_index: 1 },
        'invalid_argument',
        'Field x in line 0 is not a valid int64.',
      ],
      [
        'a\t1\nb',
        { key_index: 0, value_index: 1 },
        'invalid_argument',
        `Invalid number of columns in ${path} line 1 (b) : expected at least 2 got 1`,
      ],
      ['a', { delimiter: 'ab' }, 'invalid_argument', 'delimiter should be only 1 char'],
      [
        'a',
        { key_index: -1 },
        'invalid_argument',
        'Key index for line number requires table key dtype of int64, got string',
      ],
      ['', {}, 'out_of_range', `no line was read from ${path}`],
    ]
    for (const [content, attrs, code, message] of refused)
      assert.throws(() => load(content, attrs), { code, message })
  })

  test('that the model does not have are not found', () => {
    const table = create('HashTableV2', 'string', 'int64')
    const attrs = { key_index: { i: -2 }, value_index: { i: -1 } }
    assert.throws(
      () => run('InitializeTableFromTextFileV2', [table, scalar(texts('/etc/passwd'))], { attrs }),
      { code: 'not_found' },
    )
  })
})
