/** Ops that take a tensor apart along one axis. */

import type { AnyTensor, Kernel, OpTable } from '../../op.js'
import { inputAt, invalid, shapeText, sizeBetween, toAxis, toInteger, toVector } from './arguments.js'
import { openElements } from './elements.js'
import { moveBlocks } from './moves.js'

/** Consecutive pieces of the given sizes, which add up to the axis. */
function split(input: AnyTensor, axis: number, sizes: readonly number[]): AnyTensor[] {
  if (sizes.length === 1) return [input]
  const elements = openElements([input])
  const [words] = elements.sources
  const outer = sizeBetween(input.shape, 0, axis)
  const inner = sizeBetween(input.shape, axis + 1)
  const rowSize = input.shape[axis]! * inner
  let start = 0
  return sizes.map((size) => {
    const block = size * inner
    const out = elements.create([outer, block])
    moveBlocks(
      [outer, block],
      { words: words!, start, strides: [rowSize, 1] },
      { words: out, strides: [block, 1] },
      elements.unit,
    )
    start += block
    return elements.toTensor(input.shape.with(axis, size), out)
  })
}

const splitEvenly: Kernel = (inputs, { attrs }) => {
  const input = inputAt(inputs, 1)
  const given = toInteger(inputAt(inputs, 0), 'split_dim')
  const axis = splitAxis(given, input)
  const ways = attrs.int('num_split')
  const size = input.shape[axis]!
  if (ways <= 0) throw invalid(`Number of ways to split should be > 0, but got ${ways}`)
  if (size % ways !== 0) {
    throw invalid(
      `Number of ways to split should evenly divide the split dimension, but got split_dim ${given} (size = ${size}) and num_split ${ways}`,
    )
  }
  return split(input, axis, new Array<number>(ways).fill(size / ways))
}

function splitAxis(given: number, { shape }: AnyTensor): number {
  const rank = shape.length
  if (given >= -rank && given < rank) return given < 0 ? given + rank : given
  throw invalid(`-input rank(-${rank}) <= split_dim < input rank (${rank}), but got ${given}`)
}

const splitV: Kernel = (inputs, { attrs }) => {
  const input = inputAt(inputs, 0)
  const sizes = toVector(inputAt(inputs, 1), 'size_splits')
  const axis = splitAxis(toInteger(inputAt(inputs, 2), 'split_dim'), input)
  const ways = attrs.int('num_split', sizes.length)
  if (sizes.length !== ways) {
    throw invalid(
      `size of the split_tensor must be 1-D and have the same elements as outputs, got ${sizes.length} for ${ways}`,
    )
  }
  return split(input, axis, resolveSizes(sizes, input.shape[axis]!))
}

/** Puts in the one size that may be -1. */
function resolveSizes(sizes: readonly number[], total: number): number[] {
  const unknown = sizes.indexOf(-1)
  if (unknown >= 0 && sizes.indexOf(-1, unknown + 1) >= 0)
    throw invalid('There can only be one -1 in the input.')
  const known = sizes.reduce((sum, size) => sum + (size === -1 ? 0 : size), 0)
  const fits = unknown >= 0 ? known <= total : known === total
  if (!fits) {
    throw invalid(
      `Determined shape must either match input shape along split_dim exactly if fully specified, or be less than the size of the input along split_dim if not fully specified.  Got: ${known}`,
    )
  }
  const negative = sizes.findIndex((size) => size < -1)
  if (negative >= 0) throw invalid(`Split size at index ${negative} must be >= 0. Got: ${sizes[negative]}`)
  return sizes.map((size) => (size === -1 ? total - known : size))
}

const unpack: Kernel = (inputs, { attrs }) => {
  const input = inputAt(inputs, 0)
  const axis = toAxis(attrs.int('axis', 0), input.shape.length)
  const count = attrs.int('num')
  if (input.shape[axis] !== count) {
    throw invalid(`Input shape axis ${axis} must equal ${count}, got shape ${shapeText(input.shape)}`)
  }
  const shape = input.shape.toSpliced(axis, 1)
  return split(input, axis, new Array<number>(count).fill(1)).map((each) => ({ ...each, shape }))
}

export const splitOps: OpTable = {
  Split: { kernel: splitEvenly },
  SplitV: { kernel: splitV },
  Unpack: { kernel: unpack },
}
