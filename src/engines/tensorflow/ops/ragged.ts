/** Ops on ragged tensors; the kinds are in ragged/. */

import type { OpTable, StatefulOpTable } from '../op.js'
import { raggedCross } from './ragged/cross.js'
import { raggedGather } from './ragged/gather.js'
import { raggedRange } from './ragged/range.js'
import { raggedToSparse } from './ragged/to-sparse.js'
import { raggedToTensor } from './ragged/to-tensor.js'
import { raggedVariantOps } from './ragged/variant.js'
import { raggedBincount } from './sparse/bincount.js'

export const raggedOps: OpTable = {
  RaggedTensorToTensor: { kernel: raggedToTensor },
  RaggedTensorToSparse: { kernel: raggedToSparse },
  RaggedRange: { kernel: raggedRange },
  RaggedGather: { kernel: raggedGather },
  RaggedBincount: { kernel: raggedBincount },
  RaggedCross: { kernel: raggedCross },
}

/** Stateful in that they make and take variants. */
export const raggedStatefulOps: StatefulOpTable = raggedVariantOps
