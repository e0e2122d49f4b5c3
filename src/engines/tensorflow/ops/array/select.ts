/** Ops that choose elements by a condition. */

import { broadcastShape } from '../../../../tensor/broadcast.js'
import { isComplex, sizeOf, tensor } from '../../../../tensor/tensor.js'
import type { AnyTensor, Kernel, OpTable } from '../../op.js'
import { claimPlaces, spend } from '../../run-limits.js'
import { newData } from '../new-data.js'
import { inputAt, invalid, requireBool, sameShape, shapeText } from './arguments.js'
import { openElements } from './elements.js'
import { copyWords } from './moves.js'
import { broadcastTo } from './pad.js'

/** Of two tensors of one shape, block i of the first where condition i holds, else of the second. */
function choose(condition: Uint8Array, yes: AnyTensor, no: AnyTensor): AnyTensor {
  if (condition.length === 1) return condition[0] ? yes : no
  const { shape } = yes
  const elements = openElements([yes, no])
  const [yesWords, noWords] = elements.sources
  const out = elements.create(shape)
  const block = condition.length === 0 ? 0 : out.length / condition.length
  for (let i = 0; i < condition.length; i++) {
    spend(block)
    copyWords(condition[i] ? yesWords! : noWords!, i * block, out, i * block, block)
  }
  return elements.toTensor(shape, out)
}

const select: Kernel = (inputs) => {
  const condition = requireBool(inputAt(inputs, 0))
  const [yes, no] = [inputAt(inputs, 1), inputAt(inputs, 2)]
  if (!sameShape(yes.shape, no.shape)) {
    throw invalid(
      `'then' and 'else' must have the same size, but received: ${shapeText(yes.shape)} vs. ${shapeText(no.shape)}`,
    )
  }
  const { shape } = condition
  const byRow = shape.length === 1 && shape[0] === yes.shape[0]
  if (shape.length > 0 && !byRow && !sameShape(shape, yes.shape)) {
    throw invalid(
      `'cond' must be a scalar, or a vector of the number of rows, or of the shape of 'then': ${shapeText(shape)} vs. ${shapeText(yes.shape)}`,
    )
  }
  return [choose(condition.data, yes, no)]
}

const selectV2: Kernel = (inputs) => {
  const condition = requireBool(inputAt(inputs, 0))
  const [yes, no] = [inputAt(inputs, 1), inputAt(inputs, 2)]
  const shape = broadcastShape(condition.shape, broadcastShape(yes.shape, no.shape))
  if (condition.data.length === 1) return [broadcastTo(condition.data[0] ? yes : no, shape)]
  const wide = requireBool(broadcastTo(condition, shape))
  return [choose(wide.data, broadcastTo(yes, shape), broadcastTo(no, shape))]
}

/** Coordinates of the elements that are not zero, in row-major order. */
const where: Kernel = (inputs) => {
  const { dtype, shape, data } = inputAt(inputs, 0)
  const rank = shape.length
  if (dtype === 'string') throw invalid('WhereOp : strings are neither true nor false')
  if (rank < 1 || rank > 8) throw invalid(`WhereOp : Unhandled input dimensions: ${rank}`)
  // At most so many are found.
  claimPlaces(sizeOf(shape))
  const found = isComplex(dtype)
    ? findPairs(data as Float32Array)
    : findNonZero(data as ArrayLike<number | bigint>)
  const out = newData('int64', [found.length, rank])
  // Positions are below 2^32: the lower half of each integer is all there is to write.
  const low = new Uint32Array(out.buffer)
  for (let i = 0; i < found.length; i++) {
    spend(rank)
    let rest = found[i]!
    for (let d = rank - 1; d >= 0; d--) {
      low[2 * (i * rank + d)] = rest % shape[d]!
      rest = Math.floor(rest / shape[d]!)
    }
  }
  return [tensor('int64', [found.length, rank], out)]
}

function findNonZero(data: ArrayLike<number | bigint>): number[] {
  const found: number[] = []
  for (let i = 0; i < data.length; i++) {
    spend(1)
    // biome-ignore lint/suspicious/noDoubleEquals: 0n is 0 here.
    if (data[i] != 0) found.push(i)
  }
  return found
}

function findPairs(data: ArrayLike<number>): number[] {
  const found: number[] = []
  for (let i = 0; i < data.length; i += 2) if (data[i] !== 0 || data[i + 1] !== 0) found.push(i / 2)
  return found
}

export const selectOps: OpTable = {
  Select: { kernel: select },
  SelectV2: { kernel: selectV2 },
  Where: { kernel: where },
}
