/** Scores of pairs that a graph is fed one by one: for graphs that no engine has specialised for the catalogue. Step 6 of the walk. */
import type { Call } from '../../core/call.js'
import { RecserveError } from '../../core/errors.js'
import { type Batcher, createBatcher, type GraphSession } from '../../engines/engine.js'
import type { GraphFeeds } from './graph-feeds.js'
import type { UserSide } from './graph-inputs.js'

export interface GraphScorerOptions {
  readonly session: GraphSession
  readonly signature: string
  /** Alias of the output that is a score for each item. */
  readonly output: string
  readonly feeds: GraphFeeds
  readonly itemCount: number
  readonly maxQueued: number
}

/** Scores of items for one user; those of the whole catalogue without rows. */
export interface GraphScorer {
  /** The scores are the caller's own to write to. @throws RecserveError as `Batcher.submit` and `GraphSession.run` */
  score(
    user: UserSide,
    options?: { readonly rows?: Int32Array | undefined; readonly call?: Call | undefined },
  ): Promise<Float32Array>
}

interface Asked {
  readonly user: UserSide
  readonly rows: Int32Array | undefined
  readonly call: Call | undefined
}

/** One run for each request: a run has rows for the whole catalogue already. */
export function createGraphScorer(options: GraphScorerOptions): GraphScorer {
  const { session, signature, output, feeds, itemCount } = options
  const batcher: Batcher<Asked, Float32Array> = createBatcher({
    maxBatchSize: 1,
    maxQueued: options.maxQueued,
    async run(asked) {
      const { user, rows, call } = asked[0]!
      const inputs = feeds.toFeeds(user, rows)
      const run = { signature, inputs, outputs: [output] }
      const { [output]: scores } = await session.run(run, { signal: call?.signal })
      const count = rows?.length ?? itemCount
      if (!(scores?.data instanceof Float32Array) || scores.data.length !== count) {
        const found = scores ? `${scores.dtype} [${scores.shape.join(', ')}]` : 'nothing'
        throw new RecserveError(
          'failed_precondition',
          `the graph answers ${found} to ${count} items: no score for each`,
        )
      }
      return [scores.data.slice()]
    },
  })
  return {
    score: (user, { rows, call } = {}) => batcher.submit({ user, rows, call }, call?.signal),
  }
}
