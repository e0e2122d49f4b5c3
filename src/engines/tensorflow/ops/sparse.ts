/** Ops on sparse tensors; the kinds are in sparse/. */

import type { OpTable } from '../op.js'
import { sparseBincount } from './sparse/bincount.js'
import { countOps } from './sparse/counts.js'
import { crossOps } from './sparse/cross.js'
import { denseOps } from './sparse/dense.js'
import { mergeOps } from './sparse/merge.js'
import { orderOps } from './sparse/order.js'
import { productOps } from './sparse/product.js'
import { reductionOps } from './sparse/reduction.js'
import { rowOps } from './sparse/rows.js'
import { setOps } from './sparse/sets.js'

export const sparseOps: OpTable = {
  ...orderOps,
  ...rowOps,
  ...denseOps,
  ...mergeOps,
  ...reductionOps,
  ...productOps,
  ...setOps,
  ...countOps,
  ...crossOps,
  SparseBincount: { kernel: sparseBincount },
}
