/** Ops that put the elements of a tensor in another order. */

import { isComplex } from '../../../../tensor/tensor.js'
import type { AnyTensor, Kernel, OpTable } from '../../op.js'
import { spend } from '../../run-limits.js'
import { newData } from '../new-data.js'
import {
  fromIntegers,
  inputAt,
  invalid,
  requireBool,
  sizeBetween,
  toIntegers,
  toList,
  toVector,
} from './arguments.js'
import { openElements } from './elements.js'
import { copyWords, moveBlocks, rowMajor } from './moves.js'

/** Axis d of the result is axis `order[d]` of the input. */
export function transpose(input: AnyTensor, order: readonly number[]): AnyTensor {
  const shape = order.map((axis) => input.shape[axis]!)
  // Only axes of size 1 move: the data stay as they lie.
  const moving = order.filter((axis) => input.shape[axis] !== 1)
  if (moving.every((axis, i) => i === 0 || moving[i - 1]! < axis)) return { ...input, shape }
  const dense = rowMajor(input.shape)
  const elements = openElements([input])
  const out = elements.create(shape)
  const from = { words: elements.sources[0]!, strides: order.map((axis) => dense[axis]!) }
  moveBlocks(shape, from, { words: out, strides: rowMajor(shape) }, elements.unit)
  return elements.toTensor(shape, out)
}

const transposeOp: Kernel = (inputs) => {
  const input = inputAt(inputs, 0)
  const rank = input.shape.length
  const order = toVector(inputAt(inputs, 1), 'perm')
  if (order.length !== rank) {
    throw invalid(
      `transpose expects a vector of size ${rank}. But input(1) is a vector of size ${order.length}`,
    )
  }
  const outside = order.find((axis) => !(axis >= 0 && axis < rank))
  if (outside !== undefined) throw invalid(`${outside} is out of range [0 .. ${rank})`)
  const missing = input.shape.findIndex((_, axis) => !order.includes(axis))
  if (missing >= 0) throw invalid(`${missing} is missing from {${order.join(',')}}.`)
  return [transpose(input, order)]
}

const conjugateTranspose: Kernel = (inputs, context) => {
  const [moved] = transposeOp(inputs, context)
  if (moved === undefined || moved.dtype === 'string' || !isComplex(moved.dtype)) return [moved!]
  const data = newData(moved.dtype, moved.shape) as Float32Array | Float64Array
  data.set(moved.data as Float32Array | Float64Array)
  for (let i = 1; i < data.length; i += 2) data[i] = -data[i]!
  return [{ ...moved, data } as AnyTensor]
}

const invertPermutation: Kernel = (inputs) => {
  const input = inputAt(inputs, 0)
  const values = toVector(input, 'invert_permutation expects a 1D vector: x')
  const inverse = new Int32Array(values.length).fill(-1)
  for (const [i, value] of values.entries()) {
    if (!(value >= 0 && value < values.length))
      throw invalid(`${value} is not between 0 and ${values.length}`)
    if (inverse[value] !== -1) throw invalid(`${value} is duplicated in the input.`)
    inverse[value] = i
  }
  return [fromIntegers(input.dtype, input.shape, inverse)]
}

function reverse(input: AnyTensor, reversed: readonly boolean[]): AnyTensor {
  const { shape } = input
  if (!shape.some((size, d) => reversed[d] && size > 1)) return input
  const dense = rowMajor(shape)
  const elements = openElements([input])
  const out = elements.create(shape)
  const start = dense.reduce((sum, stride, d) => sum + (reversed[d] ? stride * (shape[d]! - 1) : 0), 0)
  const strides = dense.map((stride, d) => (reversed[d] ? -stride : stride))
  moveBlocks(
    shape,
    { words: elements.sources[0]!, start, strides },
    { words: out, strides: dense },
    elements.unit,
  )
  return elements.toTensor(shape, out)
}

const reverseV1: Kernel = (inputs) => {
  const input = inputAt(inputs, 0)
  const { data } = requireBool(inputAt(inputs, 1))
  if (data.length !== input.shape.length) {
    throw invalid(`'dims' must have one element per axis: ${input.shape.length}, got ${data.length}`)
  }
  return [reverse(input, Array.from(data, Boolean))]
}

const reverseV2: Kernel = (inputs) => {
  const input = inputAt(inputs, 0)
  const rank = input.shape.length
  const reversed = input.shape.map(() => false)
  for (const [i, given] of toVector(inputAt(inputs, 1), "'axis'").entries()) {
    const axis = given < 0 ? given + rank : given
    if (!(axis >= 0 && axis < rank))
      throw invalid(`'axis'[${i}] = ${given} is out of valid range [0, ${rank - 1}]`)
    if (reversed[axis]) throw invalid(`axis ${axis} specified more than once.`)
    reversed[axis] = true
  }
  return [reverse(input, reversed)]
}

/** The first `seq_lengths[b]` places of `seq_dim` turned round, for each place b of `batch_dim`. */
const reverseSequence: Kernel = (inputs, { attrs }) => {
  const input = inputAt(inputs, 0)
  const { shape } = input
  const axes = { seq: attrs.int('seq_dim'), batch: attrs.int('batch_dim', 0) }
  const lengths = readLengths(inputAt(inputs, 1), shape, axes)
  const dense = rowMajor(shape)
  const elements = openElements([input])
  const words = elements.sources[0]!
  const out = elements.create(shape)
  // All but the two axes stay as they are: a block move for each pair of their places.
  const rest = shape.map((size, d) => (d === axes.seq || d === axes.batch ? 1 : size))
  for (let batch = 0; batch < shape[axes.batch]!; batch++) {
    const length = lengths[batch]!
    for (let step = 0; step < shape[axes.seq]!; step++) {
      spend(1)
      const base = batch * dense[axes.batch]!
      const from = base + (step < length ? length - 1 - step : step) * dense[axes.seq]!
      const to = { words: out, start: base + step * dense[axes.seq]!, strides: dense }
      moveBlocks(rest, { words, start: from, strides: dense }, to, elements.unit)
    }
  }
  return [elements.toTensor(shape, out)]
}

interface SequenceAxes {
  readonly seq: number
  readonly batch: number
}

function readLengths(input: AnyTensor, shape: readonly number[], { seq, batch }: SequenceAxes): number[] {
  const lengths = toVector(input, 'seq_lens input')
  if (batch === seq) throw invalid(`batch_dim == seq_dim == ${seq}`)
  if (!(seq >= 0 && seq < shape.length))
    throw invalid(`seq_dim must be < input rank, or ${seq} < ${shape.length}`)
  if (!(batch >= 0 && batch < shape.length)) {
    throw invalid(`batch_dim must be < input rank, or ${batch} < ${shape.length}`)
  }
  if (lengths.length !== shape[batch]) {
    throw invalid(`Length of seq_lens != input.dims(${batch}), (${lengths.length} vs. ${shape[batch]})`)
  }
  for (const [i, length] of lengths.entries()) {
    if (length < 0) throw invalid(`seq_lens(${i}) < 0`)
    if (length > shape[seq]!) throw invalid(`seq_lens(${i}) > input.dims(${seq})`)
  }
  return lengths
}

const roll: Kernel = (inputs) => {
  const input = inputAt(inputs, 0)
  const { shape } = input
  const shifts = toList(inputAt(inputs, 1))
  const axes = toIntegers(inputAt(inputs, 2))
  if (shape.length === 0) throw invalid('input must be 1-D or higher')
  if (shifts.length !== axes.length) throw invalid('shift and axis must have the same size')
  const byAxis = shape.map(() => 0)
  for (const [i, shift] of shifts.entries()) {
    const axis = axes[i]! < 0 ? axes[i]! + shape.length : axes[i]!
    if (byAxis[axis] === undefined) throw invalid(`axis ${axes[i]} is out of range`)
    const size = Math.max(1, shape[axis]!)
    byAxis[axis] = (((byAxis[axis] + shift) % size) + size) % size
  }
  const elements = openElements([input])
  let words = elements.sources[0]!
  for (const [axis, shift] of byAxis.entries()) {
    if (shift === 0) continue
    const out = elements.create(shape)
    const inner = sizeBetween(shape, axis + 1) * elements.unit
    const row = shape[axis]! * inner
    const head = row - shift * inner
    for (let start = 0; start < words.length; start += row) {
      spend(row)
      copyWords(words, start, out, start + shift * inner, head)
      copyWords(words, start + head, out, start, row - head)
    }
    words = out
  }
  return [words === elements.sources[0] ? input : elements.toTensor(shape, words)]
}

export const permuteOps: OpTable = {
  Transpose: { kernel: transposeOp },
  ConjugateTranspose: { kernel: conjugateTranspose },
  InvertPermutation: { kernel: invertPermutation },
  Reverse: { kernel: reverseV1 },
  ReverseV2: { kernel: reverseV2 },
  ReverseSequence: { kernel: reverseSequence },
  Roll: { kernel: roll },
}
