import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AnyTensor } from '../../tensor/any-tensor.js'
import { type NumericType, typedArrays, wideArrays } from '../../tensor/dtype.js'
import { stringAt, toStrings } from '../../tensor/strings.js'
import { joinRows, splitRows } from './rows.js'

const counts = [1, 3, 2]

/** The parts of `counts`, each with two values a row. */
function partsOf(dtype: NumericType): readonly AnyTensor[] {
  const Values = { ...typedArrays, ...wideArrays }[dtype]
  const width = dtype.startsWith('complex') ? 4 : 2
  return counts.map((count, part) => {
    const data = new Values(count * width)
    for (let i = 0; i < data.length; i++)
      data[i] = (typeof data[0] === 'bigint' ? BigInt(10 * part + i) : 10 * part + i) as never
    return { dtype, shape: [count, 2], data } as AnyTensor
  })
}

const text = ({ data }: AnyTensor): readonly string[] => {
  assert.ok('offsets' in data)
  return Array.from({ length: data.length }, (_, i) => Buffer.from(stringAt(data, i)).toString())
}

test('what is joined comes apart as it was, in every dtype', () => {
  for (const dtype of [...Object.keys(typedArrays), ...Object.keys(wideArrays)] as NumericType[]) {
    const parts = partsOf(dtype)
    const joined = joinRows(parts)
    assert.deepEqual(joined.shape, [6, 2])
    assert.deepEqual(splitRows(joined, counts), parts, dtype)
  }
})

test('strings come apart as they were, with offsets of their own', () => {
  const parts = [
    ['a', ''],
    ['', 'bc', 'd', 'é', '', ''],
    ['x', 'yz', 'w', 'v'],
  ].map(
    (words, i): AnyTensor => ({
      dtype: 'string',
      shape: [counts[i]!, 2],
      data: toStrings(words),
    }),
  )
  const split = splitRows(joinRows(parts), counts)
  assert.deepEqual(split.map(text), parts.map(text))
  assert.deepEqual(
    split.map(({ shape }) => shape),
    [
      [1, 2],
      [3, 2],
      [2, 2],
    ],
  )
  for (const { data } of split) assert.equal('offsets' in data && data.offsets[0], 0)
})

test('strings whose offsets begin anywhere are joined', () => {
  const { bytes, offsets } = toStrings(['skipped', 'kept', 'too'])
  const tail: AnyTensor = {
    dtype: 'string',
    shape: [2],
    data: { length: 2, bytes, offsets: offsets.subarray(1) },
  }
  const head: AnyTensor = { dtype: 'string', shape: [1], data: toStrings(['first']) }
  assert.deepEqual(text(joinRows([head, tail, head])), ['first', 'kept', 'too', 'first'])
})

test('rows of no elements are rows', () => {
  const empty: AnyTensor = { dtype: 'float32', shape: [2, 0], data: new Float32Array(0) }
  const joined = joinRows([empty, empty])
  assert.deepEqual(joined.shape, [4, 0])
  assert.deepEqual(splitRows(joined, [2, 2]), [empty, empty])
})
