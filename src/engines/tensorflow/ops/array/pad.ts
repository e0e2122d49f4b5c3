/** Ops that make a tensor larger: padding, repeating, broadcasting. */

import { sizeOf } from '../../../../tensor/tensor.js'
import type { AnyTensor, Kernel, OpTable } from '../../op.js'
import { claimPlaces, spend } from '../../run-limits.js'
import { inputAt, invalid, sameShape, shapeText, sizeBetween, toIntegers, toVector } from './arguments.js'
import { openElements } from './elements.js'
import { copyWords, fillElement, moveBlocks, rowMajor } from './moves.js'

export interface Padding {
  readonly before: number
  readonly after: number
}

/** One padding per axis, from a [rank, 2] tensor. */
function readPaddings(input: AnyTensor, shape: readonly number[]): Padding[] {
  if (input.shape.length !== 2 || input.shape[1] !== 2) {
    throw invalid(`paddings must be a matrix with 2 columns: ${shapeText(input.shape)}`)
  }
  if (input.shape[0] !== shape.length) {
    throw invalid(
      `The first dimension of paddings must be the rank of inputs${shapeText(input.shape)} ${shapeText(shape)}`,
    )
  }
  const values = toIntegers(input)
  return shape.map((_, d) => {
    const [before, after] = [values[2 * d]!, values[2 * d + 1]!]
    if (before < 0 || after < 0) throw invalid(`Paddings must be non-negative: ${before} ${after}`)
    return { before, after }
  })
}

function paddedShape(shape: readonly number[], paddings: readonly Padding[]): number[] {
  return shape.map((size, d) => size + paddings[d]!.before + paddings[d]!.after)
}

/** @param value what fills the rest, one element; without it zeros or empty strings. */
export function pad(input: AnyTensor, paddings: readonly Padding[], value?: AnyTensor): AnyTensor {
  const shape = paddedShape(input.shape, paddings)
  if (sameShape(shape, input.shape)) return input
  const elements = openElements(value === undefined ? [input] : [input, value])
  const [words, filler] = elements.sources
  const out = elements.create(shape)
  if (filler !== undefined) fillElement(filler, out, 0, sizeOf(shape))
  const strides = rowMajor(shape)
  const start = strides.reduce((sum, stride, d) => sum + stride * paddings[d]!.before, 0)
  moveBlocks(
    input.shape,
    { words: words!, strides: rowMajor(input.shape) },
    { words: out, start, strides },
    elements.unit,
  )
  return elements.toTensor(shape, out)
}

const padZeros: Kernel = (inputs) => {
  const input = inputAt(inputs, 0)
  return [pad(input, readPaddings(inputAt(inputs, 1), input.shape))]
}

const padV2: Kernel = (inputs) => {
  const input = inputAt(inputs, 0)
  const value = inputAt(inputs, 2)
  if (sizeOf(value.shape) !== 1)
    throw invalid(`constant_values must be a scalar. Found: ${shapeText(value.shape)}`)
  return [pad(input, readPaddings(inputAt(inputs, 1), input.shape), value)]
}

const mirrorPad: Kernel = (inputs, { attrs }) => {
  const input = inputAt(inputs, 0)
  const paddings = readPaddings(inputAt(inputs, 1), input.shape)
  // REFLECT does not repeat the edge.
  const reflect = attrs.string('mode') === 'REFLECT'
  const skip = reflect ? 1 : 0
  for (const [d, { before, after }] of paddings.entries()) {
    const size = input.shape[d]!
    if (before <= size - skip && after <= size - skip) continue
    const limit = reflect ? 'less than' : 'no greater than'
    throw invalid(`paddings must be ${limit} the dimension size: ${before}, ${after} not ${limit} ${size}`)
  }
  const shape = paddedShape(input.shape, paddings)
  const elements = openElements([input])
  let words = elements.sources[0]!
  for (const [axis, { before, after }] of paddings.entries()) {
    if (before + after === 0) continue
    const size = input.shape[axis]!
    claimPlaces(before + size + after)
    const list = mirrored(size, before, { after, skip })
    const outer = sizeBetween(shape, 0, axis)
    const block = sizeBetween(input.shape, axis + 1) * elements.unit
    const out = elements.create([outer, list.length, block / elements.unit])
    for (let o = 0, at = 0; o < outer; o++) {
      for (const from of list) {
        spend(block)
        copyWords(words, (o * size + from) * block, out, at, block)
        at += block
      }
    }
    words = out
  }
  return [words === elements.sources[0] ? input : elements.toTensor(shape, words)]
}

/** Which place of the input each place of the padded axis shows. */
function mirrored(size: number, before: number, { after, skip }: { after: number; skip: number }): number[] {
  return Array.from({ length: before + size + after }, (_, i) => {
    const at = i - before
    if (at < 0) return -at - 1 + skip
    return at < size ? at : 2 * size - 1 - at - skip
  })
}

const tile: Kernel = (inputs) => {
  const input = inputAt(inputs, 0)
  const multiples = toVector(inputAt(inputs, 1), 'multiples')
  const rank = input.shape.length
  if (multiples.length !== rank) {
    throw invalid(
      `Expected multiples argument to be a vector of length ${rank} but got length ${multiples.length}`,
    )
  }
  const negative = multiples.findIndex((times) => times < 0)
  if (negative >= 0) throw invalid(`Expected multiples[${negative}] >= 0, but got ${multiples[negative]}`)
  if (multiples.every((times) => times === 1)) return [input]
  const shape = input.shape.map((size, d) => size * multiples[d]!)
  const dense = rowMajor(input.shape)
  const view = {
    shape: input.shape.flatMap((size, d) => [multiples[d]!, size]),
    strides: dense.flatMap((stride) => [0, stride]),
  }
  return [repeat(input, view, shape)]
}

/** A dense copy of a view of the input, which may repeat elements (stride 0). */
function repeat(
  input: AnyTensor,
  view: { readonly shape: readonly number[]; readonly strides: readonly number[] },
  shape: readonly number[],
): AnyTensor {
  const elements = openElements([input])
  const out = elements.create(shape)
  const from = { words: elements.sources[0]!, strides: view.strides }
  moveBlocks(view.shape, from, { words: out, strides: rowMajor(view.shape) }, elements.unit)
  return elements.toTensor(shape, out)
}

/** Repeats axes of size 1, and new leading axes, so that the tensor has the shape. */
export function broadcastTo(input: AnyTensor, shape: readonly number[]): AnyTensor {
  if (sameShape(input.shape, shape)) return input
  const missing = shape.length - input.shape.length
  if (missing < 0) {
    throw invalid(
      `Rank of input (${input.shape.length}) must be no greater than rank of output shape (${shape.length}).`,
    )
  }
  if (!input.shape.every((size, d) => size === 1 || size === shape[d + missing])) {
    throw invalid(`Incompatible shapes: ${shapeText(input.shape)} vs. ${shapeText(shape)}`)
  }
  const dense = rowMajor(input.shape)
  const strides = shape.map((_, d) =>
    d < missing || input.shape[d - missing] === 1 ? 0 : dense[d - missing]!,
  )
  return repeat(input, { shape, strides }, shape)
}

const broadcastToOp: Kernel = (inputs) => {
  const shape = toVector(inputAt(inputs, 1), 'shape')
  const negative = shape.find((size) => size < 0)
  if (negative !== undefined) throw invalid(`Dimension ${negative} must be >= 0`)
  return [broadcastTo(inputAt(inputs, 0), shape)]
}

export const padOps: OpTable = {
  Pad: { kernel: padZeros },
  PadV2: { kernel: padV2 },
  MirrorPad: { kernel: mirrorPad },
  Tile: { kernel: tile },
  BroadcastTo: { kernel: broadcastToOp },
}
