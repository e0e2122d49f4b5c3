/** Ops of two broadcast inputs of one dtype: a loop per class of dtypes. */

import type { BroadcastPlan } from '../../../../tensor/broadcast.js'
import type { NumericType } from '../../../../tensor/dtype.js'
import type { Kernel, OpContext } from '../../op.js'
import { newData } from '../new-data.js'
import {
  classOf,
  type FloatArray,
  type LongArray,
  type NumberArray,
  numericPair,
  refuseType,
  result,
} from './arguments.js'
import { eachBlock, partOf, planElements } from './blocks.js'

export type Loop<A, O = A> = (a: A, b: A, out: O, plan: BroadcastPlan) => void

/** A class without a loop is refused. `number`: for `float`, `double` and `int` without one of their own. */
export interface Loops {
  readonly float?: Loop<FloatArray>
  readonly double?: Loop<NumberArray>
  readonly int?: Loop<NumberArray>
  readonly long?: Loop<LongArray>
  readonly bool?: Loop<NumberArray>
  readonly complex?: Loop<NumberArray>
}

/** The output has the inputs' dtype. */
export function binary(loops: Loops): Kernel {
  return (inputs, context) => {
    const [a, b] = numericPair(inputs, context)
    const loop = loops[classOf(a.dtype)] as Loop<unknown> | undefined
    if (!loop) refuseType(context, a.dtype)
    const plan = planElements(a.dtype, a.shape, b.shape)
    const out = newData(a.dtype, plan.shape)
    eachBlock(plan, (part, from) => loop(a.data, b.data, partOf(out, from, part, plan.size), part))
    return [result(a.dtype, plan.shape, out)]
  }
}

/** A kernel whose loops depend on the dtype itself, or on the node. */
export function binaryFor(loopsFor: (dtype: NumericType, context: OpContext) => Loops): Kernel {
  return (inputs, context) =>
    binary(loopsFor(numericPair(inputs, context)[0].dtype, context))(inputs, context)
}

/** For ops that are seldom hot: a call per element. */
export function eachNumber(compute: (a: number, b: number) => number): Loop<NumberArray> {
  return (a, b, out, { rows, width, aStep, bStep, aStarts, bStarts }) => {
    for (let r = 0, k = 0; r < rows; r++) {
      const end = k + width
      for (let i = aStarts[r]!, j = bStarts[r]!; k < end; k++, i += aStep, j += bStep) {
        out[k] = compute(a[i]!, b[j]!)
      }
    }
  }
}

/** 64-bit integers; a result beyond 64 bits wraps around as it is stored. */
export function eachLong(compute: (a: bigint, b: bigint) => bigint): Loop<LongArray> {
  return (a, b, out, { rows, width, aStep, bStep, aStarts, bStarts }) => {
    for (let r = 0, k = 0; r < rows; r++) {
      const end = k + width
      for (let i = aStarts[r]!, j = bStarts[r]!; k < end; k++, i += aStep, j += bStep) {
        out[k] = compute(a[i]!, b[j]!)
      }
    }
  }
}

/** Math.max takes no BigInt. */
export function largerLong(a: bigint, b: bigint): bigint {
  if (a > b) return a
  return b
}

export function smallerLong(a: bigint, b: bigint): bigint {
  if (a < b) return a
  return b
}

/** Writes a complex result into `out[at]` and `out[at + 1]`. */
export type ComplexFunction = (a: Complex, b: Complex, out: NumberArray, at: number) => void

export interface Complex {
  re: number
  im: number
}

export function eachComplex(compute: ComplexFunction): Loop<NumberArray> {
  return (a, b, out, { rows, width, aStep, bStep, aStarts, bStarts }) => {
    const x = { re: 0, im: 0 }
    const y = { re: 0, im: 0 }
    for (let r = 0, k = 0; r < rows; r++) {
      const end = k + width
      for (let i = aStarts[r]!, j = bStarts[r]!; k < end; k++, i += aStep, j += bStep) {
        x.re = a[2 * i]!
        x.im = a[2 * i + 1]!
        y.re = b[2 * j]!
        y.im = b[2 * j + 1]!
        compute(x, y, out, 2 * k)
      }
    }
  }
}
