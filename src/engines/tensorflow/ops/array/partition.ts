/** Ops that deal rows out to several tensors, and that put them together again. */

import { sizeOf } from '../../../../tensor/tensor.js'
import type { AnyTensor, Kernel, OpTable } from '../../op.js'
import { spend } from '../../run-limits.js'
import { inputAt, invalid, sameShape, shapeText, sizeBetween, toIntegers } from './arguments.js'
import { openElements } from './elements.js'
import { positionText } from './gather.js'
import { copyWords } from './moves.js'

/** Whether a shape begins with another. */
function startsWith(shape: readonly number[], prefix: readonly number[]): boolean {
  return sameShape(shape.slice(0, prefix.length), prefix)
}

const dynamicPartition: Kernel = (inputs, { attrs }) => {
  const [data, partitions] = [inputAt(inputs, 0), inputAt(inputs, 1)]
  const count = attrs.int('num_partitions')
  if (!startsWith(data.shape, partitions.shape)) {
    throw invalid(
      `data.shape must start with partitions.shape, got data.shape = ${shapeText(data.shape)}, partitions.shape = ${shapeText(partitions.shape)}`,
    )
  }
  const values = toIntegers(partitions)
  const sizes = new Array<number>(count).fill(0)
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    if (!(value >= 0 && value < count)) {
      throw invalid(`partitions${positionText(i, partitions.shape)} = ${value} is not in [0, ${count})`)
    }
    sizes[value]!++
  }
  const elements = openElements([data])
  const rowShape = data.shape.slice(partitions.shape.length)
  const block = sizeOf(rowShape) * elements.unit
  const outs = sizes.map((size) => elements.create([size, ...rowShape]))
  const ends = sizes.map(() => 0)
  for (let i = 0; i < values.length; i++) {
    spend(block)
    const value = values[i]!
    copyWords(elements.sources[0]!, i * block, outs[value]!, ends[value]!, block)
    ends[value]! += block
  }
  return outs.map((out, i) => elements.toTensor([sizes[i]!, ...rowShape], out))
}

/** Of two rows for one place the later one stays; places without a row are zero. */
const dynamicStitch: Kernel = (inputs) => {
  const count = inputs.length / 2
  const indices = inputs.slice(0, count)
  const data = inputs.slice(count)
  const rowShape = inputAt(data, 0).shape.slice(inputAt(indices, 0).shape.length)
  for (const [i, { shape }] of data.entries()) checkStitch(i, shape, { indices: indices[i]!, rowShape })
  const values = indices.map((each) => toIntegers(each))
  let last = -1
  for (const [n, list] of values.entries()) {
    for (let i = 0; i < list.length; i++) {
      if (list[i]! < 0) throw invalid(`indices[${n}] is out of range: ${list[i]}`)
      last = Math.max(last, list[i]!)
    }
  }
  const shape = [last + 1, ...rowShape]
  const elements = openElements(data)
  const out = elements.create(shape)
  const block = sizeBetween(shape, 1) * elements.unit
  for (const [n, list] of values.entries()) {
    for (let i = 0; i < list.length; i++) {
      spend(block)
      copyWords(elements.sources[n]!, i * block, out, list[i]! * block, block)
    }
  }
  return [elements.toTensor(shape, out)]
}

function checkStitch(
  i: number,
  shape: readonly number[],
  { indices, rowShape }: { readonly indices: AnyTensor; readonly rowShape: readonly number[] },
): void {
  if (!startsWith(shape, indices.shape)) {
    throw invalid(
      `data[${i}].shape = ${shapeText(shape)} does not start with indices[${i}].shape = ${shapeText(indices.shape)}`,
    )
  }
  if (!sameShape(shape.slice(indices.shape.length), rowShape)) {
    throw invalid(
      `Need data[0].shape to end with that of data[${i}], got ${shapeText(rowShape)} and ${shapeText(shape)}`,
    )
  }
}

export const partitionOps: OpTable = {
  DynamicPartition: { kernel: dynamicPartition },
  DynamicStitch: { kernel: dynamicStitch },
  ParallelDynamicStitch: { kernel: dynamicStitch },
}
