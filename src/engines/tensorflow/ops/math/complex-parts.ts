/** Complex numbers made of real ones, and taken apart. */

import type { Kernel } from '../../op.js'
import { newData } from '../new-data.js'
import { type NumberArray, numericAt, numericPair, refuseType, result } from './arguments.js'
import type { Loop } from './binary.js'
import { eachBlock, eachPiece, partOf, planElements } from './blocks.js'

/** `real` and `imag`, broadcast. */
export const complex: Kernel = (inputs, context) => {
  const [re, im] = numericPair(inputs, context)
  if (re.dtype !== 'float32' && re.dtype !== 'float64') return refuseType(context, re.dtype)
  const dtype = re.dtype === 'float64' ? 'complex128' : 'complex64'
  const plan = planElements(dtype, re.shape, im.shape)
  const out = newData(dtype, plan.shape) as NumberArray
  eachBlock(plan, (part, from) =>
    interleave(re.data as NumberArray, im.data as NumberArray, partOf(out, from, part, plan.size), part),
  )
  return [result(dtype, plan.shape, out)]
}

const interleave: Loop<NumberArray> = (re, im, out, { rows, width, aStep, bStep, aStarts, bStarts }) => {
  for (let r = 0, k = 0; r < rows; r++) {
    const end = k + 2 * width
    for (let i = aStarts[r]!, j = bStarts[r]!; k < end; k += 2, i += aStep, j += bStep) {
      out[k] = re[i]!
      out[k + 1] = im[j]!
    }
  }
}

export const real: Kernel = part((re) => re)
export const imag: Kernel = part((_re, im) => im)
export const angle: Kernel = part((re, im) => Math.atan2(im, re))
export const complexAbs: Kernel = part(Math.hypot)

/** Real tensors count as complex ones without imaginary parts. */
function part(compute: (re: number, im: number) => number): Kernel {
  return (inputs, context) => {
    const { dtype, shape, data } = numericAt(inputs, 0, context)
    const isComplex = dtype === 'complex64' || dtype === 'complex128'
    if (!isComplex && dtype !== 'float32' && dtype !== 'float64') refuseType(context, dtype)
    const pairs = data as NumberArray
    const type = pairs instanceof Float64Array ? 'float64' : 'float32'
    const out = newData(type, shape)
    eachPiece(pairs, out, (from, to) => {
      if (isComplex) for (let i = 0; i < to.length; i++) to[i] = compute(from[2 * i]!, from[2 * i + 1]!)
      else for (let i = 0; i < to.length; i++) to[i] = compute(from[i]!, 0)
    })
    return [result(type, shape, out)]
  }
}
