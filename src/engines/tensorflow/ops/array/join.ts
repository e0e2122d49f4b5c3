/** Ops that put tensors together. */

import type { AnyTensor, Kernel, OpTable } from '../../op.js'
import { inputAt, invalid, sameShape, shapeText, sizeBetween, toInteger } from './arguments.js'
import { openElements } from './elements.js'
import { moveBlocks } from './moves.js'

/** Puts tensors behind each other along an axis they all have; their other sizes are the same. */
function join(tensors: readonly AnyTensor[], axis: number): AnyTensor {
  const [first] = tensors
  const shape = [...first!.shape]
  const sizes = tensors.map((each) => each.shape[axis]!)
  shape[axis] = sizes.reduce((total, size) => total + size, 0)
  const elements = openElements(tensors)
  const { unit } = elements
  const outer = sizeBetween(shape, 0, axis)
  const inner = sizeBetween(shape, axis + 1)
  const out = elements.create(shape)
  const rowSize = shape[axis] * inner
  let start = 0
  for (const [i, words] of elements.sources.entries()) {
    const block = sizes[i]! * inner
    moveBlocks(
      [outer, block],
      { words, strides: [block, 1] },
      { words: out, start, strides: [rowSize, 1] },
      unit,
    )
    start += block
  }
  return elements.toTensor(shape, out)
}

function concat(tensors: readonly AnyTensor[], axisInput: AnyTensor): readonly AnyTensor[] {
  const [first] = tensors
  if (first === undefined) throw invalid('ConcatOp : nothing to concatenate')
  const rank = first.shape.length
  const given = toInteger(axisInput, 'concat_dim')
  const axis = given < 0 ? given + rank : given
  if (axis < 0 || axis >= rank) {
    throw invalid(
      `ConcatOp : Expected concatenating dimensions in the range [-${rank}, ${rank}), but got ${given}`,
    )
  }
  for (const [i, { shape }] of tensors.entries()) {
    const both = `shape[0] = ${shapeText(first.shape)} vs. shape[${i}] = ${shapeText(shape)}`
    if (shape.length !== rank) throw invalid(`ConcatOp : Ranks of all input tensors should match: ${both}`)
    const differs = shape.findIndex((size, d) => d !== axis && size !== first.shape[d])
    if (differs >= 0) throw invalid(`ConcatOp : Dimension ${differs} in both shapes must be equal: ${both}`)
  }
  return [join(tensors, axis)]
}

const concatV1: Kernel = (inputs) => concat(inputs.slice(1), inputAt(inputs, 0))
const concatV2: Kernel = (inputs) => concat(inputs.slice(0, -1), inputAt(inputs, inputs.length - 1))

const pack: Kernel = (inputs, { attrs }) => {
  const { shape } = inputAt(inputs, 0)
  const rank = shape.length + 1
  const given = attrs.int('axis', 0)
  if (given < -rank || given >= rank) throw invalid(`axis = ${given} not in [-${rank}, ${rank})`)
  const other = inputs.findIndex((each) => !sameShape(each.shape, shape))
  if (other >= 0) {
    throw invalid(
      `Shapes of all inputs must match: values[0].shape = ${shapeText(shape)} != values[${other}].shape = ${shapeText(inputs[other]!.shape)}`,
    )
  }
  const axis = given < 0 ? given + rank : given
  const expanded = shape.toSpliced(axis, 0, 1)
  return [
    join(
      inputs.map((each) => ({ ...each, shape: expanded })),
      axis,
    ),
  ]
}

/** ConcatV2 along the first axis, whose size is 1 in every input. */
const parallelConcat: Kernel = (inputs) => {
  const { shape } = inputAt(inputs, 0)
  for (const each of inputs) {
    if (each.shape[0] === 1 && sameShape(each.shape, shape)) continue
    throw invalid(`ParallelConcat takes inputs of one shape [1,...], got ${shapeText(each.shape)}`)
  }
  return [join(inputs, 0)]
}

export const joinOps: OpTable = {
  Concat: { kernel: concatV1 },
  ConcatV2: { kernel: concatV2 },
  Pack: { kernel: pack },
  ParallelConcat: { kernel: parallelConcat },
}
