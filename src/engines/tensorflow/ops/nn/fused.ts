/** What grappler and oneDNN fuse: a product or convolution followed by a bias, a normalization, an activation. Exported graphs seldom hold them. */

import type { NumericType } from '../../../../tensor/dtype.js'
import type { Tensor } from '../../../../tensor/tensor.js'
import type { AnyTensor, Kernel, OpContext } from '../../op.js'
import { eachPiece } from '../math/blocks.js'
import {
  type Activation,
  elu,
  geluApproximate,
  leakyReluOf,
  relu,
  relu6,
  sigmoid,
  tanh,
} from './activations.js'
import { addBias } from './bias.js'
import { convolution, depthwise } from './convolution.js'
import { floatArray, floatInput, isFloat, refuse, rounded } from './inputs.js'
import { matrixProduct } from './matmul.js'

export const fusedMatMul: Kernel = (inputs, context) => {
  const { attrs } = context
  const flags = { a: attrs.bool('transpose_a', false), b: attrs.bool('transpose_b', false) }
  return [finish(matrixProduct(inputs, flags, context), inputs, false, context)]
}

export const fusedConvolution: Kernel = (inputs, context) => [
  finish(convolution(inputs, 4, context), inputs, isChannelsFirst(context), context),
]

export const fusedDepthwiseConvolution: Kernel = (inputs, context) => [
  finish(depthwise(inputs, context), inputs, isChannelsFirst(context), context),
]

const isChannelsFirst = ({ attrs }: OpContext) => attrs.string('data_format', 'NHWC') === 'NCHW'

const activations: ReadonlyMap<string, Activation> = new Map([
  ['Relu', relu],
  ['Relu6', relu6],
  ['Elu', elu],
  ['Tanh', tanh],
  ['Sigmoid', sigmoid],
  ['GeluApproximate', geluApproximate],
])

/** Applies `fused_ops` in order; their operands follow the first two inputs. */
function finish(
  product: Tensor<NumericType>,
  inputs: readonly AnyTensor[],
  channelsFirst: boolean,
  context: OpContext,
): AnyTensor {
  let next = 2
  let result = product
  for (const name of context.attrs.strings('fused_ops', [])) {
    if (name === 'BiasAdd')
      result = addBias(result, floatInput(inputs, next++, context), channelsFirst, context)
    else if (name === 'Add') result = addSame(result, floatInput(inputs, next++, context), context)
    else result = activate(result, name, context)
  }
  return result
}

function addSame(a: Tensor<NumericType>, b: Tensor<NumericType>, context: OpContext): Tensor<NumericType> {
  if (!isFloat(a) || a.data.length !== b.data.length)
    return refuse(context, 'the fused Add does not fit the product')
  const sums = floatArray(a.dtype, a.data.length)
  for (const [i, value] of a.data.entries()) sums[i] = value + (b.data[i] as number)
  return rounded(a.dtype, a.shape, sums)
}

function activate(input: Tensor<NumericType>, name: string, context: OpContext): Tensor<NumericType> {
  const activation =
    name === 'LeakyRelu' ? leakyReluOf(context.attrs.float('leakyrelu_alpha', 0.2)) : activations.get(name)
  if (activation === undefined || !isFloat(input))
    return refuse(context, `cannot fuse '${name}'`, 'unimplemented')
  const out = floatArray(input.dtype, input.data.length)
  eachPiece(input.data, out, activation)
  return rounded(input.dtype, input.shape, out)
}
