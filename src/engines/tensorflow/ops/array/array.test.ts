/** What the op cases do not say: every dtype moves alike, large transposes, slices against a slow model, cases recorded without their axis. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { RecserveError } from '../../../../core/errors.js'
import type { NumericType } from '../../../../tensor/dtype.js'
import { stringAt, toStrings } from '../../../../tensor/strings.js'
import { isComplex, sizeOf } from '../../../../tensor/tensor.js'
import type { AnyTensor, Attributes } from '../../op.js'
import { arrayOps } from '../array.js'
import { arrayClasses } from '../new-data.js'

type Values = Readonly<Record<string, number | string>>

function toAttributes(values: Values): Attributes {
  const value = (name: string, fallback?: unknown) => (values[name] ?? fallback) as never
  const none = () => assert.fail('no such attribute here')
  return {
    has: (name) => name in values,
    int: value,
    bigint: value,
    float: value,
    bool: value,
    string: value,
    bytes: none,
    type: value,
    ints: value,
    bigints: value,
    floats: value,
    strings: value,
    types: value,
    shape: none,
    shapes: none,
    tensor: none,
  }
}

function run(op: string, inputs: readonly AnyTensor[], attrs: Values = {}): readonly AnyTensor[] {
  return arrayOps[op]!.kernel(inputs, { node: 'n', op, attrs: toAttributes(attrs) })
}

function ints(values: readonly number[], shape: readonly number[] = [values.length]): AnyTensor {
  return { dtype: 'int32', shape, data: Int32Array.from(values) }
}

function bools(values: readonly boolean[], shape: readonly number[] = [values.length]): AnyTensor {
  return { dtype: 'bool', shape, data: Uint8Array.from(values, Number) }
}

function texts(values: readonly string[]): AnyTensor {
  return { dtype: 'string', shape: [values.length], data: toStrings(values) }
}

function listOf({ data }: AnyTensor): unknown[] {
  if (!('bytes' in data)) return [...data]
  return Array.from({ length: data.length }, (_, i) => Buffer.from(stringAt(data, i)).toString('latin1'))
}

/** Elements 1, 2, 3 ... of any dtype; a complex one has its negative as the second part, a string is its bytes and 0xff. */
function counting(dtype: NumericType | 'string', shape: readonly number[]): AnyTensor {
  const numbers = Array.from({ length: sizeOf(shape) }, (_, i) => i + 1)
  if (dtype === 'string') return { dtype, shape, data: toStrings(numbers.map((n) => Uint8Array.of(n, 0xff))) }
  const flat = isComplex(dtype) ? numbers.flatMap((n) => [n, -n]) : numbers
  const values = dtype.endsWith('int64') ? flat.map(BigInt) : flat
  const data = (arrayClasses[dtype] as unknown as { from(values: unknown): never }).from(values)
  return { dtype, shape, data }
}

/** The number an element of `counting` had; 0 for padding. */
function numbersOf(tensor: AnyTensor): number[] {
  const list = listOf(tensor)
  if (tensor.dtype === 'string') return list.map((text) => (text as string).charCodeAt(0) || 0)
  const numbers = list.map(Number)
  if (!isComplex(tensor.dtype)) return numbers
  for (let i = 0; i < numbers.length; i += 2) assert.equal(numbers[i + 1]! + numbers[i]!, 0)
  return numbers.filter((_, i) => i % 2 === 0)
}

const dtypes = [
  ...(Object.keys(arrayClasses) as NumericType[]).filter((name) => name !== 'bool'),
  'string',
] as const

const moves: readonly [string, (input: AnyTensor) => readonly AnyTensor[], Values?][] = [
  ['Transpose', (x) => [x, ints([2, 0, 1])]],
  ['GatherV2', (x) => [x, ints([2, 0, 2], [3, 1]), ints([1], [])]],
  ['GatherNd', (x) => [x, ints([1, 2, 0, 0], [2, 2])]],
  ['ConcatV2', (x) => [x, x, ints([-1], [])]],
  ['Pack', (x) => [x, x], { axis: 2 }],
  ['Tile', (x) => [x, ints([2, 1, 2])]],
  ['Pad', (x) => [x, ints([0, 1, 2, 0, 1, 1], [3, 2])]],
  ['MirrorPad', (x) => [x, ints([1, 1, 0, 2, 3, 0], [3, 2])], { mode: 'REFLECT' }],
  ['ReverseV2', (x) => [x, ints([0, -1])]],
  ['Roll', (x) => [x, ints([1, -2]), ints([0, 2])]],
  ['Slice', (x) => [x, ints([0, 1, 1]), ints([2, -1, 2])]],
  ['BroadcastTo', (x) => [x, ints([2, 2, 3, 4])]],
  ['DynamicPartition', (x) => [x, ints([1, 0])], { num_partitions: 2 }],
  [
    'TensorScatterUpdate',
    (x) => [x, ints([1], [1, 1]), run('Slice', [x, ints([0, 0, 0]), ints([1, 3, 4])])[0]!],
  ],
  ['MatrixDiagPart', (x) => [x]],
  ['MatrixBandPart', (x) => [x, ints([1], []), ints([0], [])]],
]

describe('array ops', () => {
  for (const [op, inputsOf, attrs] of moves) {
    test(`${op} moves elements of every dtype alike`, () => {
      const expected = run(op, inputsOf(counting('int32', [2, 3, 4])), attrs)
      for (const dtype of dtypes) {
        const outputs = run(op, inputsOf(counting(dtype, [2, 3, 4])), attrs)
        assert.deepEqual(outputs.map(numbersOf), expected.map(numbersOf), dtype)
        assert.ok(outputs.every((output) => output.dtype === dtype))
      }
    })
  }

  test('a transpose larger than a cache line of columns is right at its edges', () => {
    for (const [rows, columns] of [
      [37, 21],
      [16, 33],
      [3, 100],
    ] as const) {
      const [out] = run('Transpose', [counting('complex64', [rows, columns]), ints([1, 0])])
      const expected = Array.from(
        { length: rows * columns },
        (_, i) => (i % rows) * columns + Math.floor(i / rows) + 1,
      )
      assert.deepEqual(numbersOf(out!), expected)
    }
  })

  test('StridedSlice takes what a loop over each axis takes', () => {
    const bounds = [-9, -4, -2, -1, 0, 1, 2, 3, 8]
    for (const begin of bounds) {
      for (const end of bounds) {
        for (const stride of [-3, -1, 1, 2]) {
          const [out] = run('StridedSlice', [
            counting('int32', [2, 4]),
            ints([0, begin]),
            ints([2, end]),
            ints([1, stride]),
          ])
          const places = slowSlice(4, begin, { end, stride })
          const expected = [0, 1].flatMap((row) => places.map((place) => row * 4 + place + 1))
          assert.deepEqual(numbersOf(out!), expected, `${begin}:${end}:${stride}`)
        }
      }
    }
  })

  test('a NaN keeps its bits', () => {
    const bits = Uint32Array.of(0x7f800001, 0x3f800000)
    const input: AnyTensor = { dtype: 'float32', shape: [2], data: new Float32Array(bits.buffer) }
    const { data } = run('ReverseV2', [input, ints([0])])[0]!
    assert.deepEqual([...new Uint32Array((data as Float32Array).buffer)], [0x3f800000, 0x7f800001])
  })

  test('a 64-bit index far out of range is refused as itself', () => {
    const indices: AnyTensor = { dtype: 'int64', shape: [2], data: BigInt64Array.of(1n, -(2n ** 40n)) }
    assert.throws(() => run('GatherV2', [ints([1, 2]), indices, ints([0], [])]), {
      code: 'invalid_argument',
      message: 'indices[1] = -1099511627776 is not in [0, 2)',
    })
  })

  test('a shape beyond all memory is refused before it is allocated', () => {
    const refused = (thrown: unknown) =>
      thrown instanceof RecserveError && thrown.code === 'resource_exhausted'
    const huge = ints([2 ** 30, 2 ** 30])
    assert.throws(() => run('Fill', [huge, ints([1], [])]), refused)
    assert.throws(() => run('Tile', [ints([1], [1, 1]), huge]), refused)
    assert.throws(() => run('BroadcastTo', [ints([1]), huge]), refused)
  })

  test('strings with equal indices are appended by ScatterNd', () => {
    const [out] = run('ScatterNd', [ints([1, 1], [2, 1]), texts(['a', 'b']), ints([3])])
    assert.deepEqual(listOf(out!), ['', 'ab', ''])
  })
})

/** Recorded in shared/fixtures without the inputs named axis, condition, x and y: here with them. */
describe('cases recorded without an input', () => {
  test('Split and SplitV', () => {
    const rows = counting('int32', [2, 6])
    const thirds = run('Split', [ints([1], []), rows], { num_split: 3 })
    assert.deepEqual(thirds.map(listOf), [
      [1, 2, 7, 8],
      [3, 4, 9, 10],
      [5, 6, 11, 12],
    ])
    assert.throws(
      () => run('Split', [ints([0], []), counting('int32', [5])], { num_split: 2 }),
      /evenly divide/,
    )
    const words = run('SplitV', [texts(['日本', 'größe', '-1.5']), ints([2, -1]), ints([0], [])], {
      num_split: 2,
    })
    assert.equal(words.map(({ shape }) => shape).join(' '), '2 1')
    assert.deepEqual(listOf(words[1]!), ['-1.5'])
    const whole = run('SplitV', [rows, ints([0, 2]), ints([-2], [])], { num_split: 2 })
    assert.equal(whole.map(({ shape }) => shape).join(' '), '0,6 2,6')
  })

  test('ExpandDims', () => {
    const shapes = [0, -1, 1].map(
      (axis) => run('ExpandDims', [counting('int32', [2, 3]), ints([axis], [])])[0]!.shape,
    )
    assert.equal(shapes.join(' '), '1,2,3 2,3,1 2,1,3')
    assert.throws(
      () => run('ExpandDims', [counting('int32', [2]), ints([5], [])]),
      /Tried to expand dim index 5 for tensor with 1 dimensions/,
    )
  })

  test('Where', () => {
    const floats: AnyTensor = { dtype: 'float32', shape: [4], data: Float32Array.of(0, 1, -0, Number.NaN) }
    assert.deepEqual(listOf(run('Where', [floats])[0]!), [1n, 3n])
    const mask = bools([false, false, false, false, false, true], [2, 3])
    assert.deepEqual(listOf(run('Where', [mask])[0]!), [1n, 2n])
    assert.deepEqual(run('Where', [bools([false, false, false, false], [2, 2])])[0]!.shape, [0, 2])
    assert.throws(() => run('Where', [bools([true], [])]), /Unhandled input dimensions: 0/)
  })

  test('Select', () => {
    const [yes, no] = [counting('int32', [2, 2]), ints([10, 20, 30, 40], [2, 2])]
    const choice = (condition: AnyTensor) => listOf(run('Select', [condition, yes, no])[0]!)
    assert.deepEqual(choice(bools([true, false, false, true], [2, 2])), [1, 20, 30, 4])
    assert.deepEqual(choice(bools([false, true])), [10, 20, 3, 4])
    assert.deepEqual(choice(bools([true], [])), [1, 2, 3, 4])
    const words = run('Select', [bools([false, true]), texts(['a', 'b']), texts(['c', 'd'])])
    assert.deepEqual(listOf(words[0]!), ['c', 'b'])
  })
})

/** Python's slice, place by place. */
function slowSlice(size: number, begin: number, { end, stride }: { end: number; stride: number }): number[] {
  const bound = (at: number) => {
    const place = at < 0 ? at + size : at
    if (stride > 0) return Math.min(Math.max(place, 0), size)
    return Math.min(Math.max(place, -1), size - 1)
  }
  const places: number[] = []
  const last = bound(end)
  for (let at = bound(begin); stride > 0 ? at < last : at > last; at += stride) places.push(at)
  return places
}
