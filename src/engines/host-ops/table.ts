import type { HostOp } from './host-op.js'
import { topKExcluding } from './top-k-excluding.js'

/** Every host op there is. */
export const hostOps = [topKExcluding] as const satisfies readonly HostOp[]
