/** Exact search in the inference process, step 6 of the walk: waiting queries become one matrix product per shard. */
import { createBatcher, type Graph, type Session } from '../engines/engine.js'
import { encodeModel } from '../formats/onnx/encode-model.js'
import type { Matrix } from '../tensor/matrix.js'
import { type NamedTensors, type Tensor, tensor } from '../tensor/tensor.js'
import { type TopK, topK } from '../tensor/top-k.js'
import type { Search } from './kernel-search.js'
import type { IndexTools, SearchOptions } from './vector-index.js'

/** Consecutive rows of the matrix, in a session of their own. */
interface Shard {
  readonly begin: number
  readonly end: number
  readonly session: Session
}

interface Query extends SearchOptions {
  readonly values: Float32Array
}

/**
 * Rows of one shard: scores of a batch stay in the core's cache between product and selection. At 1M x 64 and batch 16 that
 * is 4.6 ms a query against 8.5 ms in one piece, and as fast as selecting with TopK in the graph (4.5 ms; at 100k TopK was
 * 1.1 times faster at best), which knows no exclusions, no k per row and no NaN. Opening a shard takes 50 ms, in which no
 * other session can run; 1M rows in one piece take 1.4 to 2 s.
 */
const shardRows = 65_536
/** Each shard costs a hop and, with several threads, a pool of them. */
const maxShards = 32
/** An ONNX model ends at 2 GiB. */
const maxShardBytes = 2 ** 30
/** Throughput at 3.7k / 10k / 100k x 64 with 16, 32, 64: 39, 29, 24 / 61, 49, 49 / 454, 423, 411 us a query. */
const maxBatch = 64
/** Scores of one shard and batch. At twice this they leave the cache: 8.2 instead of 4.2 ms a query at 1M x 64. */
const maxScoreBytes = 16 * 2 ** 20
/** 16 full batches: where one takes longest (1M x 64, 0.25 s), four seconds of waiting. */
const defaultMaxQueued = 16 * maxBatch

export interface EngineSearch {
  readonly search: Search
  close(): Promise<void>
}

/** @throws RecserveError as `Engine.open`. */
export async function openEngineSearch(
  vectors: Matrix,
  scale: Float32Array | undefined,
  tools: IndexTools & { readonly shardRows?: number },
): Promise<EngineSearch> {
  const rows = rowsPerShard(vectors, tools.shardRows ?? shardRows)
  const shards: Shard[] = []
  const close = async (): Promise<void> => {
    await Promise.all(shards.map((shard) => shard.session.close()))
  }
  try {
    for (let begin = 0; begin < vectors.rows; begin += rows) {
      tools.signal?.throwIfAborted()
      const end = Math.min(begin + rows, vectors.rows)
      const build = (): Graph => shardGraph(vectors, scale, { begin, end })
      shards.push({ begin, end, session: await tools.engine.open(`exact search, rows from ${begin}`, build) })
    }
  } catch (error) {
    await close()
    throw error
  }
  const batcher = createBatcher<Query, TopK>({
    maxBatchSize: Math.max(1, Math.min(maxBatch, Math.floor(maxScoreBytes / (4 * rows)))),
    maxQueued: tools.maxQueued ?? defaultMaxQueued,
    async run(queries) {
      const started = performance.now()
      const found = await searchShards(shards, queries, {
        width: vectors.columns,
        scales: scale !== undefined,
      })
      tools.onEvent?.({ type: 'batch', size: queries.length, durationMs: performance.now() - started })
      return found
    },
  })
  return { search: (values, options) => batcher.submit({ ...options, values }, options.call?.signal), close }
}

function rowsPerShard({ rows, columns }: Matrix, leastRows: number): number {
  const wanted = Math.max(leastRows, Math.ceil(rows / maxShards))
  return Math.max(1, Math.min(rows, wanted, Math.floor(maxShardBytes / (4 * columns))))
}

function shardGraph(
  { values, columns }: Matrix,
  scale: Float32Array | undefined,
  { begin, end }: { readonly begin: number; readonly end: number },
): Graph {
  const rows = end - begin
  const vectors = tensor(
    'float32',
    [rows, columns],
    values.subarray(begin * columns, end * columns) as Float32Array<ArrayBuffer>,
  )
  const onnx = encodeModel({
    graph: {
      name: 'exact_search',
      nodes: [
        {
          op: 'Gemm',
          inputs: ['queries', 'vectors'],
          outputs: ['scores'],
          attributes: { transB: { int: 1 } },
        },
      ],
      inputs: [{ name: 'queries', dtype: 'float32', shape: ['batch', columns] }],
      outputs: [{ name: 'scores', dtype: 'float32', shape: ['batch', rows] }],
      initialisers: { vectors },
    },
  })
  const inputs = ['scores', 'k', 'excluded_offsets', 'excluded']
  const outputs = ['offsets', 'indices', 'best']
  const select = { op: 'top_k_excluding', inputs, outputs }
  if (!scale) return { onnx, hostOps: [select], outputs }
  const constants = { scale: tensor('float32', [rows], scale.slice(begin, end)) }
  return { onnx, hostOps: [{ ...select, inputs: [...inputs, 'scaled', 'scale'], constants }], outputs }
}

async function searchShards(
  shards: readonly Shard[],
  queries: readonly Query[],
  { width, scales }: { readonly width: number; readonly scales: boolean },
): Promise<readonly TopK[]> {
  const values = new Float32Array(queries.length * width)
  for (const [i, query] of queries.entries()) values.set(query.values, i * width)
  const shared: Record<string, Tensor> = { queries: tensor('float32', [queries.length, width], values) }
  if (scales) {
    shared.scaled = tensor(
      'bool',
      [queries.length],
      Uint8Array.from(queries, (query) => (query.scaled ? 1 : 0)),
    )
  }
  const answers = await Promise.all(
    shards.map((shard) => shard.session.run({ ...shared, ...selectionFeeds(shard, queries) })),
  )
  return queries.map((query, i) =>
    merge(
      shards,
      answers.map((answer) => rowOf(answer, i)),
      query.k,
    ),
  )
}

function selectionFeeds({ begin, end }: Shard, queries: readonly Query[]): NamedTensors {
  const k = Int32Array.from(queries, (query) => Math.min(query.k, end - begin))
  const offsets = new Int32Array(queries.length + 1)
  const excluded: number[] = []
  for (const [i, query] of queries.entries()) {
    for (const row of query.excluded) if (row >= begin && row < end) excluded.push(row - begin)
    offsets[i + 1] = excluded.length
  }
  return {
    k: tensor('int32', [queries.length], k),
    excluded_offsets: tensor('int32', [queries.length + 1], offsets),
    excluded: tensor('int32', [excluded.length], Int32Array.from(excluded)),
  }
}

/** One query's part of a shard's answer. */
function rowOf(answer: NamedTensors, i: number): TopK {
  const offsets = answer.offsets!.data as Int32Array
  const [begin, end] = [offsets[i], offsets[i + 1]]
  const indices = answer.indices!.data as Int32Array
  const scores = answer.best!.data as Float32Array
  return { indices: indices.subarray(begin, end), scores: scores.subarray(begin, end) }
}

/** The best of the shards' best. In shard order equal scores are in row order, so that topK's ties are right. */
function merge(shards: readonly Shard[], parts: readonly TopK[], k: number): TopK {
  if (parts.length === 1) return parts[0]!
  const total = parts.reduce((sum, part) => sum + part.indices.length, 0)
  const rows = new Int32Array(total)
  const scores = new Float32Array(total)
  let at = 0
  for (const [s, { indices, scores: partScores }] of parts.entries()) {
    for (let j = 0; j < indices.length; j++) rows[at + j] = indices[j]! + shards[s]!.begin
    scores.set(partScores, at)
    at += indices.length
  }
  const best = topK(scores, k)
  return { indices: best.indices.map((j) => rows[j]!), scores: best.scores }
}
