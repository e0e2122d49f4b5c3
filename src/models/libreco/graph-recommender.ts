/** A graph with user and item inputs as the service asks it: scores of the catalogue, then the best. Steps 5 to 7 of the walk. */
import { RecserveError } from '../../core/errors.js'
import type { UserFeatures } from '../../core/user.js'
import type { ModelSummary, Query, Recommender } from '../recommender.js'
import type { Population } from './export.js'
import { type FeatureNames, overrideFeatures } from './feature-names.js'
import type { FeatureSide, Features } from './features.js'
import type { GraphInputs, UserSide } from './graph-inputs.js'
import type { GraphRanker } from './graph-ranker.js'

export interface GraphRecommenderOptions {
  readonly summary: ModelSummary
  readonly population: Population
  readonly features: Features
  /** Undefined where the export has no table of them. */
  readonly names: FeatureNames | undefined
  readonly inputs: GraphInputs
  readonly ranker: GraphRanker
  readonly close: () => Promise<void>
}

export function createGraphRecommender(options: GraphRecommenderOptions): Recommender {
  const { summary, population, inputs, ranker } = options
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
      const best = await ranker.rank(side, rankOptions)
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
