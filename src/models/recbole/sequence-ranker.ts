/** From a sequence to the best items, one way for each kind of scoring. Rows of the catalog are internal ids less one: `[PAD]` is no item. */
import { createBatcher, type Session } from '../../engines/engine.js'
import type { Matrix } from '../../tensor/matrix.js'
import { tensor } from '../../tensor/tensor.js'
import { exclude, type TopK, topK, topKOf } from '../../tensor/top-k.js'
import { type ItemSearch, type ItemVectors, without } from '../item-vectors.js'
import type { RankOptions, Similar, SimilarOptions } from '../recommender.js'
import type { EncoderQuery, Scoring } from './architecture.js'
import { type SequenceEncoder, type SequenceEncoderOptions, toFeeds } from './sequence-encoder.js'

export interface SequenceRanker {
  rank(query: EncoderQuery, options: RankOptions): Promise<TopK>
  /** Absent where items have no vectors to compare. */
  readonly similar?: (item: number, options: SimilarOptions) => Promise<Similar>
}

type Of<Kind extends Scoring['kind']> = Extract<Scoring, { kind: Kind }>

/** The vectors of the catalog's items, with their bias as a last column where there is one. */
export function toItemVectors({ vectors, bias }: Of<'vectors'>): ItemVectors {
  const items = withoutPadding(vectors)
  if (bias === undefined) return { matrix: items, hasBias: false }
  const columns = items.columns + 1
  const values = new Float32Array(items.rows * columns)
  for (let r = 0; r < items.rows; r++) {
    values.set(items.values.subarray(r * items.columns, (r + 1) * items.columns), r * columns)
    values[r * columns + items.columns] = bias[r + 1]!
  }
  return { matrix: { rows: items.rows, columns, values }, hasBias: true }
}

const withoutPadding = ({ rows, columns, values }: Matrix): Matrix => ({
  rows: rows - 1,
  columns,
  values: values.subarray(columns),
})

export function createVectorRanker(
  encoder: SequenceEncoder,
  { search, hasBias }: { readonly search: ItemSearch; readonly hasBias: boolean },
): SequenceRanker {
  return {
    async rank(query, options) {
      const vector = await encoder.encode(query, options.call)
      return search.rank(hasBias ? Float32Array.of(...vector, 1) : vector, options)
    },
    similar: (item, options) => search.similar(item, options),
  }
}

/** score[i] = bias[i] − ‖query − vectors[i]‖₂, every item compared. */
export function createDistanceRanker(
  encoder: SequenceEncoder,
  { vectors, bias }: Of<'distance'>,
): SequenceRanker {
  const items = withoutPadding(vectors)
  const biases = bias.subarray(1)
  return {
    async rank(query, options) {
      const vector = await encoder.encode(query, options.call)
      const scores = new Float32Array(items.rows)
      for (let r = 0; r < items.rows; r++) scores[r] = biases[r]! - distance(items, r, vector)
      return best(scores, options)
    },
  }
}

function distance({ columns, values }: Matrix, row: number, query: Float32Array): number {
  let sum = 0
  for (let c = 0; c < columns; c++) {
    const difference = query[c]! - values[row * columns + c]!
    sum += difference * difference
  }
  return Math.sqrt(sum)
}

/** The graph answers a score for every internal id. */
export function createScoreRanker(encoder: SequenceEncoder): SequenceRanker {
  return {
    async rank(query, options) {
      const scores = await encoder.encode(query, options.call)
      return best(scores.subarray(1), options)
    },
  }
}

/** Candidates in one run: the graph holds several vectors for each of them and each item of the sequence. */
const candidatesAtOnce = 256

/** The graph scores the candidates it is given; without any, all items are. */
export function createCandidateRanker(
  options: SequenceEncoderOptions & { readonly session: Session; readonly itemCount: number },
): SequenceRanker {
  const { session, output, itemCount } = options
  interface Asked {
    readonly query: EncoderQuery
    readonly rows: Int32Array
    readonly signal: AbortSignal | undefined
  }

  async function score({ query, rows, signal }: Asked): Promise<Float32Array> {
    const scores = new Float32Array(rows.length)
    for (let at = 0; at < rows.length; at += candidatesAtOnce) {
      // Whoever waits behind a caller that has left waits for one run at most.
      signal?.throwIfAborted()
      const ids = BigInt64Array.from(rows.subarray(at, at + candidatesAtOnce), (row) => BigInt(row + 1))
      const candidates = tensor('int64', [ids.length], ids)
      const feeds = toFeeds([query], {
        ...options,
        inputs: options.inputs.filter((name) => name !== 'candidates'),
      })
      const answers = await session.run({ ...feeds, candidates }, { signal })
      scores.set(answers[output]!.data as Float32Array, at)
    }
    return scores
  }

  const batcher = createBatcher<Asked, Float32Array>({
    maxBatchSize: 1,
    maxQueued: options.maxQueued,
    run: async ([asked]) => [await score(asked!)],
  })

  const all = Int32Array.from({ length: itemCount - 1 }, (_, row) => row)
  return {
    async rank(query, { n, excluded, candidates, call }) {
      const rows = without(candidates ?? all, excluded)
      const signal = call?.signal
      const scores = await batcher.submit({ query, rows, signal }, signal)
      return topKOf(rows, scores, n)
    },
  }
}

/** Of scores of all rows, which are written to. */
function best(scores: Float32Array, { n, excluded, candidates }: RankOptions): TopK {
  if (candidates) {
    const rows = without(candidates, excluded)
    return topKOf(
      rows,
      Float32Array.from(rows, (row) => scores[row]!),
      n,
    )
  }
  exclude(scores, excluded)
  return topK(scores, n)
}
