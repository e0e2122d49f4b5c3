/** Gradients of functions that are computed from their results: what is left of training in some exported graphs. */

import type { Kernel } from '../../op.js'
import { floatFunction } from './binary-functions.js'

/** Inputs: y, the function's result, and dy. */
export const sigmoidGrad: Kernel = floatFunction((y, dy) => dy * y * (1 - y))
export const tanhGrad: Kernel = floatFunction((y, dy) => dy * (1 - y * y))
export const sqrtGrad: Kernel = floatFunction((y, dy) => (dy * 0.5) / y)
export const rsqrtGrad: Kernel = floatFunction((y, dy) => dy * -0.5 * y * y * y)
export const reciprocalGrad: Kernel = floatFunction((y, dy) => -dy * y * y)
