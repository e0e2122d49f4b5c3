import assert from 'node:assert/strict'
import type { AnyTensor } from '../../src/tensor/any-tensor.js'

/**
 * How an answer differs from the one expected, by more than sums in another order may (DESIGN section 4; 16-bit numbers by
 * their precision); undefined where it does not.
 */
export function differenceOf(actual: AnyTensor, expected: AnyTensor): string | undefined {
  if (actual.dtype !== expected.dtype || `${actual.shape}` !== `${expected.shape}`)
    return `${actual.dtype} [${actual.shape}] instead of ${expected.dtype} [${expected.shape}]`
  if (!expected.dtype.includes('float') || expected.dtype === 'string') {
    try {
      assert.deepEqual(actual, expected)
      return undefined
    } catch {
      return `${expected.dtype} values differ`
    }
  }
  const relative = expected.dtype === 'float16' ? 2e-3 : expected.dtype === 'bfloat16' ? 2e-2 : 1e-5
  const [found, wanted] = [actual, expected].map(({ data }) => Array.from(data as ArrayLike<number>))
  const margin = 0.1 * relative * Math.max(1, ...wanted!.filter(Number.isFinite).map(Math.abs))
  const at = wanted!.findIndex(
    (value, i) =>
      !Object.is(value, found![i]) && !(Math.abs(value - found![i]!) <= relative * Math.abs(value) + margin),
  )
  return at < 0 ? undefined : `${found![at]} instead of ${wanted![at]}`
}
