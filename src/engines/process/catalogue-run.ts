/** A run of a catalogue and its answer as the tensors of frames, in the serving process. */
import type { NamedAnyTensors } from '../../tensor/any-tensor.js'
import { type NamedTensors, tensor } from '../../tensor/tensor.js'
import type { TopK } from '../../tensor/top-k.js'
import type { CatalogueRun } from '../engine.js'

/** No alias can be taken for one of the run's own tensors. */
export const userPrefix = 'user '

export function packCatalogueRun({ users, k, excluded, candidates }: CatalogueRun): NamedAnyTensors {
  const named = Object.entries(users).map(([alias, value]) => [userPrefix + alias, value] as const)
  const offsets = new Int32Array(excluded.length + 1)
  for (const [u, rows] of excluded.entries()) offsets[u + 1] = offsets[u]! + rows.length
  const all = new Int32Array(offsets.at(-1)!)
  for (const [u, rows] of excluded.entries()) all.set(rows, offsets[u])
  return {
    ...Object.fromEntries(named),
    k: tensor('int32', [k.length], k as Int32Array<ArrayBuffer>),
    excluded_offsets: tensor('int32', [offsets.length], offsets),
    excluded: tensor('int32', [all.length], all),
    ...(candidates && {
      candidates: tensor('int32', [candidates.length], candidates as Int32Array<ArrayBuffer>),
    }),
  }
}

/** The ragged answer of `top_k_excluding`, by user. */
export function toRankings(answer: NamedAnyTensors): readonly TopK[] {
  const { offsets, indices, scores } = answer as NamedTensors
  const ends = offsets?.data
  const isRanking =
    ends instanceof Int32Array && indices?.data instanceof Int32Array && scores?.data instanceof Float32Array
  if (!isRanking) throw new Error('an answer that is no ranking: this is a bug')
  const [rows, values] = [indices.data as Int32Array, scores.data as Float32Array]
  return Array.from({ length: ends.length - 1 }, (_, u) => ({
    indices: rows.slice(ends[u], ends[u + 1]),
    scores: values.slice(ends[u], ends[u + 1]),
  }))
}
