import type { Ranking, RankOptions, Recommender } from '../models/recommender.js'
import { exclude, topK, topKOf } from '../tensor/top-k.js'

/** What most users have had, as often as the score says; ties go to the lower row. */
export function rankByPopularity({ popularity }: Recommender, options: RankOptions): Ranking {
  const { n, excluded, candidates } = options
  const counts = Float64Array.from(popularity)
  exclude(counts, excluded)
  if (!candidates) return topK(counts, n)
  const picked = Float64Array.from(candidates, (row) => counts[row]!)
  return topKOf(candidates, picked, n)
}
