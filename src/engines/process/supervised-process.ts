/** An inference process that is started when needed, replaced when it dies, and has its sessions opened again then. */
import { setTimeout as sleep } from 'node:timers/promises'
import { RecserveError } from '../../core/errors.js'
import type { StageListener } from '../../core/stage-events.js'
import type { NamedAnyTensors } from '../../tensor/any-tensor.js'
import { abortable } from '../abortable.js'
import type { RunOptions } from '../engine.js'
import type { Threads } from '../onnx/threads.js'
import { withinDeadline } from './deadline.js'
import { type Answered, InferenceProcess, type RequestBody } from './inference-process.js'
import type { OpenedModel } from './messages.js'
import { isFailing, recentDeaths, restartDelayMs } from './restart-policy.js'

export interface SupervisionOptions {
  readonly threads: Threads
  readonly runTimeoutMs: number
  readonly onEvent: StageListener
  /** The model whose own process it is, for logs; without one several graphs share it. */
  readonly model?: string
}

/** The request that opens a session. */
export interface Opening {
  readonly body: RequestBody
  readonly tensors: NamedAnyTensors
}

export interface SupervisedSession {
  readonly id: number
  readonly name: string
  /** Made anew for each process. */
  readonly opening: () => Opening
  /** Signatures that may change the session's state. */
  writing: ReadonlySet<string>
  /** Why it could not be opened again after a restart, and when that was tried (`performance.now()`). */
  failure?: { readonly error: RecserveError; readonly atMs: number }
}

export interface Run {
  readonly tensors: NamedAnyTensors
  /** Of a session with signatures only. */
  readonly asked?: { readonly signature: string; readonly outputs?: readonly string[] }
}

/** Loading and optimising a graph of 2 GiB takes some 15 s here; a graph that takes longer than this loads for ever. */
const openTimeoutMs = 120_000

/** A run is to end in good order before its process is killed for it. */
const budgetShare = 0.9

/** What a restart could not open is tried again no more often than this, when somebody asks. */
const reopenEveryMs = 2_000

const adviceAfterWrite =
  "whether it had changed the model's state is not known, and the state was reset to what the model's files say"

export class SupervisedProcess {
  readonly #options: SupervisionOptions
  readonly #sessions = new Map<number, SupervisedSession>()
  /** Running, with every session open. */
  #process: InferenceProcess | undefined
  /** Under way to that. */
  #starting: Promise<InferenceProcess> | undefined
  /** Whose sessions are being opened again. */
  #reopening: InferenceProcess | undefined
  #deathsMs: readonly number[] = []
  #nextSession = 1
  readonly #closing = new AbortController()

  constructor(options: SupervisionOptions) {
    this.#options = options
  }

  /** Undefined while none runs. */
  get processId(): number | undefined {
    return this.#running?.pid
  }

  /** Not one that has died a moment ago, whose end is still being told. */
  get #running(): InferenceProcess | undefined {
    return this.#process?.gone ? undefined : this.#process
  }

  /** @throws RecserveError why it cannot be opened; `unavailable` where the process dies of it or is closed meanwhile */
  async open(
    name: string,
    toOpening: (id: number) => Opening,
  ): Promise<readonly [SupervisedSession, OpenedModel | undefined]> {
    const id = this.#nextSession++
    const session: SupervisedSession = { id, name, opening: () => toOpening(id), writing: new Set() }
    const { opened } = await this.#send(await this.#ready(), session)
    const writing = opened?.signatures.filter(({ writes }) => writes) ?? []
    session.writing = new Set(writing.map((signature) => signature.name))
    this.#sessions.set(id, session)
    return [session, opened]
  }

  /** @throws as `Session.run` */
  run(session: SupervisedSession, run: Run, options: RunOptions = {}): Promise<NamedAnyTensors> {
    const { signal, deadlineMs } = options
    if (deadlineMs === undefined) return this.#run(session, run, { signal })
    return withinDeadline(deadlineMs, signal, (both) => this.#run(session, run, { signal: both, deadlineMs }))
  }

  async #run(
    session: SupervisedSession,
    { tensors, asked }: Run,
    { signal, deadlineMs = Number.POSITIVE_INFINITY }: RunOptions,
  ): Promise<NamedAnyTensors> {
    signal?.throwIfAborted()
    this.#checkOpen(session)
    const running = this.#running ?? (await abortable(this.#ready(), signal))
    this.#checkOpen(session)
    if (session.failure) await this.#openAgain(running, session)
    const { runTimeoutMs: timeoutMs } = this.#options
    const budgetMs = Math.min(deadlineMs, budgetShare * timeoutMs)
    const body = { kind: 'run', session: session.id, ...(asked && { ...asked, budgetMs }) } as const
    const adviceAfterDeath = asked && session.writing.has(asked.signature) ? adviceAfterWrite : undefined
    return (await running.request(body, tensors, { timeoutMs, signal, adviceAfterDeath })).tensors
  }

  #checkOpen({ id, name }: SupervisedSession): void {
    if (!this.#sessions.has(id)) throw closedError(`session '${name}'`)
    if (this.#closing.signal.aborted) throw closedError('the engine')
  }

  /** Runs of it are refused from now on; for a process that is closed with it. */
  forget(session: SupervisedSession): void {
    this.#sessions.delete(session.id)
  }

  /** Once its runs under way are answered. Nobody waits here for what another session is opening. */
  async closeSession(session: SupervisedSession): Promise<void> {
    if (!this.#sessions.delete(session.id) || !this.#running) return
    const { runTimeoutMs } = this.#options
    const giveUp = new AbortController()
    const grace = sleep(runTimeoutMs, undefined, { ref: false, signal: giveUp.signal }).catch(() => {})
    await Promise.race([closeIn(this.#running, session), grace])
    giveUp.abort()
  }

  /** Waits for runs under way, `graceMs` at most (a little by default); what is starting or being opened is killed. */
  async close(graceMs?: number): Promise<void> {
    this.#closing.abort()
    this.#reopening?.kill('it was being started when it was to end')
    await this.#starting?.catch(() => {})
    await this.#process?.stop(graceMs)
  }

  async #send(to: InferenceProcess, { opening }: SupervisedSession): Promise<Answered> {
    const { body, tensors } = opening()
    try {
      return await to.request(body, tensors, { timeoutMs: openTimeoutMs })
    } catch (error) {
      if (this.#closing.signal.aborted) throw closedError('the engine')
      throw error
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
        this.#reopening = started
        await this.#reopen(started)
        if (!started.gone) {
          this.#process = started
          return started
        }
      }
    } finally {
      this.#reopening = undefined
      this.#starting = undefined
    }
  }

  #spawn(): InferenceProcess {
    const { threads, onEvent, model } = this.#options
    const started = new InferenceProcess(threads)
    const who = `inference process ${started.pid ?? '(without id)'}${model === undefined ? '' : ` of '${model}'`}`
    onEvent({ type: 'inference_process', state: 'started', message: `${who} started` })
    started.ended.then((how) => {
      const state = this.#closing.signal.aborted ? 'stopped' : 'died'
      onEvent({ type: 'inference_process', state, message: `${who} ${how}` })
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
      await this.#openOnce(started, session)
      if (started.gone) return
      if (!this.#sessions.has(session.id)) await closeIn(started, session)
    }
  }

  async #openOnce(to: InferenceProcess, session: SupervisedSession): Promise<void> {
    try {
      await this.#send(to, session)
      delete session.failure
      if (session.writing.size > 0) this.#tellReset(session)
    } catch (thrown) {
      const error = RecserveError.from(thrown)
      session.failure = { error, atMs: performance.now() }
      if (to.gone) return
      const message = `'${session.name}' could not be opened again: ${error.message}`
      this.#options.onEvent({ type: 'inference_process', state: 'reopen_failed', message })
    }
  }

  /**
   * Its files may be there again, and whole.
   * @throws RecserveError `unavailable` where it still cannot be opened
   */
  async #openAgain(running: InferenceProcess, session: SupervisedSession): Promise<void> {
    const nowMs = performance.now()
    if (session.failure && nowMs - session.failure.atMs >= reopenEveryMs) {
      // In the order in which they were opened first: one may be of another.
      for (const each of this.#sessions.values()) {
        if (!each.failure) continue
        each.failure = { ...each.failure, atMs: nowMs }
        await this.#openOnce(running, each)
      }
    }
    if (!session.failure) return
    const { message } = session.failure.error
    throw new RecserveError('unavailable', `it could not be opened again after a restart: ${message}`)
  }

  #tellReset({ name }: SupervisedSession): void {
    const message = `'${name}' was opened again: its state is what its files say, and what runs had changed is lost`
    this.#options.onEvent({ type: 'inference_process', state: 'state_reset', message })
  }
}

async function closeIn(running: InferenceProcess, { id }: SupervisedSession): Promise<void> {
  // A process that dies over it has closed it too.
  await running.request({ kind: 'close', session: id }, {}, { timeoutMs: openTimeoutMs }).catch(() => {})
}

export function closedError(what: string): RecserveError {
  return new RecserveError('unavailable', `${what} is closed`)
}
