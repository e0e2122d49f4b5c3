/** Sequences become vectors or scores: the encoder's graph, run for all requests that wait. Step 6 of the walk. */
import type { Call } from '../../core/call.js'
import { type Batcher, createBatcher, type Session } from '../../engines/engine.js'
import type { NamedTensors, Tensor } from '../../tensor/tensor.js'
import { tensor } from '../../tensor/tensor.js'
import type { Encoder, EncoderQuery } from './architecture.js'

export interface SequenceEncoderOptions {
  readonly encoder: Encoder
  /** Of the encoder's graph. */
  readonly session: Session
  /** Names of the inputs that the graph declares. */
  readonly inputs: readonly string[]
  /** Of the graph's one output, [B, width] float32. */
  readonly output: string
  readonly maxLength: number
  /** Requests in one run at most. */
  readonly maxBatchSize: number
  readonly maxQueued: number
}

/** One row of the graph's output for a request. */
export interface SequenceEncoder {
  /** The row is the caller's own to write to. @throws RecserveError as `Batcher.submit` and `Session.run` */
  encode(query: EncoderQuery, call?: Call): Promise<Float32Array>
}

export function createSequenceEncoder(options: SequenceEncoderOptions): SequenceEncoder {
  const { session, output } = options
  const batcher: Batcher<EncoderQuery, Float32Array> = createBatcher({
    maxBatchSize: options.maxBatchSize,
    maxQueued: options.maxQueued,
    async run(queries) {
      const feeds = toFeeds(queries, options)
      const answers = await session.run(feeds)
      return rowsOf(answers[output]!, queries.length)
    },
  })
  return { encode: (query, call) => batcher.submit(query, call?.signal) }
}

/** What the graph is fed for the requests of one run. */
export function toFeeds(
  queries: readonly EncoderQuery[],
  { encoder, inputs, maxLength }: Pick<SequenceEncoderOptions, 'encoder' | 'inputs' | 'maxLength'>,
): NamedTensors {
  const longest = queries.reduce((most, { sequence }) => Math.max(most, sequence.length), 1)
  const width = encoder.padding === 'maximum' ? maxLength : longest
  const own: NamedTensors = {
    items: paddedItems(queries, width),
    length: column(queries, ({ sequence }) => sequence.length),
    user: column(queries, ({ user }) => user),
  }
  const all: NamedTensors = { ...own, ...encoder.feeds?.(queries, width) }
  return Object.fromEntries(inputs.map((name) => [name, fed(all, name)]))
}

function fed(feeds: NamedTensors, name: string): Tensor {
  const value = feeds[name]
  if (value === undefined) throw new Error(`nothing feeds the input '${name}' of an encoder: this is a bug`)
  return value
}

function paddedItems(queries: readonly EncoderQuery[], width: number): Tensor {
  const items = new BigInt64Array(queries.length * width)
  for (const [b, { sequence }] of queries.entries()) {
    for (let t = 0; t < sequence.length; t++) items[b * width + t] = BigInt(sequence[t]!)
  }
  return tensor('int64', [queries.length, width], items)
}

function column(queries: readonly EncoderQuery[], value: (query: EncoderQuery) => number): Tensor {
  return tensor(
    'int64',
    [queries.length],
    BigInt64Array.from(queries, (query) => BigInt(value(query))),
  )
}

function rowsOf({ data, shape }: Tensor, rows: number): readonly Float32Array[] {
  const width = shape.at(-1) ?? 0
  if (!(data instanceof Float32Array) || data.length !== rows * width) {
    throw new Error(`an encoder answered [${shape}] to ${rows} requests: this is a bug`)
  }
  return Array.from({ length: rows }, (_, r) => data.slice(r * width, (r + 1) * width))
}
