/** Ops that move elements and ask for shapes; the kinds are in array/. */

import type { OpTable } from '../op.js'
import { fillOps } from './array/fill.js'
import { gatherOps } from './array/gather.js'
import { joinOps } from './array/join.js'
import { matrixDiagOps } from './array/matrix-diag.js'
import { padOps } from './array/pad.js'
import { partitionOps } from './array/partition.js'
import { passOps } from './array/pass.js'
import { permuteOps } from './array/permute.js'
import { scatterOps } from './array/scatter.js'
import { searchOps } from './array/search.js'
import { selectOps } from './array/select.js'
import { sequenceOps } from './array/sequence.js'
import { shapeOps } from './array/shape.js'
import { sliceOps } from './array/slice.js'
import { spaceOps } from './array/space.js'
import { splitOps } from './array/split.js'
import { uniqueOps } from './array/unique.js'

export const arrayOps: OpTable = {
  ...passOps,
  ...shapeOps,
  ...fillOps,
  ...sequenceOps,
  ...joinOps,
  ...splitOps,
  ...sliceOps,
  ...gatherOps,
  ...scatterOps,
  ...permuteOps,
  ...padOps,
  ...selectOps,
  ...uniqueOps,
  ...searchOps,
  ...partitionOps,
  ...matrixDiagOps,
  ...spaceOps,
}
