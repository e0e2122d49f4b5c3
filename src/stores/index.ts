import { memory } from './memory.js'
import type { StoreKind } from './store.js'

/** The kinds of store there are; the first is the default. */
export const storeKinds = [memory] as const satisfies readonly StoreKind[]
