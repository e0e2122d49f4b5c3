/** Step 6 of the walk, for graphs that requests bring tensors to: those that wait are answered by one run. */
import { RecserveError } from '../../core/errors.js'
import type { NamedAnyTensors } from '../../tensor/any-tensor.js'
import { abortable } from '../abortable.js'
import type { GraphSession, RunOptions, SignatureRun } from '../engine.js'
import { withinDeadline } from '../process/deadline.js'
import { BatchQueue, type BatchQueueOptions } from './batch-queue.js'
import { join, joiningKey, mayJoin, rowsOf, split } from './joining.js'

export interface BatchingOptions extends BatchQueueOptions {
  /** How many full batches, and requests that are run alone, the session is given at a time. */
  readonly maxRunning: number
}

/**
 * What suits a server that is told nothing. Few rows gain more by company than many, and nobody should wait long for the rows
 * of others: past 256 the cost of a run is its rows'. What cannot grow any more is sent ahead, so that the process which
 * computes does not idle between runs; a batch that can grow is worth more than that.
 */
export const defaultBatching: Omit<BatchingOptions, 'maxEnqueuedBatches'> = {
  maxBatchSize: 256,
  batchTimeoutMicros: 0,
  maxRunning: 4,
}

interface Member {
  readonly key: string | undefined
  readonly rows: number
  readonly run: SignatureRun
  readonly signal: AbortSignal | undefined
  isWanted(): boolean
  resolve(outputs: NamedAnyTensors): void
  reject(reason: unknown): void
}

/**
 * The session, with requests that wait joined along their first axis where that cannot change an answer: those of a signature
 * that is `rowWise`, with inputs as it declares them that differ in nothing but their rows. All others are run alone. A lone
 * request starts in the next turn of the event loop; what arrives during a run makes up the next.
 *
 * A joined run that fails is done again for each of its requests alone, so that only the one at fault fails; it is given up
 * when all of them have left.
 *
 * @returns the session itself where it has no signature that can be joined, of an ONNX model for one: nothing is shown of them
 */
export function createBatchingSession(session: GraphSession, options: BatchingOptions): GraphSession {
  const isJoinable = [...session.signatures.values()].some(mayJoin)
  return isJoinable ? new BatchingSession(session, options) : session
}

class BatchingSession implements GraphSession {
  readonly signatures: GraphSession['signatures']
  readonly unservable: GraphSession['unservable']
  /** Not batched: a run of a catalogue takes several users as it is. */
  readonly specialise?: NonNullable<GraphSession['specialise']>
  readonly #session: GraphSession
  readonly #maxRunning: number
  readonly #queue: BatchQueue<Member>
  /** Signatures whose answers turned out not to have a row for every row asked. */
  readonly #unsplittable = new Set<string>()
  #running = 0
  #isDue = false
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(session: GraphSession, { maxRunning, ...options }: BatchingOptions) {
    this.signatures = session.signatures
    this.unservable = session.unservable
    if (session.specialise) this.specialise = (request) => session.specialise!(request)
    this.#session = session
    this.#maxRunning = maxRunning
    this.#queue = new BatchQueue(options)
  }

  run(run: SignatureRun, { signal, deadlineMs }: RunOptions = {}): Promise<NamedAnyTensors> {
    if (deadlineMs === undefined) return this.#submit(run, signal)
    return withinDeadline(deadlineMs, signal, (either) => this.#submit(run, either))
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    for (const { reject } of this.#queue.clear()) reject(closedError())
    await this.#session.close()
  }

  #submit(run: SignatureRun, signal: AbortSignal | undefined): Promise<NamedAnyTensors> {
    if (this.#isClosed) return Promise.reject(closedError())
    const isSplittable = !this.#unsplittable.has(run.signature)
    const key = isSplittable ? joiningKey(this.signatures.get(run.signature), run) : undefined
    const answer = new Promise<NamedAnyTensors>((resolve, reject) => {
      const isWanted = () => !signal?.aborted
      if (this.#queue.add({ key, rows: rowsOf(run), run, signal, isWanted, resolve, reject }))
        this.#schedule()
      else reject(fullError(this.#queue.length))
    })
    return abortable(answer, signal)
  }

  /** Requests of one turn of the event loop (pipelined, or one read of many sockets) start together. */
  #schedule(): void {
    if (this.#isDue || this.#running >= this.#maxRunning) return
    this.#isDue = true
    setImmediate(() => {
      this.#isDue = false
      this.#start()
    })
  }

  #start(): void {
    while (this.#running < this.#maxRunning) {
      const members = this.#queue.take(this.#running === 0)
      if (members === undefined) break
      if (members.length > 0) void this.#answer(members)
    }
    this.#wait()
  }

  /** Until a batch need not wait for company any longer. */
  #wait(): void {
    clearTimeout(this.#timer)
    const delayMs = this.#running === 0 ? this.#queue.readyInMs() : undefined
    if (delayMs !== undefined) this.#timer = setTimeout(() => this.#start(), delayMs)
  }

  async #answer(members: readonly Member[]): Promise<void> {
    this.#running += 1
    await this.#answerAll(members)
    this.#running -= 1
    this.#start()
  }

  /** Those that cannot be answered together are halved: one bad request among n costs the others some 2 log n runs. */
  async #answerAll(members: readonly Member[]): Promise<void> {
    const wanted = members.filter(({ isWanted }) => isWanted())
    const [first, ...others] = wanted
    if (!first) return
    if (others.length === 0) return this.#runAlone(first)
    if (this.#unsplittable.has(first.run.signature)) {
      for (const member of wanted) await this.#runAlone(member)
    } else if (!(await this.#runTogether(wanted))) {
      const half = wanted.length >> 1
      await this.#answerAll(wanted.slice(0, half))
      await this.#answerAll(wanted.slice(half))
    }
  }

  async #runAlone({ run, signal, isWanted, resolve, reject }: Member): Promise<void> {
    if (!isWanted()) return
    try {
      resolve(await this.#session.run(run, { signal }))
    } catch (error) {
      reject(error)
    }
  }

  /** False where some or all of the members have to be asked apart. */
  async #runTogether(members: readonly Member[]): Promise<boolean> {
    const caller = callerOf(members)
    try {
      const outputs = await this.#session.run(join(members.map(({ run }) => run)), { signal: caller.signal })
      const answers = split(
        outputs,
        members.map(({ rows }) => rows),
      )
      if (!answers) this.#unsplittable.add(members[0]!.run.signature)
      for (const [i, answer] of (answers ?? []).entries()) members[i]!.resolve(answer)
      return answers !== undefined
    } catch {
      return false
    } finally {
      caller.forget()
    }
  }
}

/** One caller that stands for several, and leaves with the last of them. */
function callerOf(members: readonly Member[]): { readonly signal: AbortSignal; forget(): void } {
  const controller = new AbortController()
  let staying = members.length
  const leave = ({ target }: Event): void => {
    staying -= 1
    if (staying === 0) controller.abort((target as AbortSignal).reason)
  }
  for (const { signal } of members) signal?.addEventListener('abort', leave, { once: true })
  return {
    signal: controller.signal,
    forget: () => {
      for (const { signal } of members) signal?.removeEventListener('abort', leave)
    },
  }
}

function fullError(waiting: number): RecserveError {
  return new RecserveError(
    'unavailable',
    `the queue is full: ${waiting} requests are waiting; try again later`,
  )
}

function closedError(): RecserveError {
  return new RecserveError('unavailable', 'the model is closed')
}
