/** The walk of a recommend request, steps 2 to 8 (docs/architecture.md). */
import type { Call } from '../core/call.js'
import { RecserveError } from '../core/errors.js'
import type { ServableId } from '../core/servable.js'
import type { Stage } from '../core/stage-events.js'
import type { UserState } from '../core/user.js'
import type { Lent } from '../lifecycle/manager.js'
import type { Ranking, RankOptions, Recommender } from '../models/recommender.js'
import { concatRows, noRows, type Rows, toItems, toRows } from './items.js'
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
    const resolved = resolve(loaded, request)
    const reading =
      request.user === undefined ? undefined : store.readUser(servable, request.user, loaded.reads)
    const state = reading instanceof Promise ? await timed('read_user', servable, () => reading) : reading
    const rankOptions = toRankOptions(request, resolved, { state, call })
    const ranking = await timed('rank', servable, () =>
      rank({ servable, loaded }, resolved, { state, options: rankOptions }),
    )
    if (ranking.fallback) onEvent({ type: 'fallback', model: servable.model, fallback: ranking.fallback })
    return toResponse({ servable, loaded }, { request, resolved, ranking })
  }

  async function rank(
    { servable, loaded }: Lending,
    { user, sequence }: Resolved,
    { state, options: rankOptions }: { state: UserState | undefined; options: RankOptions },
  ): Promise<Answer> {
    const isUsed = usesSequence(loaded, user)
    const isUnknownSequence = isUsed && sequence.rows.length === 0 && sequence.unknown > 0
    if (!isUnknownSequence) {
      const query = { user, state, sequence: isUsed && sequence.rows.length > 0 ? sequence.rows : undefined }
      const ranking = await loaded.rank(query, rankOptions)
      // Where nothing can be told of a known user, the fallback says more than an empty list.
      const isEnough = options.fallback === 'none' || rankOptions.n === 0
      if (ranking && (isEnough || ranking.indices.length > 0)) return ranking
    }
    if (options.fallback === 'popular')
      return { ...rankByPopularity(loaded, rankOptions), fallback: 'popular' }
    const unknownItems = isUnknownSequence ? sequence.unknown : 0
    throw new RecserveError('not_found', whyNot(servable, loaded, unknownItems))
  }

  return (request, call = {}) => {
    if (request.user === undefined && !request.sequence?.length && options.fallback === 'none') {
      const error = new RecserveError(
        'invalid_argument',
        "whom for? send 'user', or a 'sequence' of item ids",
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

function whyNot({ model }: ServableId, { summary, sequenceUse }: Recommender, unknownItems: number): string {
  if (unknownItems > 0) return `model '${model}' knows none of the ${unknownItems} items in 'sequence'`
  const popular = 'serve with --fallback popular'
  const hint = sequenceUse === 'nobody' ? popular : `send a 'sequence' of item ids, or ${popular}`
  return `model '${model}' (${summary.algorithm}) does not know this user; ${hint}`
}

function resolve({ users, catalog }: Recommender, request: RecommendRequest): Resolved {
  return {
    user: request.user === undefined ? -1 : users.indexOf(request.user),
    sequence: toRows(catalog, request.sequence),
    exclude: toRows(catalog, request.exclude),
    candidates: request.candidates && toRows(catalog, request.candidates),
  }
}

function toRankOptions(
  { n, includeConsumed }: RecommendRequest,
  { sequence, exclude, candidates }: Resolved,
  { state, call }: { state: UserState | undefined; call: Call },
): RankOptions {
  // What a sequence names has been had, too.
  const consumed = includeConsumed ? [] : [state?.consumed ?? noRows, sequence.rows]
  return {
    n,
    excluded: concatRows(...consumed, exclude.rows),
    candidates: candidates && Int32Array.from(new Set(candidates.rows)),
    call,
  }
}

function toResponse(
  { servable, loaded }: Lending,
  { request, resolved, ranking }: { request: RecommendRequest; resolved: Resolved; ranking: Answer },
): RecommendResponse {
  const items = toItems(loaded.catalog, ranking)
  const isIgnored = (request.sequence?.length ?? 0) > 0 && !usesSequence(loaded, resolved.user)
  const shortfall = request.n - items.length
  const unknownItems =
    resolved.sequence.unknown + resolved.exclude.unknown + (resolved.candidates?.unknown ?? 0)
  return {
    servable,
    items,
    ...(shortfall > 0 && { shortfall }),
    ...(ranking.fallback && { fallback: ranking.fallback }),
    ...(unknownItems > 0 && { unknownItems }),
    ...(isIgnored && { warnings: [sequenceIgnored(loaded)] }),
  }
}

const sequenceIgnored = ({ summary, sequenceUse }: Recommender) =>
  sequenceUse === 'nobody'
    ? `sequence is not used: ${summary.algorithm} answers from the histories of similar users`
    : `sequence is not used: ${summary.algorithm} answers a known user from the vector it learned for them`
