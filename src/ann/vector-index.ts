/** Vectors in, nearest item rows out: the front door of `ann/`. */

import type { Call } from '../core/call.js'
import type { StageListener } from '../core/stage-events.js'
import type { Engine } from '../engines/engine.js'
import type { Matrix } from '../tensor/matrix.js'
import type { TopK } from '../tensor/top-k.js'

export interface SearchOptions {
  /** How many rows at most; 0 or more. */
  readonly k: number
  /** Rows that must not be answered, in any order, repeats allowed. They go in before selection, so k rows remain whenever there are k. */
  readonly excluded: Int32Array
  /** Multiply each row's score by the index's `scale` (how cosine similarity is asked for). */
  readonly scaled?: boolean
  readonly call?: Call | undefined
}

/** Finds the rows of a matrix with the largest inner product with a query. */
export interface VectorIndex {
  /** Name of the kind that built it, e.g. `exact`. */
  readonly kind: string
  readonly count: number
  readonly width: number
  /**
   * The k best rows for `query` (length `width`), best first; equal scores: the lower row first. Fewer than k only where
   * fewer rows remain (an approximate index may say fewer).
   * @throws RecserveError `unavailable` when the queue is full or the inference process died under it.
   */
  search(query: Float32Array, options: SearchOptions): Promise<TopK> | TopK
  close(): Promise<void>
}

export interface VectorSource {
  /** One row per item, [items, width] float32. Kept by the index, not copied: do not write to it. */
  readonly vectors: Matrix
  /** One factor per item for scaled searches, length `items`; without it scaled searches are refused. */
  readonly scale?: Float32Array
  /** Path of an index file the training library wrote beside the vectors, for kinds that read one. */
  readonly file?: string
}

export interface IndexTools {
  readonly engine: Engine
  /** How many searches of one index may wait; one more is refused as `unavailable`. Searches that never wait have no use for it. */
  readonly maxQueued?: number
  /** Told of every run of coalesced searches. */
  readonly onEvent?: StageListener
  readonly signal?: AbortSignal
}

/** One way to search: a line in `ann/index.ts`. */
export interface VectorIndexKind {
  readonly name: string
  /** Whether it reads `VectorSource.file` and cannot do without. */
  readonly needsFile?: boolean
  /** @throws RecserveError `failed_precondition` when the source does not hold what this kind needs. */
  build(source: VectorSource, tools: IndexTools): Promise<VectorIndex>
}
