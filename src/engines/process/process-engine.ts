/** An engine whose graphs run in an inference process, which is started when needed and replaced when it dies. */
import { setTimeout as sleep } from 'node:timers/promises'
import { RecserveError } from '../../core/errors.js'
import type { StageListener } from '../../core/stage-events.js'
import type { NamedAnyTensors } from '../../tensor/any-tensor.js'
import type { NamedTensors } from '../../tensor/tensor.js'
import { abortable } from '../abortable.js'
import type {
  Engine,
  Graph,
  GraphSession,
  OnnxFiles,
  RunOptions,
  SavedModelFiles,
  Session,
} from '../engine.js'
import { type Answered, InferenceProcess, type RequestBody } from './inference-process.js'
import { packGraph } from './messages.js'
import { isFailing, recentDeaths, restartDelayMs } from './restart-policy.js'

export interface ProcessEngineOptions {
  readonly name: string
  readonly available: boolean
  readonly intraOpThreads: number
  readonly runTimeoutMs: number
  readonly onEvent: StageListener
}

interface Run extends RunOptions {
  readonly tensors: NamedAnyTensors
  /** Of a session with signatures only. */
  readonly asked?: {
    readonly signature: string
    readonly budgetMs: number
    readonly outputs?: readonly string[]
  }
}

/** Loading and optimising a graph of 2 GiB takes some 15 s here; a graph that takes longer than this loads for ever. */
const openTimeoutMs = 120_000

interface OpenSession {
  readonly id: number
  readonly name: string
  /** The request that opens it, made anew for each process. */
  readonly opening: () => { readonly body: RequestBody; readonly tensors: NamedAnyTensors }
  /** Why it could not be opened again after a restart. */
  failure?: RecserveError
}

export class ProcessEngine implements Engine {
  readonly name: string
  readonly available: boolean
  readonly #options: ProcessEngineOptions
  readonly #sessions = new Map<number, OpenSession>()
  /** Running, with every session open. */
  #process: InferenceProcess | undefined
  /** Under way to that. */
  #starting: Promise<InferenceProcess> | undefined
  #deathsMs: readonly number[] = []
  #nextSession = 1
  readonly #closing = new AbortController()

  constructor(options: ProcessEngineOptions) {
    this.name = options.name
    this.available = options.available
    this.#options = options
  }

  /** The inference process' id, for tests and logs; undefined while none runs. */
  get processId(): number | undefined {
    return this.#running?.pid
  }

  /** Not one that has died a moment ago, whose end is still being told. */
  get #running(): InferenceProcess | undefined {
    return this.#process?.gone ? undefined : this.#process
  }

  async open(name: string, build: () => Graph): Promise<Session> {
    this.#checkAvailable()
    const id = this.#nextSession++
    const opening = () => {
      const { tensors, ...graph } = packGraph(build())
      return { body: { kind: 'open', session: id, ...graph } as const, tensors }
    }
    const session: OpenSession = { id, name, opening }
    await this.#open(session)
    return {
      // A session of numbers answers numbers.
      run: async (feeds, options) =>
        (await this.#run(session, { tensors: feeds, ...options })) as NamedTensors,
      close: () => this.#closeSession(session),
    }
  }

  openSavedModel(name: string, files: SavedModelFiles): Promise<GraphSession> {
    return this.#openSignatures(name, (session) => ({ kind: 'open_saved_model', session, ...files }))
  }

  async openOnnxModel(name: string, files: OnnxFiles): Promise<GraphSession> {
    this.#checkAvailable()
    return this.#openSignatures(name, (session) => ({ kind: 'open_onnx_model', session, ...files }))
  }

  #checkAvailable(): void {
    if (this.available) return
    const platform = `${process.platform} ${process.arch}`
    throw new RecserveError('failed_precondition', `this package has no inference runtime for ${platform}`)
  }

  async #openSignatures(name: string, toBody: (session: number) => RequestBody): Promise<GraphSession> {
    const id = this.#nextSession++
    const body = toBody(id)
    const session: OpenSession = { id, name, opening: () => ({ body, tensors: {} }) }
    const { signatures = [], unservable = [] } = (await this.#open(session)).opened ?? {}
    const specs = signatures.map(({ inputs, outputs, ...rest }) => ({
      ...rest,
      inputs: new Map(inputs),
      outputs: new Map(outputs),
    }))
    const budgetMs = 0.9 * this.#options.runTimeoutMs
    return {
      signatures: new Map(specs.map((spec) => [spec.name, spec])),
      unservable: new Map(unservable),
      run: ({ signature, inputs, outputs }, options) =>
        this.#run(session, {
          tensors: inputs,
          asked: { signature, budgetMs, ...(outputs && { outputs }) },
          ...options,
        }),
      close: () => this.#closeSession(session),
    }
  }

  async #open(session: OpenSession): Promise<Answered> {
    const answered = await this.#send(await this.#ready(), session)
    this.#sessions.set(session.id, session)
    return answered
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#starting?.catch(() => {})
    await this.#process?.stop()
  }

  async #run(session: OpenSession, { tensors, asked, signal }: Run): Promise<NamedAnyTensors> {
    signal?.throwIfAborted()
    if (this.#closing.signal.aborted) throw closedError('the engine')
    const running = this.#running ?? (await abortable(this.#ready(), signal))
    if (!this.#sessions.has(session.id)) throw closedError(`session '${session.name}'`)
    if (session.failure) throw session.failure
    const body = { kind: 'run', session: session.id, ...asked } as const
    const answer = running.request(body, tensors, this.#options.runTimeoutMs)
    return (await abortable(answer, signal)).tensors
  }

  async #closeSession(session: OpenSession): Promise<void> {
    if (this.#sessions.delete(session.id) && this.#running) await closeIn(this.#running, session)
  }

  async #send(to: InferenceProcess, { name, opening }: OpenSession): Promise<Answered> {
    const { body, tensors } = opening()
    try {
      return await to.request(body, tensors, openTimeoutMs)
    } catch (error) {
      const { code, message } = RecserveError.from(error)
      throw new RecserveError(code, `session '${name}': ${message}`, { cause: error })
    }
  }

  /** The process with every session open, started if need be. */
  #ready(): Promise<InferenceProcess> {
    if (this.#closing.signal.aborted) return Promise.reject(closedError('the engine'))
    if (this.#running) return Promise.resolve(this.#running)
    if (this.#starting && isFailing(this.#deathsMs, performance.now())) {
      return Promise.reject(
        new RecserveError(
          'unavailable',
          'the inference process keeps dying; it is being started again, try later',
        ),
      )
    }
    return this.#start()
  }

  #start(): Promise<InferenceProcess> {
    this.#starting ??= this.#startUntilReady()
    return this.#starting
  }

  async #startUntilReady(): Promise<InferenceProcess> {
    try {
      for (;;) {
        const delayMs = restartDelayMs(this.#deathsMs, performance.now())
        await sleep(delayMs, undefined, { signal: this.#closing.signal }).catch(() => {})
        if (this.#closing.signal.aborted) throw closedError('the engine')
        const started = this.#spawn()
        await this.#reopen(started)
        if (!started.gone) {
          this.#process = started
          return started
        }
      }
    } finally {
      this.#starting = undefined
    }
  }

  #spawn(): InferenceProcess {
    const started = new InferenceProcess({ intraOpThreads: this.#options.intraOpThreads })
    const who = `inference process ${started.pid ?? '(without id)'}`
    this.#options.onEvent({ type: 'inference_process', state: 'started', message: `${who} started` })
    started.ended.then((how) => {
      const state = this.#closing.signal.aborted ? 'stopped' : 'died'
      this.#options.onEvent({ type: 'inference_process', state, message: `${who} ${how}` })
      if (state === 'stopped') return
      const nowMs = performance.now()
      this.#deathsMs = [...recentDeaths(this.#deathsMs, nowMs), nowMs]
      if (this.#process !== started) return
      this.#process = undefined
      // Nobody waits for this start; whoever comes joins it, and a failure is theirs.
      if (this.#sessions.size > 0) this.#start().catch(() => {})
    })
    return started
  }

  /** Opens what was open, one at a time so that one graph's bytes are held here at most. Ends early when the process dies. */
  async #reopen(started: InferenceProcess): Promise<void> {
    for (const session of this.#sessions.values()) {
      delete session.failure
      await this.#send(started, session).catch((error) => (session.failure = RecserveError.from(error)))
      if (started.gone) return
      if (!this.#sessions.has(session.id)) await closeIn(started, session)
    }
  }
}

async function closeIn(running: InferenceProcess, { id }: OpenSession): Promise<void> {
  // A process that dies over it has closed it too.
  await running.request({ kind: 'close', session: id }, {}, openTimeoutMs).catch(() => {})
}

function closedError(what: string): RecserveError {
  return new RecserveError('unavailable', `${what} is closed`)
}
