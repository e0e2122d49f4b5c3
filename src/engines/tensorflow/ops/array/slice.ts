/** Slice and StridedSlice, and the ops that write into a slice. */

import type { AnyTensor, Kernel, OpContext, OpTable } from '../../op.js'
import { inputAt, invalid, sameShape, shapeText, toIntegers, toVector } from './arguments.js'
import { openElements } from './elements.js'
import { moveBlocks, rowMajor, type View } from './moves.js'
import { readSlice, type SliceSpec } from './slice-spec.js'

type Region = Pick<SliceSpec, 'begin' | 'strides' | 'sizes'>

/** The part of a dense tensor that a region is. */
function regionOf(words: View['words'], shape: readonly number[], region: Region): View {
  const dense = rowMajor(shape)
  return {
    words,
    start: dense.reduce((start, stride, d) => start + stride * region.begin[d]!, 0),
    strides: dense.map((stride, d) => stride * region.strides[d]!),
  }
}

/** Copies a region out. */
export function take(input: AnyTensor, region: Region, shape: readonly number[]): AnyTensor {
  if (sameShape(region.sizes, input.shape) && region.strides.every((stride) => stride === 1))
    return { ...input, shape }
  const elements = openElements([input])
  const out = elements.create(shape)
  const from = regionOf(elements.sources[0]!, input.shape, region)
  if (out.length > 0) {
    moveBlocks(region.sizes, from, { words: out, strides: rowMajor(region.sizes) }, elements.unit)
  }
  return elements.toTensor(shape, out)
}

const slice: Kernel = (inputs) => {
  const input = inputAt(inputs, 0)
  const { shape } = input
  const [beginInput, sizeInput] = [inputAt(inputs, 1), inputAt(inputs, 2)]
  const begin = toVector(beginInput, 'begin')
  const given = toVector(sizeInput, 'size')
  if (begin.length !== shape.length || given.length !== shape.length) {
    throw invalid(
      `Expected begin and size arguments to be 1-D tensors of size ${shape.length}, but got shapes ${shapeText(beginInput.shape)} and ${shapeText(sizeInput.shape)} instead.`,
    )
  }
  const sizes = given.map((size, d) => (size === -1 ? shape[d]! - begin[d]! : size))
  for (const [d, full] of shape.entries()) {
    if (begin[d]! < 0 || begin[d]! > full)
      throw invalid(`Expected begin[${d}] in [0, ${full}], but got ${begin[d]}`)
    const most = full - begin[d]!
    if (sizes[d]! < 0 || sizes[d]! > most)
      throw invalid(`Expected size[${d}] in [0, ${most}], but got ${sizes[d]}`)
  }
  return [take(input, { begin, sizes, strides: shape.map(() => 1) }, sizes)]
}

/** The slice that the three inputs from `first` on describe. */
function sliceAt(
  inputs: readonly AnyTensor[],
  first: number,
  of: { shape: readonly number[]; context: OpContext },
) {
  const [begin, end, strides] = ['begin', 'end', 'strides'].map((name, i) =>
    toVector(inputAt(inputs, first + i), name),
  )
  return readSlice(of.shape, { begin: begin!, end: end!, strides: strides! }, of.context.attrs)
}

const stridedSlice: Kernel = (inputs, context) => {
  const input = inputAt(inputs, 0)
  const spec = sliceAt(inputs, 1, { shape: input.shape, context })
  return [take(input, spec, spec.shape)]
}

/** Zeros of a given shape, but for the slice, which is `dy`. */
const stridedSliceGrad: Kernel = (inputs, context) => {
  const shape = Array.from(toIntegers(inputAt(inputs, 0)))
  const dy = inputAt(inputs, 4)
  const spec = sliceAt(inputs, 1, { shape, context })
  if (!sameShape(spec.shape, dy.shape)) {
    throw invalid(`shape of dy was ${shapeText(dy.shape)} instead of ${shapeText(spec.shape)}`)
  }
  const elements = openElements([dy])
  const out = elements.create(shape)
  const from = { words: elements.sources[0]!, strides: rowMajor(spec.sizes) }
  moveBlocks(spec.sizes, from, regionOf(out, shape, spec), elements.unit)
  return [elements.toTensor(shape, out)]
}

/** The input, but for the slice, which is `value` broadcast to it. */
const stridedSliceUpdate: Kernel = (inputs, context) => {
  const input = inputAt(inputs, 0)
  const { shape } = input
  const value = inputAt(inputs, 4)
  const spec = sliceAt(inputs, 1, { shape, context })
  const elements = openElements([input, value])
  const out = elements.create(shape)
  out.set(elements.sources[0]!)
  const widened = widen(value, spec, elements.sources[1]!)
  const target = regionOf(out, shape, spec)
  moveBlocks(
    spec.shape,
    widened,
    { ...target, strides: spec.layout.map((axis) => (axis === undefined ? 0 : target.strides[axis]!)) },
    elements.unit,
  )
  return [elements.toTensor(shape, out)]
}

function widen({ shape }: AnyTensor, spec: SliceSpec, words: View['words']): View {
  const missing = spec.shape.length - shape.length
  const dense = rowMajor(shape)
  const fits = missing >= 0 && shape.every((size, d) => size === 1 || size === spec.shape[d + missing])
  if (!fits)
    throw invalid(
      `Cannot broadcast input shape ${shapeText(shape)} into final shape ${shapeText(spec.shape)}`,
    )
  return {
    words,
    strides: spec.shape.map((_, d) => (d < missing || shape[d - missing] === 1 ? 0 : dense[d - missing]!)),
  }
}

export const sliceOps: OpTable = {
  Slice: { kernel: slice },
  StridedSlice: { kernel: stridedSlice },
  StridedSliceGrad: { kernel: stridedSliceGrad },
  TensorStridedSliceUpdate: { kernel: stridedSliceUpdate },
}
