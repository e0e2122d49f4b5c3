import { broadcastTo } from '../../../../tensor/broadcast.js'
import type { Kernel, OpContext } from '../../op.js'
import { spend } from '../../run-limits.js'
import {
  expectRank,
  expectSameType,
  type FloatTensor,
  floatArray,
  floatInput,
  integersInput,
  refuse,
  rounded,
} from './inputs.js'
import type { FloatArray } from './matrix-view.js'

/** Softmax along the last axis. */
export const softmax: Kernel = (inputs, context) => {
  const { dtype, shape, data } = logitsOf(floatInput(inputs, 0, context), context)
  const out = floatArray(dtype, data.length)
  eachRow(data.length, shape.at(-1)!, (at, width) => softmaxRow(data, at, width, out))
  return [rounded(dtype, shape, out)]
}

export const logSoftmax: Kernel = (inputs, context) => {
  const { dtype, shape, data } = logitsOf(floatInput(inputs, 0, context), context)
  const out = floatArray(dtype, data.length)
  eachRow(data.length, shape.at(-1)!, (at, width) => {
    const { highest, logSum } = logSumExp(data, at, width)
    for (let i = at; i < at + width; i++) out[i] = data[i]! - highest - logSum
  })
  return [rounded(dtype, shape, out)]
}

/** Labels as distributions, one row per row of logits; either may be broadcast. Gives the loss per row and its gradient. */
export const softmaxCrossEntropy: Kernel = (inputs, context) => {
  const given = [floatInput(inputs, 0, context), floatInput(inputs, 1, context)] as const
  expectSameType(...given, context)
  const shape = broadcastPair(given[0], given[1], context)
  const { dtype } = given[0]
  const logits = broadcastTo(given[0].data, given[0].shape, shape)
  const labels = broadcastTo(given[1].data, given[1].shape, shape)
  const loss = floatArray(dtype, shape[0]!)
  const gradient = floatArray(dtype, logits.length)
  eachRow(logits.length, shape[1]!, (at, width) => {
    const { highest, logSum } = logSumExp(logits, at, width)
    let sum = 0
    for (let i = at; i < at + width; i++) {
      const logProbability = logits[i]! - highest - logSum
      // A label of 0 takes no share, even of an infinite loss.
      if (labels[i] !== 0) sum -= labels[i]! * logProbability
      gradient[i] = Math.exp(logProbability) - labels[i]!
    }
    loss[at / width] = sum
  })
  return [rounded(dtype, [shape[0]!], loss), rounded(dtype, shape, gradient)]
}

/** Labels as class indices. */
export const sparseSoftmaxCrossEntropy: Kernel = (inputs, context) => {
  const { dtype, shape, data } = floatInput(inputs, 0, context)
  const labels = integersInput(inputs, 1, context)
  expectRank({ dtype, shape, data }, 2, 'logits', context)
  expectRank(inputs[1]!, 1, 'labels', context)
  const [rows, width] = shape as [number, number]
  if (labels.length !== rows) {
    refuse(
      context,
      `logits and labels must have the same first dimension, got logits shape [${shape}] and labels shape [${labels.length}]`,
    )
  }
  if (width === 0 && rows > 0)
    refuse(context, `Must have at least one class, but got logits shape [${shape}]`)
  const bad = labels.find((label) => !(label >= 0 && label < width))
  if (bad !== undefined) {
    refuse(context, `Received a label value of ${bad} which is outside the valid range of [0, ${width}).`)
  }
  const loss = floatArray(dtype, rows)
  const gradient = floatArray(dtype, data.length)
  eachRow(data.length, width, (at) => {
    const { highest, logSum } = logSumExp(data, at, width)
    const label = at + labels[at / width]!
    loss[at / width] = logSum - (data[label]! - highest)
    for (let i = at; i < at + width; i++) {
      gradient[i] = Math.exp(data[i]! - highest - logSum) - (i === label ? 1 : 0)
    }
  })
  return [rounded(dtype, [rows], loss), rounded(dtype, shape, gradient)]
}

function logitsOf(input: FloatTensor, context: OpContext): FloatTensor {
  if (input.shape.length === 0) refuse(context, 'logits must have >= 1 dimension, got a scalar')
  return input
}

/** What an exponential costs, in simple operations. */
const operationsPerPower = 4

function eachRow(length: number, width: number, visit: (at: number, width: number) => void): void {
  for (let at = 0; at < length; at += width) {
    spend(operationsPerPower * width)
    visit(at, width)
  }
}

function softmaxRow(x: FloatArray, at: number, width: number, out: FloatArray): void {
  const highest = highestOf(x, at, width)
  let sum = 0
  for (let i = at; i < at + width; i++) {
    const power = Math.exp(x[i]! - highest)
    out[i] = power
    sum += power
  }
  for (let i = at; i < at + width; i++) out[i] = out[i]! / sum
}

function logSumExp(x: FloatArray, at: number, width: number): { highest: number; logSum: number } {
  const highest = highestOf(x, at, width)
  let sum = 0
  for (let i = at; i < at + width; i++) sum += Math.exp(x[i]! - highest)
  return { highest, logSum: Math.log(sum) }
}

/** The largest; what NaN is compared with does not matter, since the sum becomes NaN. */
function highestOf(x: FloatArray, at: number, width: number): number {
  let highest = x[at]!
  for (let i = at + 1; i < at + width; i++) if (x[i]! > highest) highest = x[i]!
  return highest
}

function broadcastPair(logits: FloatTensor, labels: FloatTensor, context: OpContext): readonly number[] {
  expectRank(logits, 2, 'logits', context)
  expectRank(labels, 2, 'labels', context)
  return logits.shape.map((size, axis) => {
    const other = labels.shape[axis]!
    if (size !== other && size !== 1 && other !== 1) {
      refuse(
        context,
        `logits and labels must be broadcastable: logits_size=[${logits.shape}] labels_size=[${labels.shape}]`,
      )
    }
    return size === 1 ? other : size
  })
}
