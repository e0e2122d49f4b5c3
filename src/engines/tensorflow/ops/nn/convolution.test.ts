import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Tensor } from '../../../../tensor/tensor.js'
import type { Attributes } from '../../op.js'
import { convolutionKernel } from './convolution.js'
import { transpose } from './strided.js'
import { transposedConvolutionKernel } from './transposed-convolution.js'

interface Options {
  readonly strides: readonly number[]
  readonly dilations: readonly number[]
  readonly padding: string
  readonly data_format?: string
}

function context(options: Options) {
  const given = options as unknown as Readonly<Record<string, unknown>>
  const pick = (name: string, fallback?: unknown) => given[name] ?? fallback
  const attrs = { ints: pick, string: pick } as unknown as Attributes
  return { node: 'n', op: 'Conv2D', attrs }
}

function numbers(shape: readonly number[], seed: number): Tensor<'float32'> {
  const length = shape.reduce((product, size) => product * size, 1)
  return { dtype: 'float32', shape, data: Float32Array.from({ length }, (_, i) => ((i * 7 + seed) % 11) - 5) }
}

/** The definition, for padding SAME. */
function naive(
  input: Tensor<'float32'>,
  filter: Tensor<'float32'>,
  { strides, dilations }: Options,
): number[] {
  const [batch, height, width, channels] = input.shape as [number, number, number, number]
  const [kh, kw, depth, outputs] = filter.shape as [number, number, number, number]
  const [sh, sw, dh, dw] = [strides[1]!, strides[2]!, dilations[1]!, dilations[2]!]
  const before = (size: number, stride: number, reach: number) =>
    Math.floor(Math.max(0, (Math.ceil(size / stride) - 1) * stride + reach - size) / 2)
  const top = before(height, sh, (kh - 1) * dh + 1)
  const start = before(width, sw, (kw - 1) * dw + 1)
  const cell = (n: number, y: number, x: number, c: number) =>
    y < 0 || x < 0 || y >= height || x >= width
      ? 0
      : input.data[((n * height + y) * width + x) * channels + c]!
  const out: number[] = []
  const counts = [batch, Math.ceil(height / sh), Math.ceil(width / sw), outputs]
  for (let i = 0; i < counts.reduce((product, size) => product * size, 1); i++) {
    const o = i % outputs
    const x = Math.floor(i / outputs) % counts[2]!
    const y = Math.floor(i / outputs / counts[2]!) % counts[1]!
    const n = Math.floor(i / outputs / counts[2]! / counts[1]!)
    const first = Math.floor(o / (outputs / (channels / depth))) * depth
    let sum = 0
    for (const [j, weight] of filter.data.entries()) {
      if (j % outputs !== o) continue
      const c = Math.floor(j / outputs) % depth
      const dx = Math.floor(j / outputs / depth) % kw
      const dy = Math.floor(j / outputs / depth / kw)
      sum += weight * cell(n, y * sh - top + dy * dh, x * sw - start + dx * dw, first + c)
    }
    out.push(sum)
  }
  return out
}

const ones = [1, 1, 1, 1]
const same = { strides: ones, dilations: ones, padding: 'SAME' }
for (const [what, inputShape, filterShape, options] of [
  ['many outputs', [2, 5, 9, 3], [3, 2, 3, 6], same],
  ['few outputs', [2, 5, 9, 3], [3, 2, 3, 2], same],
  ['groups', [2, 4, 5, 6], [2, 3, 2, 9], same],
  ['strides', [1, 7, 8, 2], [3, 3, 2, 5], { ...same, strides: [1, 2, 3, 1] }],
  ['dilations', [1, 7, 8, 2], [3, 3, 2, 5], { ...same, dilations: [1, 3, 2, 1] }],
  ['a filter larger than the input', [1, 2, 2, 1], [5, 7, 1, 4], same],
] as const) {
  test(`convolves with ${what}, and with the channels first`, () => {
    const [input, filter] = [numbers(inputShape, 1), numbers(filterShape, 2)]
    const [output] = convolutionKernel(4)([input, filter], context(options)) as [Tensor<'float32'>]
    const expected = naive(input, filter, options)
    assert.deepEqual([...output.data], expected)

    const first = (list: readonly number[]) => [list[0]!, list[3]!, list[1]!, list[2]!]
    const turned = {
      ...options,
      data_format: 'NCHW',
      strides: first(options.strides),
      dilations: first(options.dilations),
    }
    const turnedInput = {
      ...input,
      shape: first(inputShape),
      data: transpose(input.data, inputShape, [0, 3, 1, 2]),
    }
    const [other] = convolutionKernel(4)([turnedInput, filter], context(turned)) as [Tensor<'float32'>]
    assert.deepEqual(other.shape, first(output.shape))
    assert.deepEqual([...transpose(other.data, other.shape, [0, 2, 3, 1])], expected)
  })

  test(`the transposed convolution is the adjoint with ${what}`, () => {
    const [input, filter] = [numbers(inputShape, 1), numbers(filterShape, 2)]
    const [output] = convolutionKernel(4)([input, filter], context(options)) as [Tensor<'float32'>]
    const gradient = numbers(output.shape, 3)
    const sizes: Tensor<'int32'> = { dtype: 'int32', shape: [4], data: Int32Array.from(inputShape) }
    const [back] = transposedConvolutionKernel(4)([sizes, filter, gradient], context(options)) as [
      Tensor<'float32'>,
    ]
    const product = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * b[i]!, 0)
    // <conv(x), y> = <x, adjoint(y)>, exactly: all are small integers.
    assert.equal(product(output.data, gradient.data), product(input.data, back.data))
  })
}
