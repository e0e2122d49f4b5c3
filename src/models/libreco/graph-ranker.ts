/** The best items for a user: by a catalogue that the graph is specialised for, or by scores of pairs that it is fed. */
import type { Call } from '../../core/call.js'
import { RecserveError } from '../../core/errors.js'
import {
  type Batcher,
  type CatalogueRequest,
  type CatalogueSession,
  createBatcher,
  type GraphSession,
} from '../../engines/engine.js'
import { exclude, type TopK, topK, topKOf } from '../../tensor/top-k.js'
import { without } from '../item-vectors.js'
import type { RankOptions } from '../recommender.js'
import type { GraphFeeds } from './graph-feeds.js'
import type { GraphInputs, UserSide } from './graph-inputs.js'
import type { GraphScorer } from './graph-scorer.js'

export interface GraphRanker {
  /** @throws RecserveError as `Batcher.submit` and a run of the graph */
  rank(user: UserSide, options: RankOptions): Promise<TopK>
}

/** @param scoresGiven whether the graph scores the items that it is given */
export function createScorerRanker(scorer: GraphScorer, scoresGiven: boolean): GraphRanker {
  return {
    async rank(user, { n, excluded, candidates, call }) {
      if (candidates === undefined) {
        const scores = await scorer.score(user, { call })
        exclude(scores, excluded)
        return topK(scores, n)
      }
      const rows = without(candidates, excluded)
      if (rows.length === 0) return nothing()
      if (scoresGiven) return topKOf(rows, await scorer.score(user, { rows, call }), n)
      const scores = await scorer.score(user, { call })
      const own = Float32Array.from(rows, (row) => scores[row]!)
      return topKOf(rows, own, n)
    },
  }
}

export interface CatalogueOptions {
  readonly signature: string
  /** Alias of the output that is a score for each item. */
  readonly output: string
  readonly inputs: GraphInputs
  readonly feeds: GraphFeeds
}

/** Whose the inputs are, with the items' values. */
export function toCatalogueRequest({ signature, output, inputs, feeds }: CatalogueOptions): CatalogueRequest {
  const rows = [...inputs.byAlias].flatMap(([alias, input]) =>
    'width' in input ? [{ alias, ...input }] : [],
  )
  const mixed = rows.flatMap(({ alias, width, item, user }) =>
    item && user ? [[alias, Array.from(user.columns ?? Array(width).keys())] as const] : [],
  )
  return {
    signature,
    output,
    items: feeds.toItemFeeds(),
    users: rows.filter(({ item }) => item === undefined).map(({ alias }) => alias),
    mixed: Object.fromEntries(mixed),
  }
}

/** Undefined where the graph has to run as it is: the engine does not specialise, or not this graph. */
export async function openCatalogue(
  session: GraphSession,
  options: CatalogueOptions,
): Promise<CatalogueSession | undefined> {
  if (!session.specialise || !options.inputs.scoresGiven) return undefined
  try {
    return await session.specialise(toCatalogueRequest(options))
  } catch (error) {
    // A graph that refuses its items says so in its first run, too.
    if (error instanceof RecserveError && error.code !== 'unavailable') return undefined
    throw error
  }
}

interface Asked {
  readonly user: UserSide
  readonly options: RankOptions
}

/** Users of one run: each takes as long as alone, so that none waits long for the others. */
const maxUsers = 16

export function createCatalogueRanker(
  catalogue: CatalogueSession,
  { feeds, maxQueued }: { readonly feeds: GraphFeeds; readonly maxQueued: number },
): GraphRanker {
  const batcher: Batcher<Asked, TopK> = createBatcher({
    maxBatchSize: maxUsers,
    maxQueued,
    run: (asked) => rankAll(catalogue, feeds, asked),
  })
  return { rank: (user, options) => batcher.submit({ user, options }, options.call?.signal) }
}

/** Users who have all items in one run, each who names candidates in one of their own. */
async function rankAll(
  catalogue: CatalogueSession,
  feeds: GraphFeeds,
  asked: readonly Asked[],
): Promise<readonly TopK[]> {
  const whole = asked.filter(({ options }) => options.candidates === undefined)
  const [first, ...others] = await Promise.all([
    whole.length > 0 ? rankTogether(catalogue, feeds, whole) : [],
    ...asked.filter(({ options }) => options.candidates).map((one) => rankTogether(catalogue, feeds, [one])),
  ])
  const [wholes, alone] = [first!.values(), others.flat().values()]
  return asked.map(({ options }) => (options.candidates ? alone : wholes).next().value!)
}

function rankTogether(
  catalogue: CatalogueSession,
  feeds: GraphFeeds,
  asked: readonly Asked[],
): Promise<readonly TopK[]> {
  const { candidates } = asked[0]!.options
  if (candidates?.length === 0) return Promise.resolve([nothing()])
  const calls: readonly (Call | undefined)[] = asked.map(({ options }) => options.call)
  return catalogue.rank(
    {
      users: feeds.toUserFeeds(asked.map(({ user }) => user)),
      k: Int32Array.from(asked, ({ options }) => Math.min(options.n, catalogue.itemCount)),
      excluded: asked.map(({ options }) => options.excluded),
      ...(candidates && { candidates }),
    },
    // Who leaves must not end what others wait for.
    { signal: asked.length === 1 ? calls[0]?.signal : undefined },
  )
}

const nothing = (): TopK => ({ indices: new Int32Array(0), scores: new Float32Array(0) })
