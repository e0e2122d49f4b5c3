/** Requests that wait, in the batches that they will be run in. */

export interface BatchQueueOptions {
  /** Rows of a batch; a request of more is a batch of its own. */
  readonly maxBatchSize: number
  /** How long a batch that has room may wait for more requests; 0: not at all. */
  readonly batchTimeoutMicros: number
  /** How many batches may wait. */
  readonly maxEnqueuedBatches: number
}

/** What waits. */
export interface Waiting {
  /** Of requests that can be joined; undefined for one that is run alone. */
  readonly key: string | undefined
  readonly rows: number
  /** Whether somebody still waits for the answer. */
  isWanted(): boolean
}

interface Batch<T> {
  readonly members: T[]
  readonly key: string | undefined
  rows: number
  /** By `performance.now()`: when it is run even with room left. */
  readonly readyAtMs: number
  /** Whether it has no room, as one of a request that is run alone. */
  isClosed: boolean
}

/**
 * Batches are run in the order in which they were begun. A request joins the batch of its key that still has room, which may
 * be ahead of requests that came earlier: it delays nobody, and nobody waits for longer than those before it at its arrival.
 */
export class BatchQueue<T extends Waiting> {
  readonly #options: BatchQueueOptions
  #batches: Batch<T>[] = []
  /** Batches with room, by key. */
  readonly #open = new Map<string, Batch<T>>()

  constructor(options: BatchQueueOptions) {
    this.#options = options
  }

  /** How many requests wait. */
  get length(): number {
    return this.#batches.reduce((sum, { members }) => sum + members.length, 0)
  }

  /** False where the queue is full. */
  add(waiting: T): boolean {
    const { maxBatchSize, batchTimeoutMicros, maxEnqueuedBatches } = this.#options
    const { rows } = waiting
    const key = rows < maxBatchSize ? waiting.key : undefined
    const open = key === undefined ? undefined : this.#open.get(key)
    if (open && open.rows + rows <= maxBatchSize) {
      open.members.push(waiting)
      open.rows += rows
      if (open.rows === maxBatchSize) this.#shut(open)
      return true
    }
    if (this.#batches.length >= maxEnqueuedBatches) this.#dropUnwanted()
    if (this.#batches.length >= maxEnqueuedBatches) return false
    if (open) this.#shut(open)
    const readyAtMs = performance.now() + batchTimeoutMicros / 1000
    const batch = { members: [waiting], key, rows, readyAtMs, isClosed: key === undefined }
    this.#batches.push(batch)
    if (key !== undefined) this.#open.set(key, batch)
    return true
  }

  /**
   * The next batch to be run, without requests that nobody wants any more; undefined where all have to wait. As long as
   * anything runs a batch with room goes on growing instead, and what was begun after it waits behind it.
   */
  take(isIdle: boolean): readonly T[] | undefined {
    const now = this.#options.batchTimeoutMicros > 0 ? performance.now() : Number.POSITIVE_INFINITY
    const at = this.#batches.findIndex(({ isClosed, readyAtMs }) => isClosed || readyAtMs <= now)
    const batch = this.#batches[at]
    if (!batch || !(batch.isClosed || isIdle)) return undefined
    this.#batches.splice(at, 1)
    this.#shut(batch)
    return batch.members.filter((waiting) => waiting.isWanted())
  }

  /** In how many milliseconds the next batch need not wait any longer; undefined for an empty queue. */
  readyInMs(): number | undefined {
    if (this.#batches.length === 0) return undefined
    return Math.max(0, Math.min(...this.#batches.map(({ readyAtMs }) => readyAtMs)) - performance.now())
  }

  clear(): readonly T[] {
    const waiting = this.#batches.flatMap(({ members }) => members)
    this.#batches = []
    this.#open.clear()
    return waiting
  }

  #shut(batch: Batch<T>): void {
    batch.isClosed = true
    if (batch.key !== undefined && this.#open.get(batch.key) === batch) this.#open.delete(batch.key)
  }

  #dropUnwanted(): void {
    for (const batch of this.#batches) {
      if (!batch.members.some((waiting) => waiting.isWanted())) this.#shut(batch)
    }
    this.#batches = this.#batches.filter(({ members }) => members.some((waiting) => waiting.isWanted()))
  }
}
