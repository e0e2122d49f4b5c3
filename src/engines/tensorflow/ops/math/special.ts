/** Special functions as kernels. */

import { broadcastShape, broadcastTo } from '../../../../tensor/broadcast.js'
import type { Kernel } from '../../op.js'
import { spend } from '../../run-limits.js'
import { newData } from '../new-data.js'
import { type NumberArray, numericAt, refuse, refuseType, result } from './arguments.js'
import { floatFunction } from './binary-functions.js'
import * as errorFunction from './error-function.js'
import * as gammaFunction from './gamma-function.js'
import { floatMap } from './unary.js'
import * as zetaFunction from './zeta-function.js'

export const erf: Kernel = floatMap(errorFunction.erf)
export const erfc: Kernel = floatMap(errorFunction.erfc)
export const erfinv: Kernel = floatMap(errorFunction.erfinv)
export const ndtri: Kernel = floatMap(errorFunction.ndtri)
export const lgamma: Kernel = floatMap(gammaFunction.lgamma)
export const digamma: Kernel = floatMap(gammaFunction.digamma)
export const igamma: Kernel = floatFunction(gammaFunction.igamma)
export const igammac: Kernel = floatFunction(gammaFunction.igammac)
export const zeta: Kernel = floatFunction(zetaFunction.zeta)
export const polygamma: Kernel = floatFunction(zetaFunction.polygamma)

/** Of a continued fraction, about. */
const seriesTerms = 16

/** Of three inputs, broadcast. */
export const betainc: Kernel = (inputs, context) => {
  const tensors = [0, 1, 2].map((index) => numericAt(inputs, index, context))
  const { dtype } = tensors[0]!
  if (dtype !== 'float32' && dtype !== 'float64') return refuseType(context, dtype)
  if (tensors.some((tensor) => tensor.dtype !== dtype)) refuse(context, 'takes three of one dtype')
  const shape = tensors.map((tensor) => tensor.shape).reduce(broadcastShape)
  const [a, b, x] = tensors.map((tensor) => broadcastTo(tensor.data as NumberArray, tensor.shape, shape))
  const out = newData(dtype, shape)
  for (let i = 0; i < out.length; i++) {
    spend(seriesTerms)
    out[i] = gammaFunction.betainc(a![i]!, b![i]!, x![i]!)
  }
  return [result(dtype, shape, out)]
}
