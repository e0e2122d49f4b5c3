/** Ops that reduce the rows of each segment to one. */

import type { NumericType } from '../../../../tensor/dtype.js'
import { isComplex, type Tensor, tensor } from '../../../../tensor/tensor.js'
import type { AnyTensor, Kernel, OpTable } from '../../op.js'
import { spend } from '../../run-limits.js'
import {
  inputAt,
  invalid,
  requireScalar,
  sameShape,
  shapeText,
  sizeBetween,
  toIntegers,
} from '../array/arguments.js'
import { type Combination, combineOf, isBig, roundingOf } from '../array/combine.js'
import { positionText } from '../array/gather.js'
import { newData, newScratch } from '../new-data.js'
import { readCount, readSortedIds, segmentCount } from './ids.js'
import { highest, lowest, newFilled } from './limits.js'

function requireNumbers(input: AnyTensor): Tensor<NumericType> {
  if (input.dtype === 'string' || input.dtype === 'bool')
    throw invalid(`segments are of numbers, got ${input.dtype}`)
  return input
}

/** What segments are combined with, and what an empty one is. */
interface Reduction {
  readonly combination: Combination
  readonly empty: (dtype: NumericType) => number
}

const reductions = {
  Sum: { combination: 'add', empty: () => 0 },
  Prod: { combination: 'mul', empty: () => 1 },
  Max: { combination: 'max', empty: lowest },
  Min: { combination: 'min', empty: highest },
} as const satisfies Record<string, Reduction>

interface Grouping {
  readonly combination: Combination
  /** How many segments. */
  readonly count: number
  /** What a segment without rows is. */
  readonly empty: number
  /** Whether a segment begins as its first row, not as `empty`: that would stop a maximum at the least finite value. */
  readonly fromFirst: boolean
}

/** Combines each row into the row of the result that its id names. */
export function segments(
  data: Tensor<NumericType>,
  ids: ArrayLike<number>,
  { combination, count, empty, fromFirst }: Grouping,
): Tensor<NumericType> {
  const shape = [count, ...data.shape.slice(1)]
  const out = newFilled(data.dtype, shape, empty)
  const block = sizeBetween(shape, 1) * (isComplex(data.dtype) ? 2 : 1)
  const combine = combineOf(combination, data.dtype)
  const begun = newData('uint8', [count]).fill(fromFirst ? 0 : 1)
  for (let i = 0; i < ids.length; i++) {
    spend(block)
    const id = ids[i]!
    if (id < 0) continue
    if (begun[id] === 1) {
      combine(out, id * block, data.data, { start: i * block, count: block })
    } else {
      begun[id] = 1
      out.set(data.data.subarray(i * block, (i + 1) * block) as never, id * block)
    }
  }
  return tensor(data.dtype, shape, out)
}

/** Sorted ids; a segment without rows is zero, a product one. */
function sorted({ combination }: Reduction): Kernel {
  return (inputs) => {
    const data = requireNumbers(inputAt(inputs, 0))
    const ids = readSortedIds(inputAt(inputs, 1), data.shape[0] ?? -1)
    return [
      segments(data, ids, {
        combination,
        count: segmentCount(ids),
        empty: combination === 'mul' ? 1 : 0,
        fromFirst: true,
      }),
    ]
  }
}

const segmentMean: Kernel = (inputs) => {
  const data = requireNumbers(inputAt(inputs, 0))
  const ids = readSortedIds(inputAt(inputs, 1), data.shape[0] ?? -1)
  const sums = segments(data, ids, {
    combination: 'add',
    count: segmentCount(ids),
    empty: 0,
    fromFirst: true,
  })
  const counts = newScratch(sums.shape[0]!)
  for (let i = 0; i < ids.length; i++) counts[ids[i]!]!++
  divideRows(sums, counts)
  return [sums]
}

/** In place; integers are cut off towards zero. */
export function divideRows({ dtype, data }: Tensor<NumericType>, divisors: Float64Array): void {
  const block = divisors.length === 0 ? 0 : data.length / divisors.length
  const round = roundingOf(dtype)
  for (const [row, divisor] of divisors.entries()) {
    if (divisor < 2) continue
    for (let i = row * block; i < (row + 1) * block; i++) {
      if (isBig(data)) data[i] = data[i]! / BigInt(divisor)
      else data[i] = round(data[i]! / divisor)
    }
  }
}

/** Ids in any order and of any rank; negative ones are dropped. */
function unsorted({ combination, empty }: Reduction): Kernel {
  return (inputs) => {
    const data = requireNumbers(inputAt(inputs, 0))
    const ids = inputAt(inputs, 1)
    const count = readCount(requireScalar(inputAt(inputs, 2), 'num_segments'))
    const axes = ids.shape.length
    if (!sameShape(data.shape.slice(0, axes), ids.shape)) {
      throw invalid(
        `data.shape = ${shapeText(data.shape)} does not start with segment_ids.shape = ${shapeText(ids.shape)}`,
      )
    }
    const values = toIntegers(ids)
    for (let i = 0; i < values.length; i++) {
      if (values[i]! < count) continue
      throw invalid(`segment_ids${positionText(i, ids.shape)} = ${values[i]} is out of range [0, ${count})`)
    }
    const rows = { ...data, shape: [values.length, ...data.shape.slice(axes)] }
    return [segments(rows, values, { combination, count, empty: empty(data.dtype), fromFirst: false })]
  }
}

/** Sorted ids below a given number of segments; a segment without rows is what the unsorted ops make of it. */
function sortedV2({ combination, empty }: Reduction): Kernel {
  return (inputs) => {
    const data = requireNumbers(inputAt(inputs, 0))
    const ids = readSortedIds(inputAt(inputs, 1), data.shape[0] ?? -1)
    const count = readCount(inputAt(inputs, 2))
    if (segmentCount(ids) > count)
      throw invalid(`segment ids must be < num_segments (${count}), got ${segmentCount(ids) - 1}`)
    return [segments(data, ids, { combination, count, empty: empty(data.dtype), fromFirst: true })]
  }
}

export const denseSegmentOps: OpTable = {
  SegmentSum: { kernel: sorted(reductions.Sum) },
  SegmentProd: { kernel: sorted(reductions.Prod) },
  SegmentMax: { kernel: sorted(reductions.Max) },
  SegmentMin: { kernel: sorted(reductions.Min) },
  SegmentMean: { kernel: segmentMean },
  SegmentSumV2: { kernel: sortedV2(reductions.Sum) },
  SegmentProdV2: { kernel: sortedV2(reductions.Prod) },
  SegmentMaxV2: { kernel: sortedV2(reductions.Max) },
  SegmentMinV2: { kernel: sortedV2(reductions.Min) },
  UnsortedSegmentSum: { kernel: unsorted(reductions.Sum) },
  UnsortedSegmentProd: { kernel: unsorted(reductions.Prod) },
  UnsortedSegmentMax: { kernel: unsorted(reductions.Max) },
  UnsortedSegmentMin: { kernel: unsorted(reductions.Min) },
}
