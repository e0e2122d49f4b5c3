/** The walk of a recommend request, steps 2 to 8 (docs/architecture.md). */
import type { Call } from '../core/call.js'
import { MissingField, RecserveError } from '../core/errors.js'
import type { ServableId } from '../core/servable.js'
import type { Stage } from '../core/stage-events.js'
import type { UserState } from '../core/user.js'
import type { Lent } from '../lifecycle/manager.js'
import type { Ranking, RankOptions, Recommender } from '../models/recommender.js'
import { concatRows, noRows, type Rows, toAllRows, toItems, toRows } from './items.js'
import { rankByPopularity } from './popular.js'
import { recommenderOf } from './recommender-of.js'
import type { Fallback, RecommendRequest, RecommendResponse, Service, ServiceOptions } from './service.js'

/** A request in the rows of the version that answers it. */
interface Resolved {
  readonly user: number
  readonly sequence: Rows
  readonly exclude: Rows
  readonly candidates: Rows | undefined
}

type Lending = Lent<Recommender>

interface Asked {
  readonly request: RecommendRequest
  readonly state: UserState | undefined
  readonly options: RankOptions
}

type Answer = Omit<Ranking, 'fallback'> & { readonly fallback?: Fallback }

export function createRecommend(options: ServiceOptions): Service['recommend'] {
  const { manager, store, onEvent, now } = options

  /** Does one step of the walk and tells how long it took. */
  async function timed<T>(stage: Stage, { model }: ServableId, work: () => T | Promise<T>): Promise<T> {
    const started = now()
    const result = await work()
    onEvent({ type: 'stage', stage, model, durationMs: now() - started })
    return result
  }

  async function answer(
    { servable, loaded }: Lending,
    request: RecommendRequest,
    call: Call,
  ): Promise<RecommendResponse> {
    if (loaded.needsUser && request.user === undefined) throw userMissing(servable, loaded)
    const resolved = resolve(loaded, request)
    const reading =
      request.user === undefined ? undefined : store.readUser(servable, request.user, loaded.reads)
    const state = reading instanceof Promise ? await timed('read_user', servable, () => reading) : reading
    const rankOptions = toRankOptions(request, resolved, { loaded, state, call })
    const ranking = await timed('rank', servable, () =>
      rank({ servable, loaded }, resolved, { request, state, options: rankOptions }),
    )
    if (ranking.fallback) onEvent({ type: 'fallback', model: servable.model, fallback: ranking.fallback })
    return toResponse({ servable, loaded }, { request, resolved, ranking })
  }

  async function rank(
    { servable, loaded }: Lending,
    { user, sequence }: Resolved,
    { request, state, options: rankOptions }: Asked,
  ): Promise<Answer> {
    const isUsed = usesSequence(loaded, user)
    const isUnknownSequence = isUsed && sequence.rows.length === 0 && sequence.unknown > 0
    if (!isUnknownSequence) {
      const query = {
        user,
        state,
        sequence: isUsed && sequence.rows.length > 0 ? sequence.rows : undefined,
        features:
          loaded.takesFeatures && hasFeatures(request.userFeatures) ? request.userFeatures : undefined,
      }
      const ranking = await loaded.rank(query, rankOptions)
      // Where nothing can be told of a known user, the fallback says more than an empty list.
      const isEnough = options.fallback === 'none' || rankOptions.n === 0
      if (ranking && (isEnough || ranking.indices.length > 0)) return ranking
    }
    if (options.fallback === 'popular')
      return { ...rankByPopularity(loaded, rankOptions), fallback: 'popular' }
    const unknownItems = isUnknownSequence ? (request.sequence ?? []) : []
    throw new RecserveError('not_found', whyNot({ servable, loaded }, { user, unknownItems }))
  }

  return (request, call = {}) => {
    const isForSomebody =
      request.user !== undefined || request.sequence?.length || hasFeatures(request.userFeatures)
    if (!isForSomebody && options.fallback === 'none') {
      const error = new RecserveError(
        'invalid_argument',
        "whom for? send 'user', or a 'sequence' of item ids; or 'user_features', to a model that takes some",
      )
      return Promise.reject(error)
    }
    return manager.use(request.model, ({ servable, loaded }) =>
      answer({ servable, loaded: recommenderOf(servable, loaded) }, request, call),
    )
  }
}

/** Whether a sequence changes what this user is answered. */
function usesSequence({ sequenceUse }: Recommender, user: number): boolean {
  return sequenceUse === 'everyone' || (sequenceUse === 'unknown_users' && user === -1)
}

const hasFeatures = (features: RecommendRequest['userFeatures']): boolean =>
  features !== undefined && Object.keys(features).length > 0

function whyNot(
  { servable: { model }, loaded: { summary, sequenceUse, needsUser } }: Lending,
  { user, unknownItems }: { readonly user: number; readonly unknownItems: readonly string[] },
): string {
  if (unknownItems.length > 0)
    return `model '${model}' knows none of the items in 'sequence': ${listed(unknownItems)}`
  const popular = 'serve with --fallback popular'
  const hint =
    sequenceUse === 'nobody' || needsUser ? popular : `send a 'sequence' of item ids, or ${popular}`
  const what = user === -1 ? 'does not know this user' : 'knows no history of this user'
  return `model '${model}' (${summary.algorithm}) ${what}; ${hint}`
}

function userMissing({ model }: ServableId, { summary }: Recommender): RecserveError {
  const why = `model '${model}' (${summary.algorithm}) scores items for one of its users: send 'user', too`
  return new RecserveError('invalid_argument', why, { cause: new MissingField('user') })
}

const maxListed = 10
const maxShown = 64

function listed(ids: readonly string[]): string {
  const shown = ids
    .slice(0, maxListed)
    .map((id) => `'${id.length > maxShown ? `${id.slice(0, maxShown)}...` : id}'`)
  return shown.join(', ') + (ids.length > maxListed ? ` and ${ids.length - maxListed} more` : '')
}

function resolve({ users, catalog, keepsUnknownItems }: Recommender, request: RecommendRequest): Resolved {
  return {
    user: request.user === undefined ? -1 : users.indexOf(request.user),
    sequence: (keepsUnknownItems ? toAllRows : toRows)(catalog, request.sequence),
    exclude: toRows(catalog, request.exclude),
    candidates: request.candidates && toRows(catalog, request.candidates),
  }
}

function toRankOptions(
  { n, includeConsumed = false, excludeSequence }: RecommendRequest,
  { sequence, exclude, candidates }: Resolved,
  { loaded, state, call }: { loaded: Recommender; state: UserState | undefined; call: Call },
): RankOptions {
  // What a sequence names has been had, too, unless the library that trained the model sees it otherwise.
  const { excludesSequence = true } = loaded
  const isSequenceExcluded = excludeSequence ?? (excludesSequence && !includeConsumed)
  return {
    n,
    excluded: concatRows(
      includeConsumed ? noRows : (state?.consumed ?? noRows),
      isSequenceExcluded ? sequence.rows : noRows,
      exclude.rows,
    ),
    candidates: candidates && Int32Array.from(new Set(candidates.rows)),
    call,
  }
}

function toResponse(
  { servable, loaded }: Lending,
  { request, resolved, ranking }: { request: RecommendRequest; resolved: Resolved; ranking: Answer },
): RecommendResponse {
  const items = toItems(loaded.catalog, ranking)
  const warnings = warningsOf(loaded, { request, resolved, ranking })
  const shortfall = request.n - items.length
  const unknownItems =
    resolved.sequence.unknown + resolved.exclude.unknown + (resolved.candidates?.unknown ?? 0)
  return {
    servable,
    items,
    ...(shortfall > 0 && { shortfall }),
    ...(ranking.fallback && { fallback: ranking.fallback }),
    ...(unknownItems > 0 && { unknownItems }),
    ...(warnings.length > 0 && { warnings }),
  }
}

/** What of a request does not count in its answer. */
function warningsOf(
  loaded: Recommender,
  { request, resolved, ranking }: { request: RecommendRequest; resolved: Resolved; ranking: Answer },
): readonly string[] {
  const isSequenceIgnored = (request.sequence?.length ?? 0) > 0 && !usesSequence(loaded, resolved.user)
  const areFeaturesIgnored = hasFeatures(request.userFeatures) && !loaded.takesFeatures
  return [
    ...(isSequenceIgnored ? [sequenceIgnored(loaded)] : []),
    ...(areFeaturesIgnored
      ? [`user_features are not used: this ${loaded.summary.algorithm} takes none`]
      : []),
    ...(ranking.warnings ?? []),
  ]
}

const sequenceIgnored = ({ summary, sequenceUse }: Recommender) =>
  sequenceUse === 'nobody'
    ? `sequence is not used: ${summary.algorithm} takes none`
    : `sequence is not used: ${summary.algorithm} answers a known user from the vector it learned for them`
