import assert from 'node:assert/strict'
import { test } from 'node:test'
import { takeDecimal } from './double-literal.js'

/** Value and bytes taken. */
function take(text: string, isFloat32 = false): [number, number] {
  const place = { bytes: Buffer.from(`${text}\0`), at: 0 }
  return [takeDecimal(place, isFloat32), place.at]
}

test('gives the double that Number gives', () => {
  const bits = new BigUint64Array(1)
  const double = new Float64Array(bits.buffer)
  let taken = 0
  for (let i = 1n; i < 50_000n; i++) {
    // Mantissas all over, sizes from 2^-16 to 2^40.
    bits[0] = ((1007n + (i % 56n)) << 52n) | BigInt.asUintN(52, i * 0x9e3779b97f4a7c15n)
    const text = i % 3n === 0n ? String(-double[0]!) : double[0]!.toPrecision(3 + Number(i % 17n))
    const [value, at] = take(text)
    if (Number.isNaN(value)) continue
    assert.equal(Math.fround(take(text, true)[0]), Math.fround(Number(text)))
    assert.deepEqual([value, at], [Number(text), text.length])
    taken++
  }
  assert.ok(taken > 40_000, `${taken} were taken`)
})

test('leaves every other form alone', () => {
  for (const text of [
    '1.',
    '.5',
    '-.5',
    '01.5',
    '1.5e3',
    '1.5E3',
    'NaN',
    '',
    '-',
    '1.23456789012345678901',
  ]) {
    assert.deepEqual(take(text), [Number.NaN, 0])
  }
  assert.deepEqual(take('1234567890123456'), [Number.NaN, 0])
})

test('takes integers, whose zero has no sign', () => {
  assert.deepEqual(take('-5'), [-5, 2])
  assert.deepEqual(take('-0'), [0, 2])
  assert.deepEqual(take('123456789012345,'), [123456789012345, 15])
  assert.deepEqual(take('-0.0'), [-0, 4])
  assert.deepEqual(take('1.5.2'), [1.5, 3])
})
