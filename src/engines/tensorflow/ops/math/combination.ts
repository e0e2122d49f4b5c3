/** Ops that put several tensors together element by element: sums of many, clipping, the cross product, texts joined by Add. */

import { planBroadcast, sameShape } from '../../../../tensor/broadcast.js'
import { type StringTensor, stringAt, toStrings } from '../../../../tensor/strings.js'
import type { AnyTensor, Kernel } from '../../op.js'
import { claimTensor, spend } from '../../run-limits.js'
import { newData } from '../new-data.js'
import {
  classOf,
  inputAt,
  type LongArray,
  type NumberArray,
  numericPair,
  refuse,
  refuseType,
  result,
} from './arguments.js'
import { add, maximum, minimum } from './arithmetic.js'
import { binary, eachNumber } from './binary.js'

/** AddN and AccumulateNV2: tensors of one shape. */
export const addMany: Kernel = (inputs, context) => {
  let total = inputAt(inputs, 0, context)
  for (const input of inputs.slice(1)) {
    if (!sameShape(total.shape, input.shape)) {
      refuse(context, `Inputs must all have the same shape: [${total.shape}] != [${input.shape}]`)
    }
    total = add([total, input], context)[0]!
  }
  return [total]
}

/** Numbers are added, strings are joined. */
export const addOrJoin: Kernel = (inputs, context) => {
  const [a, b] = inputs
  return a?.dtype === 'string' && b?.dtype === 'string' ? [joinTexts(a, b)] : add(inputs, context)
}

/** Of a string as an object of its own, before it is put with the others. */
const stringBytes = 128

function joinTexts(a: StringTensor, b: StringTensor): StringTensor {
  const { shape, size, rows, width, aStep, bStep, aStarts, bStarts } = planBroadcast(a.shape, b.shape)
  const texts: Uint8Array[] = []
  claimTensor('string', shape, size * stringBytes)
  for (let r = 0; r < rows; r++) {
    for (let n = 0, i = aStarts[r]!, j = bStarts[r]!; n < width; n++, i += aStep, j += bStep) {
      const text = Buffer.concat([stringAt(a.data, i), stringAt(b.data, j)])
      spend(text.length)
      claimTensor('string', shape, text.length)
      texts.push(text)
    }
  }
  return { dtype: 'string', shape, data: toStrings(texts) }
}

/** Bounds are scalars or of the tensor's shape. */
export const clipByValue: Kernel = (inputs, context) => {
  const input = inputAt(inputs, 0, context)
  for (const bound of [inputAt(inputs, 1, context), inputAt(inputs, 2, context)]) {
    if (bound.shape.length > 0 && !sameShape(bound.shape, input.shape)) {
      const text = `must be scalars or have the same shape as the tensor: [${bound.shape}] vs. [${input.shape}]`
      refuse(context, `clip_value_min and clip_value_max ${text}`)
    }
  }
  const [low, high] = [inputs[1] as AnyTensor, inputs[2] as AnyTensor]
  return maximum([...minimum([input, high], context), low], context)
}

/** The cross product of vectors of three, along the last axis. */
export const cross: Kernel = (inputs, context) => {
  const [a, b] = numericPair(inputs, context)
  if (!sameShape(a.shape, b.shape))
    refuse(context, `Both inputs must be of same shape: [${a.shape}] vs. [${b.shape}]`)
  if (a.shape.at(-1) !== 3)
    refuse(context, `Cross-products are only defined for 3-element vectors: [${a.shape}]`)
  if (classOf(a.dtype) === 'complex') refuseType(context, a.dtype)
  const out = newData(a.dtype, a.shape)
  // Differences of products: int32 products are exact in 64-bit floats but for their last bits, so those go by Math.imul.
  const times = (classOf(a.dtype) === 'int' ? Math.imul : (x: number, y: number) => x * y) as typeof Math.imul
  const x = a.data as NumberArray
  const y = b.data as NumberArray
  const z = out as NumberArray
  for (let i = 0; i < out.length; i += 3) {
    spend(3)
    z[i] = times(x[i + 1]!, y[i + 2]!) - times(x[i + 2]!, y[i + 1]!)
    z[i + 1] = times(x[i + 2]!, y[i]!) - times(x[i]!, y[i + 2]!)
    z[i + 2] = times(x[i]!, y[i + 1]!) - times(x[i + 1]!, y[i]!)
  }
  return [result(a.dtype, a.shape, out)]
}

/** The next float of the dtype after the first input, toward the second. */
export const nextAfter: Kernel = (inputs, context) => {
  const [a] = numericPair(inputs, context)
  if (a.dtype !== 'float32' && a.dtype !== 'float64') return refuseType(context, a.dtype)
  const step = eachNumber(a.dtype === 'float32' ? nextFloat32 : nextFloat64)
  return binary({ float: step, double: step })(inputs, context)
}

const single = new Float32Array(1)
const singleBits = new Int32Array(single.buffer)
const double = new Float64Array(1)
const doubleBits: LongArray = new BigInt64Array(double.buffer)

/** Floats of one sign are ordered as their bits are. */
function nextFloat32(from: number, to: number): number {
  if (Number.isNaN(from) || Number.isNaN(to)) return Number.NaN
  if (from === to) return to
  if (from === 0) return to > 0 ? 2 ** -149 : -(2 ** -149)
  single[0] = from
  singleBits[0]! += to > from === from > 0 ? 1 : -1
  return single[0]
}

function nextFloat64(from: number, to: number): number {
  if (Number.isNaN(from) || Number.isNaN(to)) return Number.NaN
  if (from === to) return to
  if (from === 0) return to > 0 ? Number.MIN_VALUE : -Number.MIN_VALUE
  double[0] = from
  doubleBits[0]! += to > from === from > 0 ? 1n : -1n
  return double[0]
}
