/** Reductions over axes: sums, products, extremes, truth. */

import type { Kernel } from '../../op.js'
import { spend } from '../../run-limits.js'
import { newData } from '../new-data.js'
import {
  classOf,
  type FloatArray,
  type LongArray,
  type NumberArray,
  numericAt,
  refuseType,
  result,
} from './arguments.js'
import { largerLong, smallerLong } from './binary.js'
import { planReduction, type ReductionPlan } from './reduction-plan.js'

type Reduce<A> = (x: A, out: A, plan: ReductionPlan) => void

interface Reductions {
  readonly float?: Reduce<FloatArray>
  readonly double?: Reduce<NumberArray>
  readonly int?: Reduce<NumberArray>
  readonly long?: Reduce<LongArray>
  readonly bool?: Reduce<NumberArray>
  readonly complex?: Reduce<NumberArray>
}

function reduction(reductions: Reductions): Kernel {
  return (inputs, context) => {
    const input = numericAt(inputs, 0, context)
    const { dtype, data } = input
    const reduce = reductions[classOf(dtype)] as Reduce<unknown> | undefined
    if (!reduce) refuseType(context, dtype)
    const plan = planReduction(input, inputs, context)
    const out = newData(dtype, plan.shape)
    reduce(data, out, plan)
    return [result(dtype, plan.shape, out)]
  }
}

/** Floats are summed in double precision. */
export const sum: Kernel = reduction({
  float: (x, out, plan) => sumFloats(x, out, plan, 1),
  double: (x, out, plan) => sumNumbers(x, out, plan, 1),
  int: (x, out, plan) => sumNumbers(x, out, plan, 1),
  long: foldLong(0n, (a, b) => a + b),
  complex: (x, out, plan) => sumComplex(x, out, plan, 1),
})

/** The mean of nothing is NaN; of integers, the sum wraps around and the quotient is cut off. */
export const mean: Kernel = reduction({
  float: (x, out, plan) => sumFloats(x, out, plan, plan.length),
  double: (x, out, plan) => sumNumbers(x, out, plan, plan.length),
  int: (x, out, plan) => {
    sumNumbers(x, out, plan, 1)
    for (let k = 0; k < out.length; k++) out[k] = Math.trunc(out[k]! / plan.length)
  },
  long: (x, out, plan) => {
    sumLongs(x, out, plan)
    const length = BigInt(plan.length)
    for (let k = 0; k < out.length; k++) out[k] = length === 0n ? 0n : out[k]! / length
  },
  complex: (x, out, plan) => sumComplex(x, out, plan, plan.length),
})

export const product: Kernel = reduction({
  float: foldNumbers(1, (a, b) => a * b),
  double: foldNumbers(1, (a, b) => a * b),
  int: foldNumbers(1, Math.imul),
  long: foldLong(1n, (a, b) => BigInt.asIntN(64, a * b)),
})

/** NaN wins; the largest of nothing is the smallest there is. */
export const max: Kernel = reduction({
  float: (x, out, plan) => maxNumbers(x, out, plan, Number.NEGATIVE_INFINITY),
  double: (x, out, plan) => maxNumbers(x, out, plan, Number.NEGATIVE_INFINITY),
  int: (x, out, plan) => maxNumbers(x, out, plan, rangeOf(x)[0]),
  long: (x, out, plan) => foldLong(longRangeOf(x)[0], largerLong)(x, out, plan),
})

export const min: Kernel = reduction({
  float: (x, out, plan) => minNumbers(x, out, plan, Number.POSITIVE_INFINITY),
  double: (x, out, plan) => minNumbers(x, out, plan, Number.POSITIVE_INFINITY),
  int: (x, out, plan) => minNumbers(x, out, plan, rangeOf(x)[1]),
  long: (x, out, plan) => foldLong(longRangeOf(x)[1], smallerLong)(x, out, plan),
})

/** The root of the sum of squares; of integers cut off. */
export const euclideanNorm: Kernel = reduction({
  float: foldNumbers(0, (a, b) => a + b * b, Math.sqrt),
  double: foldNumbers(0, (a, b) => a + b * b, Math.sqrt),
  int: foldNumbers(
    0,
    (a, b) => (a + Math.imul(b, b)) | 0,
    (total) => Math.trunc(Math.sqrt(total)),
  ),
  long: (x, out, plan) => {
    foldLong(0n, (a, b) => a + b * b)(x, out, plan)
    for (let k = 0; k < out.length; k++) out[k] = BigInt(Math.trunc(Math.sqrt(Number(out[k]))))
  },
})

export const all: Kernel = reduction({
  bool: foldNumbers(1, (a, b) => a & b),
})
export const any: Kernel = reduction({
  bool: foldNumbers(0, (a, b) => a | b),
})

const sumLongs = foldLong(0n, (a, b) => a + b)

/** How many elements come next, once they are accounted for. */
function begin(width: number): number {
  spend(width)
  return width
}

function sumFloats(x: FloatArray, out: FloatArray, plan: ReductionPlan, divisor: number): void {
  const { size, outer, inner, widths, step } = plan
  for (let k = 0; k < size; k++) {
    let total = 0
    for (let s = 0; s < inner.length; s++) {
      const width = begin(widths[s]!)
      for (let i = 0, at = outer[k]! + inner[s]!; i < width; i++, at += step) total += x[at]!
    }
    out[k] = total / divisor
  }
}

function sumNumbers(x: NumberArray, out: NumberArray, plan: ReductionPlan, divisor: number): void {
  const { size, outer, inner, widths, step } = plan
  for (let k = 0; k < size; k++) {
    let total = 0
    for (let s = 0; s < inner.length; s++) {
      const width = begin(widths[s]!)
      for (let i = 0, at = outer[k]! + inner[s]!; i < width; i++, at += step) total += x[at]!
    }
    out[k] = total / divisor
  }
}

function sumComplex(x: NumberArray, out: NumberArray, plan: ReductionPlan, divisor: number): void {
  const { size, outer, inner, widths, step } = plan
  for (let k = 0; k < size; k++) {
    let re = 0
    let im = 0
    for (let s = 0; s < inner.length; s++) {
      const width = begin(widths[s]!)
      for (let i = 0, at = 2 * (outer[k]! + inner[s]!); i < width; i++, at += 2 * step) {
        re += x[at]!
        im += x[at + 1]!
      }
    }
    out[2 * k] = re / divisor
    out[2 * k + 1] = im / divisor
  }
}

function maxNumbers(x: NumberArray, out: NumberArray, plan: ReductionPlan, start: number): void {
  const { size, outer, inner, widths, step } = plan
  for (let k = 0; k < size; k++) {
    let best = start
    for (let s = 0; s < inner.length; s++) {
      const width = begin(widths[s]!)
      for (let i = 0, at = outer[k]! + inner[s]!; i < width; i++, at += step) {
        const value = x[at]!
        if (value > best || Number.isNaN(value)) best = value
      }
    }
    out[k] = best
  }
}

function minNumbers(x: NumberArray, out: NumberArray, plan: ReductionPlan, start: number): void {
  const { size, outer, inner, widths, step } = plan
  for (let k = 0; k < size; k++) {
    let best = start
    for (let s = 0; s < inner.length; s++) {
      const width = begin(widths[s]!)
      for (let i = 0, at = outer[k]! + inner[s]!; i < width; i++, at += step) {
        const value = x[at]!
        if (value < best || Number.isNaN(value)) best = value
      }
    }
    out[k] = best
  }
}

function foldNumbers(
  start: number,
  combine: (total: number, value: number) => number,
  finish: (total: number) => number = (total) => total,
): Reduce<NumberArray> {
  return (x, out, { size, outer, inner, widths, step }) => {
    for (let k = 0; k < size; k++) {
      let total = start
      for (let s = 0; s < inner.length; s++) {
        const width = begin(widths[s]!)
        for (let i = 0, at = outer[k]! + inner[s]!; i < width; i++, at += step) total = combine(total, x[at]!)
      }
      out[k] = finish(total)
    }
  }
}

function foldLong(start: bigint, combine: (total: bigint, value: bigint) => bigint): Reduce<LongArray> {
  return (x, out, { size, outer, inner, widths, step }) => {
    for (let k = 0; k < size; k++) {
      let total = start
      for (let s = 0; s < inner.length; s++) {
        const width = begin(widths[s]!)
        for (let i = 0, at = outer[k]! + inner[s]!; i < width; i++, at += step) total = combine(total, x[at]!)
      }
      out[k] = total
    }
  }
}

/** The smallest and the largest integer of an array's kind. */
export function rangeOf(x: NumberArray): readonly [number, number] {
  const bits = 8 * x.BYTES_PER_ELEMENT
  const isSigned = x instanceof Int8Array || x instanceof Int16Array || x instanceof Int32Array
  return isSigned ? [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] : [0, 2 ** bits - 1]
}

export function longRangeOf(x: LongArray): readonly [bigint, bigint] {
  return x instanceof BigInt64Array ? [-(2n ** 63n), 2n ** 63n - 1n] : [0n, 2n ** 64n - 1n]
}
