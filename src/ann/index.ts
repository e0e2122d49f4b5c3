/** The kinds of vector index there are; only app/ imports this list. */
import { exact } from './exact.js'
import type { VectorIndexKind } from './vector-index.js'

export const vectorIndexKinds = [exact] as const satisfies readonly VectorIndexKind[]
