import type { NumericType, TypedArray } from '../../../../tensor/dtype.js'
import type { Tensor } from '../../../../tensor/tensor.js'
import type { Kernel, OpContext } from '../../op.js'
import { spend } from '../../run-limits.js'
import { elementWidth, expectSameType, numericInput, refuse, rounded } from './inputs.js'
import { arrayLike } from './strided.js'

/** BiasAdd and BiasAddV1: one value per channel. */
export const biasAdd: Kernel = (inputs, context) => {
  const channelsFirst = context.attrs.string('data_format', 'NHWC') === 'NCHW'
  return [addBias(numericInput(inputs, 0, context), numericInput(inputs, 1, context), channelsFirst, context)]
}

export function addBias(
  input: Tensor<NumericType>,
  bias: Tensor<NumericType>,
  channelsFirst: boolean,
  context: OpContext,
): Tensor<NumericType> {
  const { dtype, shape, data } = input
  expectSameType(input, bias, context)
  if (shape.length < 2) refuse(context, `Input tensor must be at least 2D: [${shape}]`)
  if (bias.shape.length !== 1) refuse(context, `Biases must be 1D: [${bias.shape}]`)
  const axis = channelsFirst ? 1 : shape.length - 1
  if (shape[axis] !== bias.shape[0]) {
    refuse(
      context,
      `Must provide as many biases as the channel dimension of the input tensor: [${bias.shape}] vs. ${shape[axis]} in [${shape}]`,
    )
  }
  const repeat = shape.slice(axis + 1).reduce((product, size) => product * size, 1)
  return rounded(dtype, shape, addRepeated(data, bias.data, repeat, elementWidth(dtype)))
}

/** `data + bias`, each bias for `repeat` elements in turn. Integers wrap as they are stored. */
function addRepeated(data: TypedArray, bias: TypedArray, repeat: number, width: number): TypedArray {
  const sums = arrayLike(data, data.length)
  // Numbers or bigints alike.
  const from = data as Float32Array
  const added = bias as Float32Array
  const to = sums as Float32Array
  if (repeat === 1) {
    for (let at = 0; at < from.length; at += added.length) {
      spend(added.length)
      for (let c = 0; c < added.length; c++) to[at + c] = from[at + c]! + added[c]!
    }
    return sums
  }
  const run = repeat * width
  for (let at = 0, channel = 0; at < from.length; at += run) {
    spend(run)
    for (let i = 0; i < run; i++) to[at + i] = from[at + i]! + added[channel + (i % width)]!
    channel = (channel + width) % added.length
  }
  return sums
}
