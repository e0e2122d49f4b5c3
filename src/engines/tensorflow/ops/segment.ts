/** Ops that reduce rows in groups; the kinds are in segment/. */

import type { OpTable } from '../op.js'
import { denseSegmentOps } from './segment/dense.js'
import { sparseSegmentOps } from './segment/sparse.js'

export const segmentOps: OpTable = { ...denseSegmentOps, ...sparseSegmentOps }
