/** Complex numbers made of real ones, and taken apart. */

import { planBroadcast } from '../../../../tensor/broadcast.js'
import type { Kernel } from '../../op.js'
import { type NumberArray, numericAt, numericPair, refuseType, result, zeros } from './arguments.js'

/** `real` and `imag`, broadcast. */
export const complex: Kernel = (inputs, context) => {
  const [re, im] = numericPair(inputs, context)
  if (re.dtype !== 'float32' && re.dtype !== 'float64') return refuseType(context, re.dtype)
  const plan = planBroadcast(re.shape, im.shape)
  const dtype = re.dtype === 'float64' ? 'complex128' : 'complex64'
  const out = zeros(dtype, plan.shape, context) as NumberArray
  for (let r = 0, k = 0; r < plan.rows; r++) {
    let i = plan.aStarts[r]!
    let j = plan.bStarts[r]!
    for (let n = 0; n < plan.width; n++, k += 2, i += plan.aStep, j += plan.bStep) {
      out[k] = Number(re.data[i])
      out[k + 1] = Number(im.data[j])
    }
  }
  return [result(dtype, plan.shape, out)]
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
    const out = zeros(type, shape, context)
    if (isComplex) for (let i = 0; i < out.length; i++) out[i] = compute(pairs[2 * i]!, pairs[2 * i + 1]!)
    else for (let i = 0; i < out.length; i++) out[i] = compute(pairs[i]!, 0)
    return [result(type, shape, out)]
  }
}
