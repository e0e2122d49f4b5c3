import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Tensor } from '../../../tensor/tensor.js'
import { bandPass, forwardTransform, inverseTransform } from './fourier.js'

const range = (count: number) => Array.from({ length: count }, (_, i) => i)

function times({ data, shape }: Tensor<'float32'>, vector: readonly number[]): number[] {
  const [rows, columns] = shape as [number, number]
  return range(rows).map((r) =>
    range(columns).reduce((sum, c) => sum + data[r * columns + c]! * vector[c]!, 0),
  )
}

function fromLeft(vector: readonly number[], { data, shape }: Tensor<'float32'>): number[] {
  const [rows, columns] = shape as [number, number]
  return range(columns).map((c) =>
    range(rows).reduce((sum, r) => sum + vector[r]! * data[r * columns + c]!, 0),
  )
}

function close(actual: readonly number[], expected: readonly number[]): void {
  assert.equal(actual.length, expected.length)
  for (const [i, value] of actual.entries()) {
    assert.ok(Math.abs(value - expected[i]!) < 1e-5, `[${i}] is ${value}, expected ${expected[i]}`)
  }
}

test('gives the spectrum of a series: real parts, then imaginary', () => {
  // numpy.fft.rfft([1, 2, 0, -1, 3]) = [5, 3.354 + 0.363i, −3.354 + 1.539i].
  const spectrum = times(forwardTransform([0, 1, 2], 5), [1, 2, 0, -1, 3])
  close(spectrum, [5, 3.3541019, -3.3541019, 0, 0.3632713, 1.5388418])
})

test('a series of an even length comes back from its whole spectrum', () => {
  const series = [0.5, -1, 2, 4, -3, 1.25, 0, 7]
  const spectrum = times(forwardTransform(range(5), 8), series)
  close(fromLeft(spectrum, inverseTransform(range(5), 8)), series)
  close(times(bandPass(range(5), 8), series), series)
})

test('a band holds its own waves and none of the others', () => {
  const wave = (f: number) => range(12).map((t) => Math.cos((2 * Math.PI * f * t) / 12 + 0.4))
  const filter = bandPass([2, 3], 12)
  const mixed = range(12).map((t) => wave(1)[t]! + wave(3)[t]! + 5)
  close(times(filter, mixed), wave(3))
})

test('looks at the real part alone of the first frequency and the last', () => {
  const inverse = inverseTransform([0, 2], 4)
  close(fromLeft([0, 0, 3, 5], inverse), [0, 0, 0, 0])
  close(fromLeft([4, 4, 0, 0], inverse), [2, 0, 2, 0])
})
