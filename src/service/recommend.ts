/** The walk of a recommend request, steps 2 to 8 (docs/architecture.md). */
import type { Call } from '../core/call.js'
import { RecserveError } from '../core/errors.js'
import type { ServableId } from '../core/servable.js'
import type { Stage } from '../core/stage-events.js'
import type { UserState } from '../core/user.js'
import type { Lent } from '../lifecycle/manager.js'
import type { Ranking, RankOptions, Recommender } from '../models/recommender.js'
import { exclude, topK, topKOf } from '../tensor/top-k.js'
import { concatRows, type Rows, toItems, toRows } from './items.js'
import type { Fallback, RecommendRequest, RecommendResponse, Service, ServiceOptions } from './service.js'

/** A request in the rows of the version that answers it. */
interface Resolved {
  readonly user: number
  readonly sequence: Rows
  readonly exclude: Rows
  readonly candidates: Rows | undefined
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
    { servable, loaded }: Lent<Recommender>,
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
    { servable, loaded }: Lent<Recommender>,
    resolved: Resolved,
    { state, options: rankOptions }: { state: UserState | undefined; options: RankOptions },
  ): Promise<Answer> {
    const { rows, unknown } = resolved.sequence
    const isUnknownSequence = rows.length === 0 && unknown > 0
    if (!isUnknownSequence) {
      const sequence = rows.length > 0 ? rows : undefined
      const ranking = await loaded.rank({ user: resolved.user, state, sequence }, rankOptions)
      // Where nothing can be told of a known user, the fallback says more than an empty list.
      if (ranking && (ranking.indices.length > 0 || options.fallback === 'none' || rankOptions.n === 0))
        return ranking
    }
    if (options.fallback === 'popular') return popular(loaded, rankOptions)
    if (isUnknownSequence) {
      throw new RecserveError(
        'not_found',
        `model '${servable.model}' knows none of the ${unknown} items in 'sequence'`,
      )
    }
    throw new RecserveError(
      'not_found',
      `model '${servable.model}' (${loaded.summary.algorithm}) does not know this user${hintFor(loaded)}`,
    )
  }

  return (request, call = {}) => {
    if (request.user === undefined && !request.sequence?.length && options.fallback === 'none') {
      const error = new RecserveError(
        'invalid_argument',
        "whom for? send 'user', or a 'sequence' of item ids",
      )
      return Promise.reject(error)
    }
    return manager.use(request.model, (lent) => answer(lent, request, call))
  }
}

function hintFor({ summary }: Recommender): string {
  const popular = 'serve with --fallback popular'
  return summary.algorithm === 'UserCF' ? `; ${popular}` : `; send a 'sequence' of item ids, or ${popular}`
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
  // Without a stored history the sequence is the history: what it names has been had.
  const consumed = includeConsumed ? undefined : (state?.consumed ?? sequence.rows)
  return {
    n,
    excluded: consumed ? concatRows(consumed, exclude.rows) : exclude.rows,
    candidates: candidates && Int32Array.from(new Set(candidates.rows)),
    call,
  }
}

/** What most users have had, as often as the score says; ties go to the lower row. */
function popular({ popularity }: Recommender, { n, excluded, candidates }: RankOptions): Answer {
  const counts = Float64Array.from(popularity)
  exclude(counts, excluded)
  const best = candidates
    ? topKOf(
        candidates,
        Float64Array.from(candidates, (row) => counts[row]!),
        n,
      )
    : topK(counts, n)
  return { ...best, fallback: 'popular' }
}

function toResponse(
  { servable, loaded }: Lent<Recommender>,
  { request, resolved, ranking }: { request: RecommendRequest; resolved: Resolved; ranking: Answer },
): RecommendResponse {
  const items = toItems(loaded.catalog, ranking)
  const shortfall = request.n - items.length
  const unknownItems =
    resolved.sequence.unknown + resolved.exclude.unknown + (resolved.candidates?.unknown ?? 0)
  return {
    servable,
    items,
    ...(shortfall > 0 && { shortfall }),
    ...(ranking.fallback && { fallback: ranking.fallback }),
    ...(unknownItems > 0 && { unknownItems }),
    ...(ranking.warnings && { warnings: ranking.warnings }),
  }
}
