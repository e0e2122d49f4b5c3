/** The kinds of vector index there are; only app/ imports this list. */
import { exact } from './exact.js'
import { faiss } from './faiss.js'
import type { VectorIndexKind } from './vector-index.js'

export const vectorIndexKinds = [exact, faiss] as const satisfies readonly VectorIndexKind[]
