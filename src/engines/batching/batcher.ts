/** Step 6 of the walk: waiting requests are coalesced into one run. */
import { RecserveError } from '../../core/errors.js'
import { abortable } from '../abortable.js'

export interface BatcherOptions<Request, Response> {
  /** How many requests one run takes at most. */
  readonly maxBatchSize: number
  /** How many may wait; one more is answered `unavailable` at once. */
  readonly maxQueued: number
  /** Runs a batch; answers in the order asked. Its rejection fails the whole batch. */
  readonly run: (requests: readonly Request[]) => Promise<readonly Response[]>
}

export interface Batcher<Request, Response> {
  /** @throws RecserveError `unavailable` when the queue is full; the abort reason as soon as `signal` fires. */
  submit(request: Request, signal?: AbortSignal): Promise<Response>
}

interface Waiting<Request, Response> {
  readonly request: Request
  readonly signal: AbortSignal | undefined
  readonly resolve: (response: Response) => void
  readonly reject: (reason: unknown) => void
}

/**
 * One run at a time; what arrives while it is under way makes up the next. A lone request therefore never waits for
 * company, and under load the batch grows by itself. Requests whose caller has left are dropped before the batch is built.
 */
export function createBatcher<Request, Response>(
  options: BatcherOptions<Request, Response>,
): Batcher<Request, Response> {
  let queue: Waiting<Request, Response>[] = []
  let running = false

  async function drain(): Promise<void> {
    running = true
    try {
      // Requests of one turn of the event loop (pipelined, or one read of many sockets) start together.
      await nextTurn()
      while (queue.length > 0) await runOne(queue.splice(0, options.maxBatchSize))
    } finally {
      running = false
    }
  }

  async function runOne(taken: readonly Waiting<Request, Response>[]): Promise<void> {
    const batch = taken.filter(isWanted)
    if (batch.length === 0) return
    try {
      const responses = await options.run(batch.map((waiting) => waiting.request))
      if (responses.length !== batch.length) {
        throw new Error(`${responses.length} answers to ${batch.length} requests: this is a bug`)
      }
      for (const [i, waiting] of batch.entries()) waiting.resolve(responses[i]!)
    } catch (error) {
      for (const waiting of batch) waiting.reject(error)
    }
  }

  return {
    submit(request, signal) {
      if (queue.length >= options.maxQueued) queue = queue.filter(isWanted)
      if (queue.length >= options.maxQueued) {
        return Promise.reject(
          new RecserveError(
            'unavailable',
            `the queue is full: ${queue.length} requests are waiting; try again later`,
          ),
        )
      }
      const answer = new Promise<Response>((resolve, reject) => {
        queue.push({ request, signal, resolve, reject })
        if (!running) void drain()
      })
      return abortable(answer, signal)
    },
  }
}

/** The caller of one that is not has had its answer: the abort reason. */
function isWanted(waiting: { readonly signal: AbortSignal | undefined }): boolean {
  return !waiting.signal?.aborted
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
