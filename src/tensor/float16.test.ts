import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  decodeBfloat16,
  decodeFloat16,
  encodeBfloat16,
  encodeFloat16,
  roundAllTo,
  toBfloat16,
  toFloat16,
} from './float16.js'

const allBits = Uint16Array.from({ length: 65536 }, (_, i) => i)

test('every float16 comes back from its bits, every NaN as one', () => {
  const values = decodeFloat16(allBits)
  const back = encodeFloat16(values)
  for (const [i, value] of values.entries()) {
    if (Number.isNaN(value)) assert.equal(back[i]! & 0x7e00, 0x7e00)
    else assert.equal(back[i], i)
    assert.ok(Object.is(toFloat16(value), value))
  }
})

test('every bfloat16 comes back from its bits', () => {
  const values = decodeBfloat16(allBits)
  const back = encodeBfloat16(values)
  for (const [i, value] of values.entries()) {
    if (!Number.isNaN(value)) assert.equal(back[i], i)
    assert.ok(Object.is(toBfloat16(value), value))
  }
})

for (const [what, decode, round] of [
  ['float16', decodeFloat16, toFloat16],
  ['bfloat16', decodeBfloat16, toBfloat16],
] as const) {
  test(`a number between two of ${what} goes to the nearer, at the middle to the even one`, () => {
    const values = decode(allBits)
    const infinite = values.indexOf(Number.POSITIVE_INFINITY)
    for (let i = 0; i < infinite - 1; i++) {
      const low = values[i]!
      const high = values[i + 1]!
      assert.equal(round((low + high) / 2), i % 2 === 0 ? low : high)
      assert.equal(round(low + (high - low) * 0.25), low)
      assert.equal(round(-(low + (high - low) * 0.75)), -high)
    }
  })
}

test('overflows to infinity half a step beyond the largest', () => {
  assert.equal(toFloat16(65519.996), 65504)
  assert.equal(toFloat16(65520), Number.POSITIVE_INFINITY)
  assert.equal(toFloat16(-1e30), Number.NEGATIVE_INFINITY)
  assert.equal(toBfloat16(3.4e38), Number.POSITIVE_INFINITY)
  assert.ok(Object.is(toFloat16(-1e-9), -0))
})

test('rounds an array in place for 16-bit dtypes only', () => {
  assert.deepEqual(roundAllTo('float32', Float32Array.of(0.1)), Float32Array.of(0.1))
  assert.deepEqual(roundAllTo('float16', Float32Array.of(0.1)), Float32Array.of(toFloat16(0.1)))
  assert.deepEqual(roundAllTo('bfloat16', Float32Array.of(0.1, 1)), Float32Array.of(toBfloat16(0.1), 1))
})

test('every half float has its value', () => {
  const singles = decodeFloat16(Uint16Array.from({ length: 65_536 }, (_, bits) => bits))
  for (const [bits, single] of singles.entries()) {
    const [sign, exponent, fraction] = [bits >>> 15 ? -1 : 1, (bits >>> 10) & 31, bits & 1023]
    const special = fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
    const normal = sign * (exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction * 2 ** -24)
    assert.ok(Object.is(single, exponent === 31 ? special : normal), `${bits}`)
  }
})
