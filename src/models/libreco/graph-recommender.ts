/** A graph with user and item inputs as the service asks it: scores of the catalogue, then the best. Steps 5 to 7 of the walk. */
import type { Call } from '../../core/call.js'
import { RecserveError } from '../../core/errors.js'
import type { UserFeatures } from '../../core/user.js'
import { type Batcher, createBatcher, type GraphSession } from '../../engines/engine.js'
import { exclude, type TopK, topK, topKOf } from '../../tensor/top-k.js'
import { without } from '../item-vectors.js'
import type { ModelSummary, Query, RankOptions, Recommender } from '../recommender.js'
import type { Population } from './export.js'
import { type FeatureNames, overrideFeatures } from './feature-names.js'
import type { FeatureSide, Features } from './features.js'
import type { GraphFeeds } from './graph-feeds.js'
import type { GraphInputs, UserSide } from './graph-inputs.js'

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

export interface GraphRecommenderOptions {
  readonly summary: ModelSummary
  readonly population: Population
  readonly features: Features
  /** Undefined where the export has no table of them. */
  readonly names: FeatureNames | undefined
  readonly inputs: GraphInputs
  readonly scorer: GraphScorer
  readonly close: () => Promise<void>
}

export function createGraphRecommender(options: GraphRecommenderOptions): Recommender {
  const { summary, population, inputs, scorer } = options
  const { users, catalog, snapshot, popularity } = population
  return {
    summary,
    users,
    catalog,
    sequenceUse: inputs.sequence ? 'everyone' : 'nobody',
    keepsUnknownItems: inputs.sequence !== undefined,
    excludesSequence: false,
    takesFeatures: takesFeatures(options),
    reads: ['consumed'],
    snapshot,
    popularity,

    async rank(query, rankOptions) {
      const { side, warnings } = toUserSide(query, options)
      const best = await rankBy(scorer, side, { ...rankOptions, isGiven: inputs.scoresGiven })
      const isUnknown = query.user === -1 && (inputs.readsUser || side.history.length === 0)
      return {
        ...best,
        ...(isUnknown && { fallback: 'unknown_user' as const }),
        ...(warnings.length > 0 && { warnings }),
      }
    },

    similar: () => undefined,

    close: options.close,
  }
}

/** Whether the graph is told features of users. */
export function takesFeatures({
  features: { sparse, dense },
  inputs: { byAlias },
}: Pick<GraphRecommenderOptions, 'features' | 'inputs'>): boolean {
  const takes = (alias: string) => byAlias.has(alias) || byAlias.has(`user_${alias}`)
  const hasSparse = sparse.user !== undefined && takes('sparse_indices')
  return hasSparse || (dense.user !== undefined && takes('dense_values'))
}

/** An unknown user has the row after the last, as the library gives them. */
export function toUserSide(
  { user, state, sequence, features: given }: Query,
  { population, features, names }: Pick<GraphRecommenderOptions, 'population' | 'features' | 'names'>,
): { readonly side: UserSide; readonly warnings: readonly string[] } {
  const row = user === -1 ? population.users.size : user
  const values = {
    sparse: ownRow(features.sparse.user, row) ?? new Int32Array(0),
    dense: ownRow(features.dense.user, row) ?? new Float32Array(0),
  }
  const warnings = given ? override(values, names, given) : []
  const history = sequence ?? state?.consumed ?? new Int32Array(0)
  return { side: { user: row, ...values, history }, warnings }
}

/** @throws RecserveError `failed_precondition` where the export has no names */
function override(
  values: Parameters<typeof overrideFeatures>[0],
  names: FeatureNames | undefined,
  given: UserFeatures,
): readonly string[] {
  if (names) return overrideFeatures(values, names, given)
  throw new RecserveError(
    'failed_precondition',
    "this model was exported with save_tf, which leaves out the names and values of user features: export it with save_online to send 'user_features', or ask without them",
  )
}

function ownRow<Values extends Int32Array | Float32Array>(
  side: FeatureSide<Values> | undefined,
  row: number,
): Values | undefined {
  if (side === undefined) return undefined
  const width = side.columns.length
  return side.values.slice(row * width, (row + 1) * width) as Values
}

interface BestOptions extends RankOptions {
  /** Whether the graph scores the items it is given. */
  readonly isGiven: boolean
}

async function rankBy(
  scorer: GraphScorer,
  side: UserSide,
  { n, excluded, candidates, call, isGiven }: BestOptions,
): Promise<TopK> {
  if (candidates === undefined) {
    const scores = await scorer.score(side, { call })
    exclude(scores, excluded)
    return topK(scores, n)
  }
  const rows = without(candidates, excluded)
  if (rows.length === 0) return { indices: new Int32Array(0), scores: new Float32Array(0) }
  if (isGiven) return topKOf(rows, await scorer.score(side, { rows, call }), n)
  const scores = await scorer.score(side, { call })
  return topKOf(
    rows,
    Float32Array.from(rows, (row) => scores[row]!),
    n,
  )
}
