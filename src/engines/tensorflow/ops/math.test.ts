/** What the recorded cases do not reach: every set of axes, long transforms, complex arithmetic, tails of special functions. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NumericType } from '../../../tensor/dtype.js'
import { type Tensor, tensor } from '../../../tensor/tensor.js'
import type { AnyTensor, Attributes } from '../op.js'
import { erfc, erfinv, ndtri } from './math/error-function.js'
import { mathOps } from './math.js'

function run(op: string, inputs: readonly AnyTensor[], given: Readonly<Record<string, unknown>> = {}) {
  const read = (name: string, fallback?: unknown) => given[name] ?? fallback
  const attrs = { bool: read, type: read, floats: read, float: read } as unknown as Attributes
  const [output] = mathOps[op]!.kernel(inputs, { op, node: 'test', attrs })
  return output as Tensor<NumericType>
}

const integers = (...values: number[]) => tensor('int32', [values.length], Int32Array.from(values))
const floats = (shape: readonly number[], values: readonly number[]) =>
  tensor('float32', shape, Float32Array.from(values))

/** Numbers from -1 up to 1, the same in every run. */
function draw(count: number): number[] {
  let state = 1
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 31 - 1
  })
}

test('reductions bring together what the definition does, whatever the axes', () => {
  const shape = [2, 3, 2, 4]
  const values = draw(48)
  for (let set = 0; set < 16; set++) {
    const axes = [0, 1, 2, 3].filter((axis) => set & (1 << axis))
    const kept = shape.map((size, axis) => (axes.includes(axis) ? 1 : size))
    const expected = new Array<number>(kept.reduce((a, b) => a * b)).fill(0)
    for (const [i, value] of values.entries()) {
      let at = 0
      for (let d = 0, rest = i, size = 48; d < 4; d++) {
        size /= shape[d]!
        at = at * kept[d]! + (axes.includes(d) ? 0 : Math.floor(rest / size))
        rest %= size
      }
      expected[at]! += Math.fround(value)
    }
    const sum = run('Sum', [floats(shape, values), integers(...axes)], { keep_dims: true })
    assert.deepEqual(sum.shape, kept)
    for (const [k, total] of expected.entries()) assert.ok(Math.abs(Number(sum.data[k]) - total) < 1e-5)
  }
})

test('an axis named twice is refused', () => {
  const sum = () => run('Sum', [floats([2, 2], [1, 2, 3, 4]), integers(0, -2)])
  assert.throws(sum, { code: 'invalid_argument' })
})

test('Fourier transforms of any length are those of the definition, and come back', () => {
  for (const length of [1, 2, 3, 8, 31, 33, 64, 97, 120]) {
    const line = Float64Array.from(draw(2 * length))
    const whole = run('FFT', [tensor('complex128', [length], line)])
    const k = length >> 1
    let re = 0
    let im = 0
    for (let j = 0; j < length; j++) {
      const turn = (-2 * Math.PI * j * k) / length
      re += line[2 * j]! * Math.cos(turn) - line[2 * j + 1]! * Math.sin(turn)
      im += line[2 * j]! * Math.sin(turn) + line[2 * j + 1]! * Math.cos(turn)
    }
    assert.ok(Math.hypot(Number(whole.data[2 * k]) - re, Number(whole.data[2 * k + 1]) - im) < 1e-11)
    const back = run('IFFT', [whole])
    for (const [i, value] of line.entries()) assert.ok(Math.abs(Number(back.data[i]) - value) < 1e-13)
  }
})

test('real transforms over several axes come back', () => {
  const values = draw(2 * 3 * 4 * 5)
  const half = run('RFFT3D', [floats([2, 3, 4, 5], values), integers(3, 4, 5)])
  assert.deepEqual(half.shape, [2, 3, 4, 3])
  const back = run('IRFFT3D', [half, integers(3, 4, 5)])
  assert.deepEqual(back.shape, [2, 3, 4, 5])
  for (const [i, value] of values.entries()) assert.ok(Math.abs(Number(back.data[i]) - value) < 1e-6)
})

test('complex arithmetic works on pairs', () => {
  const a = tensor('complex64', [2], Float32Array.of(1, 2, 3, -1))
  const b = tensor('complex64', [], Float32Array.of(0, 2))
  const cases = {
    AddV2: [1, 4, 3, 1],
    Sub: [1, 0, 3, -3],
    Mul: [-4, 2, 2, 6],
    RealDiv: [1, -0.5, -0.5, -1.5],
  }
  for (const [op, expected] of Object.entries(cases)) assert.deepEqual([...run(op, [a, b]).data], expected)
  assert.deepEqual([...run('Sum', [a, integers(0)]).data], [4, 1])
  assert.deepEqual([...run('Equal', [a, a]).data], [1, 1])
  const root = run('Square', [run('Sqrt', [a])])
  for (const [i, value] of a.data.entries()) assert.ok(Math.abs(Number(root.data[i]) - value) < 1e-6)
})

test('float64 casts to every 64-bit integer it can name', () => {
  const doubles = tensor('float64', [5], Float64Array.of(-1.9, 2 ** 62, -(2 ** 63), 2 ** 53 + 2, 1e300))
  const signed = run('Cast', [doubles], { DstT: 'int64' })
  assert.deepEqual([...signed.data], [-1n, 2n ** 62n, -(2n ** 63n), 2n ** 53n + 2n, -(2n ** 63n)])
  const large = tensor('float64', [2], Float64Array.of(2 ** 63 + 2048, 2 ** 63))
  assert.deepEqual([...run('Cast', [large], { DstT: 'uint64' }).data], [2n ** 63n + 2048n, 2n ** 63n])
})

test('int64 becomes float32 in one rounding', () => {
  // Half way between two float32, and one more: by way of float64 it would go to the even one.
  const value = 2n ** 60n + 2n ** 36n + 1n
  const cast = run('Cast', [tensor('int64', [2], BigInt64Array.of(value, -value))], { DstT: 'float32' })
  assert.deepEqual([...cast.data], [2 ** 60 + 2 ** 37, -(2 ** 60) - 2 ** 37])
})

test('integer powers wrap around, negative ones are refused', () => {
  assert.deepEqual([...run('Pow', [integers(3, -2), integers(21, 31)]).data], [1870418611, -2147483648])
  assert.throws(() => run('Pow', [integers(3), integers(-1)]), { code: 'invalid_argument' })
})

test('inverse error functions invert far into the tails', () => {
  for (const p of [1e-300, 1e-100, 1e-20, 1e-5, 0.2, 0.49]) {
    const z = ndtri(p)
    assert.ok(Math.abs(erfc(-z / Math.SQRT2) / 2 / p - 1) < 1e-11, `${p}`)
  }
  for (const x of [1 - 2 ** -53, 1 - 1e-12, 0.9999])
    assert.ok(Math.abs(erfc(erfinv(x)) / (1 - x) - 1) < 1e-11, `${x}`)
})

test('an op refuses a dtype it has no loop for', () => {
  assert.throws(() => run('Exp', [integers(1)]), {
    code: 'unimplemented',
    message: "Exp 'test': takes no int32",
  })
})
