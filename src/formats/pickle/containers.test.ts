import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  ascii,
  type Code,
  call,
  dict,
  dtype,
  global,
  int64s,
  ndarray,
  object,
  type Pickled,
  pickle,
  tuple,
  withState,
} from '../../../tests/pickle-file.js'
import { RecserveError } from '../../core/errors.js'
import { NumpyArray } from './numpy-array.js'
import { toDataFrame, toSeries } from './pandas.js'
import { parsePickle } from './pickle.js'
import { toSparseMatrix } from './scipy.js'
import type { PickleValue } from './value.js'

const parse = (value: Pickled) => parsePickle(pickle(value), 'a.pkl')

function asArray(value: PickleValue | undefined): NumpyArray {
  assert.ok(value instanceof NumpyArray)
  return value
}

const bytesOf = (array: ArrayBufferView) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
const objects = (...content: readonly Pickled[]) => ndarray({ code: 'O8', shape: [content.length], content })

test('reads arrays of numbers in either order of bytes and of axes', () => {
  const content = bytesOf(Int32Array.of(1, 2, 3, 4, 5, 6))
  const rows = asArray(parse(ndarray({ code: 'i4', shape: [2, 3], content })))
  assert.deepEqual(rows.toTensor(), { dtype: 'int32', shape: [2, 3], data: Int32Array.of(1, 2, 3, 4, 5, 6) })
  const columns = asArray(parse(ndarray({ code: 'i4', shape: [2, 3], isFortran: true, content })))
  assert.deepEqual(columns.toValues(), [1, 3, 5, 2, 4, 6])
  assert.deepEqual(
    columns.toRows().map((row) => row.toValues()),
    [
      [1, 3, 5],
      [2, 4, 6],
    ],
  )
  const big = asArray(parse(ndarray({ code: 'i2', order: '>', shape: [1], content: Buffer.of(1, 2) })))
  assert.deepEqual(big.toValues(), [258])
})

test('reads text, dates, booleans, objects, and large integers without rounding', () => {
  const text = bytesOf(Uint32Array.of(0xe9, 0, 0x61, 0x62))
  assert.deepEqual(asArray(parse(ndarray({ code: 'U2', shape: [2], content: text }))).toValues(), ['é', 'ab'])
  const content = bytesOf(BigInt64Array.of(1n, 2n ** 62n))
  assert.deepEqual(asArray(parse(ndarray({ code: 'i8', shape: [2], content }))).toValues(), [1, 2n ** 62n])
  const flags = asArray(parse(ndarray({ code: 'b1', order: '|', shape: [2], content: Buffer.of(0, 1) })))
  assert.deepEqual(flags.toValues(), [false, true])
  assert.deepEqual(asArray(parse(objects('a', null, [1]))).toValues(), ['a', null, [1]])
  const days = withState(
    call('numpy.dtype', 'M8', false, true),
    tuple(4, '<', null, null, null, -1, -1, 0, tuple(dict({}), tuple(ascii('D'), 1, 1, 1))),
  )
  const empty = call('numpy._core.multiarray._reconstruct', global('numpy.ndarray'), tuple(0), ascii('b'))
  const date = withState(empty, tuple(1, tuple(1), days, false, bytesOf(BigInt64Array.of(18262n))))
  assert.deepEqual([asArray(parse(date)).dtype.unit, asArray(parse(date)).toValues()], ['D', [18262]])
})

test('reads scalars as what they are, and arrays of protocol 5', () => {
  const scalar = (code: string, content: Uint8Array) =>
    call('numpy.core.multiarray.scalar', dtype(code), content)
  assert.equal(parse(scalar('i8', bytesOf(BigInt64Array.of(-3n)))), -3)
  assert.equal(parse(scalar('f4', bytesOf(Float32Array.of(0.5)))), 0.5)
  assert.equal(parse(scalar('b1', Buffer.of(1))), true)
  assert.equal(parse(scalar('U1', bytesOf(Uint32Array.of(0x61)))), 'a')
  const buffer = call('numpy._core.numeric._frombuffer', Buffer.of(1, 2), dtype('u1'), tuple(2), 'C')
  assert.deepEqual(asArray(parse(buffer)).toValues(), [1, 2])
})

const [data, indices, indptr] = [
  [5, 6, 7],
  [1, 0, 2],
  [0, 1, 3],
].map((values) => int64s(...values))
const sparse = (format: string, attributes: Readonly<Record<string, Pickled>>) =>
  parse(object(`scipy.sparse._${format}.${format}_matrix`, { _shape: tuple(2, 3), ...attributes }))

test('reads every format of sparse matrix but blocks', () => {
  const csr = toSparseMatrix(sparse('csr', { data: data!, indices: indices!, indptr: indptr! }))
  assert.ok(csr.format === 'csr')
  assert.deepEqual(
    [[...csr.data.data].map(Number), [...csr.indices], [...csr.indptr]],
    [
      [5, 6, 7],
      [1, 0, 2],
      [0, 1, 3],
    ],
  )
  const lists = { rows: objects([1], [0, 2]), data: objects([5], [6, 7]) }
  const lil = toSparseMatrix(sparse('lil', lists))
  assert.deepEqual({ ...lil, data: [...lil.data.data] }, { ...csr, data: [5, 6, 7] })
  const expected = { format: 'coo', row: Int32Array.of(0, 1), col: Int32Array.of(1, 2) }
  for (const value of [
    sparse('coo', { data: int64s(5, 7), row: int64s(0, 1), col: int64s(1, 2) }),
    sparse('coo', { data: int64s(5, 7), coords: tuple(int64s(0, 1), int64s(1, 2)) }),
    sparse('dok', {
      _dict: new Map([
        [tuple(0, 1), 5],
        [tuple(1, 2), 7],
      ]),
    }),
    sparse('dia', {
      data: ndarray({ code: 'i8', shape: [1, 3], content: bytesOf(BigInt64Array.of(9n, 5n, 7n)) }),
      offsets: int64s(1),
    }),
  ]) {
    const { format, data: found, ...places } = toSparseMatrix(value)
    assert.ok(format === 'coo')
    assert.deepEqual({ format, ...places }, { ...expected, shape: [2, 3] })
    assert.deepEqual([...found.data].map(Number), [5, 7])
  }
})

const index = (type: string, parts: Readonly<Record<string, Pickled>>) =>
  call('pandas.core.indexes.base._new_Index', global(`pandas.core.indexes.${type}`), dict(parts))
const range = (stop: number) => index('range.RangeIndex', { name: null, start: 0, stop, step: 1 })
const names = (...labels: readonly string[]) => index('base.Index', { data: objects(...labels), name: null })
const slice = (start: number, stop: number, step = 1) => call('builtins.slice', start, stop, step)
const block = (values: Pickled, placement: Pickled) =>
  call('pandas._libs.internals._unpickle_block', values, placement, 2)
const manager = (blocks: readonly Code[], ...axes: readonly Code[]) =>
  call('pandas.core.internals.managers.BlockManager', tuple(...blocks), [...axes])
const frame = (its: Code) => parse(object('pandas.core.frame.DataFrame', { _mgr: its, _typ: 'dataframe' }))
const numbers = ndarray({ code: 'i8', shape: [2, 2], content: bytesOf(BigInt64Array.of(1n, 2n, 3n, 4n)) })
const text = ndarray({ code: 'O8', shape: [1, 2], content: ['x', 'y'] })

test('puts the columns of a table back from its blocks, in both forms pandas writes', () => {
  const old = withState(
    call('pandas.core.internals.managers.BlockManager'),
    tuple(
      null,
      null,
      null,
      dict({
        '0.14.1': dict({
          axes: [names('a', 'b', 'c'), range(2)],
          blocks: [
            dict({ values: numbers, mgr_locs: slice(0, 3, 2) }),
            dict({ values: text, mgr_locs: int64s(1) }),
          ],
        }),
      }),
    ),
  )
  const blocks = [block(numbers, slice(0, 3, 2)), block(text, int64s(1))]
  for (const its of [old, manager(blocks, names('a', 'b', 'c'), range(2))]) {
    const { rows, columns } = toDataFrame(frame(its))
    const values = [...columns].map(([name, column]) => [name, column.toValues()])
    assert.deepEqual(
      [rows, values],
      [
        2,
        [
          ['a', [1, 2]],
          ['b', ['x', 'y']],
          ['c', [3, 4]],
        ],
      ],
    )
  }
})

test('spells categories out, a missing one as null', () => {
  const categories = object('pandas.core.dtypes.dtypes.CategoricalDtype', {
    categories: names('u', 'v'),
    ordered: false,
  })
  const codes = ndarray({ code: 'i1', shape: [3], content: Buffer.of(1, 255, 0) })
  const values = withState(call('pandas.core.arrays.categorical.Categorical'), tuple(categories, codes))
  const its = call('pandas.core.internals.managers.SingleBlockManager', block(values, slice(0, 3)), range(3))
  const series = toSeries(parse(object('pandas.core.series.Series', { _mgr: its, _name: 's' })))
  assert.deepEqual([series.name, series.values.toValues(), series.index], ['s', ['v', null, 'u'], [0, 1, 2]])
})

for (const [what, make, message] of [
  [
    'an array of fewer bytes than its shape',
    () => parse(ndarray({ code: 'i8', shape: [2], content: Buffer.alloc(8) })),
    /has 8 bytes, not 16/,
  ],
  [
    'an array of a shape beyond all bounds',
    () => parse(ndarray({ code: 'i8', shape: [2 ** 40, 2 ** 40], content: Buffer.of() })),
    /has 0 bytes/,
  ],
  [
    'an array of a negative size',
    () => parse(ndarray({ code: 'i8', shape: [-1], content: Buffer.of() })),
    /not one of sizes/,
  ],
  [
    'an array of 65 axes',
    () => parse(ndarray({ code: 'i8', shape: Array(65).fill(1), content: Buffer.alloc(8) })),
    /no shape/,
  ],
  [
    'an array of too few objects',
    () => parse(ndarray({ code: 'O8', shape: [2], content: [1] })),
    /not 2 objects/,
  ],
  [
    'a scalar of too few bytes',
    () => parse(call('numpy.core.multiarray.scalar', dtype('f8'), Buffer.of(1))),
    /has 1 bytes, not 8/,
  ],
  [
    'records',
    () =>
      asArray(
        parse(
          withState(
            call('numpy.core.multiarray._reconstruct'),
            tuple(
              1,
              tuple(1),
              withState(call('numpy.dtype', 'V4'), tuple(3, '|', null, tuple('a'), dict({}), 4, 1, 0)),
              false,
              Buffer.alloc(4),
            ),
          ),
        ),
      ).toTensor(),
    /no numbers or text/,
  ],
  [
    'an index beyond the matrix',
    () => toSparseMatrix(sparse('csr', { data: data!, indices: int64s(1, 0, 3), indptr: indptr! })),
    /index 3 of 3/,
  ],
  [
    'an indptr that falls',
    () => toSparseMatrix(sparse('csr', { data: data!, indices: indices!, indptr: int64s(0, 2, 1) })),
    /indptr does not fit/,
  ],
  [
    'an indptr beyond the values',
    () => toSparseMatrix(sparse('csr', { data: data!, indices: indices!, indptr: int64s(0, 1, 4) })),
    /index 4 of 4/,
  ],
  [
    'a sparse matrix of 2^31 rows',
    () => toSparseMatrix(sparse('lil', { _shape: tuple(2 ** 31, 1), rows: objects(), data: objects() })),
    /not of two dimensions/,
  ],
  ['sparse blocks', () => toSparseMatrix(sparse('bsr', {})), /bsr/],
  [
    'a block that lies beside the table',
    () => toDataFrame(frame(manager([block(numbers, slice(1, 3))], names('a', 'b'), range(2)))),
    /place among 2 columns/,
  ],
  [
    'an endless slice',
    () => toDataFrame(frame(manager([block(numbers, slice(0, 2 ** 31 - 1))], names('a', 'b'), range(2)))),
    /place among 2 columns/,
  ],
  [
    'a column without values',
    () => toDataFrame(frame(manager([block(text, slice(0, 1))], names('a', 'b'), range(2)))),
    /column "b"/,
  ],
  [
    'columns of another length',
    () => toDataFrame(frame(manager([block(text, slice(0, 1))], names('a'), range(3)))),
    /3 rows whose column "a"/,
  ],
  ['an endless index', () => toDataFrame(frame(manager([], names(), range(2 ** 40)))), /endless/],
  [
    'another object',
    () => toDataFrame(parse(object('os.DirEntry'))),
    /os\.DirEntry where a pandas DataFrame is due/,
  ],
] as const) {
  test(`refuses ${what}`, () => {
    assert.throws(
      make,
      (error) => error instanceof RecserveError && error.code === 'data_loss' && message.test(error.message),
    )
  })
}
