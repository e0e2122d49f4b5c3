/** Every lowering there is, by TensorFlow's op name: the second entries of the rows in `ops/`. */
import { elementwiseLowerings } from './elementwise.js'
import type { Lowering } from './lowering.js'
import { productLowerings } from './products.js'
import { reductionLowerings } from './reductions.js'
import { shapeLowerings } from './shapes.js'
import { sliceLowerings } from './slices.js'

export const lowerings: ReadonlyMap<string, Lowering> = new Map([
  ...Object.entries(elementwiseLowerings),
  ...Object.entries(reductionLowerings),
  ...Object.entries(productLowerings),
  ...Object.entries(shapeLowerings),
  ...Object.entries(sliceLowerings),
])
