/** Ops of one input, element by element: a loop per class of dtypes. */

import type { Kernel } from '../../op.js'
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
import type { Complex } from './binary.js'
import { eachPiece } from './blocks.js'
import type { UnaryComplexFunction } from './complex-arithmetic.js'

export type UnaryLoop<A, O = A> = (x: A, out: O) => void

/** A class without a loop is refused. */
export interface UnaryLoops {
  readonly float?: UnaryLoop<FloatArray>
  readonly double?: UnaryLoop<NumberArray>
  readonly int?: UnaryLoop<NumberArray>
  readonly long?: UnaryLoop<LongArray>
  readonly bool?: UnaryLoop<NumberArray>
  readonly complex?: UnaryLoop<NumberArray>
}

/** The output has the input's dtype and shape. */
export function unary(loops: UnaryLoops): Kernel {
  return (inputs, context) => {
    const { dtype, shape, data } = numericAt(inputs, 0, context)
    const loop = loops[classOf(dtype)] as UnaryLoop<unknown> | undefined
    if (!loop) refuseType(context, dtype)
    const out = newData(dtype, shape)
    eachPiece(data, out, loop)
    return [result(dtype, shape, out)]
  }
}

/** For ops that are seldom hot: a call per element. */
export function mapNumbers(compute: (x: number) => number): UnaryLoop<NumberArray> {
  return (x, out) => {
    for (let i = 0; i < x.length; i++) out[i] = compute(x[i]!)
  }
}

export function mapLongs(compute: (x: bigint) => bigint): UnaryLoop<LongArray> {
  return (x, out) => {
    for (let i = 0; i < x.length; i++) out[i] = compute(x[i]!)
  }
}

export function mapComplex(compute: UnaryComplexFunction): UnaryLoop<NumberArray> {
  return (data, out) => {
    const x: Complex = { re: 0, im: 0 }
    for (let i = 0; i < data.length; i += 2) {
      x.re = data[i]!
      x.im = data[i + 1]!
      compute(x, out, i)
    }
  }
}

/** A function of floats. */
export function floatMap(compute: (x: number) => number, complex?: UnaryComplexFunction): Kernel {
  const loop = mapNumbers(compute)
  return unary({ float: loop, double: loop, ...(complex && { complex: mapComplex(complex) }) })
}

/** A test of floats: the output is bool. */
export function floatTest(test: (x: number) => boolean): Kernel {
  return (inputs, context) => {
    const { dtype, shape, data } = numericAt(inputs, 0, context)
    if (classOf(dtype) !== 'float' && classOf(dtype) !== 'double') refuseType(context, dtype)
    const out = newData('bool', shape)
    eachPiece(data as NumberArray, out, (x, truths) => {
      for (let i = 0; i < x.length; i++) truths[i] = test(x[i]!) ? 1 : 0
    })
    return [result('bool', shape, out)]
  }
}
