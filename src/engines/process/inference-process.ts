/** One inference process as the serving process sees it: requests go in, answers come back in the same order. */
import { type ChildProcess, spawn } from 'node:child_process'
import { type Duplex, PassThrough, type Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { RecserveError } from '../../core/errors.js'
import type { NamedAnyTensors } from '../../tensor/any-tensor.js'
import { abortable } from '../abortable.js'
import type { Threads } from '../onnx/threads.js'
import { createFrameReader, type Frame, writeFrame } from './frames.js'
import { type OpenedModel, parseAnswer, type Request } from './messages.js'

type WithoutId<R> = R extends unknown ? Omit<R, 'id'> : never
export type RequestBody = WithoutId<Request>

export interface Answered {
  readonly tensors: NamedAnyTensors
  readonly opened: OpenedModel | undefined
}

export interface RequestOptions {
  /** How long the child may take, counted from when it had answered everything before. */
  readonly timeoutMs: number
  /** Ends the wait, and the child is told: it skips a run it has not begun, and gives up one at the next look it takes. */
  readonly signal?: AbortSignal | undefined
  /** What to do when the process dies over it; by default to try again. */
  readonly adviceAfterDeath?: string | undefined
}

interface Pending {
  readonly resolve: (answer: Answered) => void
  readonly reject: (reason: RecserveError) => void
  readonly timeoutMs: number
  readonly adviceAfterDeath: string | undefined
  /** Whether an orderly end waits for the answer: not for what is being opened, nor when the caller has left. */
  isAwaited: boolean
}

const childFile = fileURLToPath(new URL('./child.js', import.meta.url))

/** What the child may know of our environment: it runs graphs from untrusted files and needs no keys or addresses. */
const passedVariables = ['LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH', 'NODE_OPTIONS']

/** If it was this process that stood still, an answer may be there already: time to read it. */
const graceMs = 100

/** How long a process that is to end may take to finish what it is at, and then to leave, before it is killed. */
const stopGraceMs = 2_000

export class InferenceProcess {
  /** Settles when the process is gone, with how it went; never rejects. */
  readonly ended: Promise<string>
  readonly #child: ChildProcess
  readonly #stream: Duplex
  /** Ids of requests whose callers have left, 8 bytes each: a float64, little-endian. */
  readonly #cancels: Writable
  /** In the order sent; the first is the one the child is at. */
  readonly #pending = new Map<number, Pending>()
  /** Requests that the child has not taken yet, in order: those whose callers leave are never sent. */
  readonly #unsent = new Map<number, () => void>()
  #nextId = 1
  #watchdog: NodeJS.Timeout | undefined
  #killedFor: string | undefined
  #gone = false
  #onIdle: (() => void)[] = []

  constructor({ intraOpThreads, interOpThreads = 1 }: Threads) {
    const args = [childFile, String(intraOpThreads), String(interOpThreads)]
    const env = Object.fromEntries(passedVariables.map((name) => [name, process.env[name]]))
    // 'pipe' is a socket pair: both ways, and without a path that anyone else could open.
    const stdio = ['ignore', 'ignore', 'inherit', 'pipe', 'pipe'] as const
    this.#child = spawn(process.execPath, args, { stdio: [...stdio], env })
    // Out of file descriptors there are no streams at all, and 'error' follows.
    const [, , , stream, cancels] = this.#child.stdio ?? []
    this.#stream = (stream as Duplex | null | undefined) ?? new PassThrough()
    this.#cancels = (cancels as Duplex | null | undefined) ?? new PassThrough()
    const read = createFrameReader((frame) => this.#answer(frame))
    this.#stream.on('data', (chunk: Uint8Array) => {
      try {
        read(chunk)
      } catch (error) {
        this.kill(`it sent ${error instanceof Error ? error.message : error}`)
      }
    })
    this.#stream.on('drain', () => this.#sendWaiting())
    // A write to a process that has just died; its end is told below.
    for (const out of [this.#stream, this.#cancels]) out.on('error', () => {})
    this.ended = this.#watchEnd()
  }

  get gone(): boolean {
    return this.#gone
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /**
   * Sends a request; the tensors that come back are views of one buffer of their own.
   * @throws RecserveError the child's own, or `unavailable` when it dies before the answer, which it is made to when the
   * answer is `timeoutMs` overdue; the abort reason when the signal fires first.
   */
  request(body: RequestBody, tensors: NamedAnyTensors, options: RequestOptions): Promise<Answered> {
    const { timeoutMs, signal, adviceAfterDeath } = options
    const id = this.#nextId++
    const answer = new Promise<Answered>((resolve, reject) => {
      if (this.#gone) return reject(died(adviceAfterDeath))
      this.#send(id, () => writeFrame(this.#stream, { ...body, id }, tensors))
      const isAwaited = body.kind === 'run' || body.kind === 'close'
      this.#pending.set(id, { resolve, reject, timeoutMs, adviceAfterDeath, isAwaited })
      if (this.#pending.size === 1) this.#watchFirst()
    })
    return abortable(answer, signal, () => this.#cancel(id))
  }

  /**
   * Waits for the runs whose callers still wait, `graceMs` at most, then ends the process. What is being opened is not
   * waited for.
   */
  async stop(graceMs: number = stopGraceMs): Promise<void> {
    if (this.#isAwaited && !this.#gone) {
      const giveUp = new AbortController()
      const idle = new Promise<void>((resolve) => this.#onIdle.push(resolve))
      const grace = sleep(graceMs, undefined, { ref: false, signal: giveUp.signal }).catch(() => {})
      await Promise.race([idle, grace])
      giveUp.abort()
    }
    if (this.#pending.size > 0) this.kill('it was at work when it was to end')
    else this.#stream.end()
    const grace = setTimeout(() => this.#child.kill('SIGKILL'), stopGraceMs)
    await this.ended
    clearTimeout(grace)
  }

  get #isAwaited(): boolean {
    for (const { isAwaited } of this.#pending.values()) if (isAwaited) return true
    return false
  }

  /** The stream takes no more than it can pass on: what waits is held here, where it can be let go. */
  #send(id: number, send: () => void): void {
    if (this.#unsent.size > 0 || this.#stream.writableNeedDrain) this.#unsent.set(id, send)
    else send()
  }

  #sendWaiting(): void {
    for (const [id, send] of this.#unsent) {
      if (this.#stream.writableNeedDrain) return
      this.#unsent.delete(id)
      send()
    }
  }

  #cancel(id: number): void {
    const pending = this.#pending.get(id)
    // Answered, and its caller not yet told.
    if (!pending) return
    if (this.#unsent.delete(id)) {
      this.#pending.delete(id)
      this.#tellIdle()
      return
    }
    pending.isAwaited = false
    const message = Buffer.alloc(8)
    message.writeDoubleLE(id)
    this.#cancels.write(message)
    this.#tellIdle()
  }

  #tellIdle(): void {
    if (this.#onIdle.length === 0 || this.#isAwaited) return
    for (const tell of this.#onIdle.splice(0)) tell()
  }

  #watchEnd(): Promise<string> {
    return new Promise((resolve) => {
      const end = (how: string): void => {
        this.#gone = true
        clearTimeout(this.#watchdog)
        for (const { reject, adviceAfterDeath } of this.#pending.values()) reject(died(adviceAfterDeath))
        this.#pending.clear()
        this.#unsent.clear()
        this.#tellIdle()
        resolve(this.#killedFor ? `was killed: ${this.#killedFor}` : how)
      }
      this.#child.on(
        'error',
        (error) => this.#child.pid === undefined && end(`did not start: ${error.message}`),
      )
      // Not 'exit': answers it wrote before it died are still to be read then.
      this.#child.on('close', (code, signal) =>
        end(signal ? `was ended by ${signal}` : `ended with code ${code}`),
      )
    })
  }

  #answer(frame: Frame): void {
    const answer = parseAnswer(frame.header)
    const pending = this.#pending.get(answer.id)
    if (!pending) throw new Error('an answer to nothing')
    this.#pending.delete(answer.id)
    this.#watchFirst()
    this.#tellIdle()
    if (answer.kind === 'done') pending.resolve({ tensors: frame.tensors, opened: answer.opened })
    else pending.reject(new RecserveError(answer.code, answer.message))
  }

  /** Times the request the child is at now. */
  #watchFirst(): void {
    clearTimeout(this.#watchdog)
    const [first] = this.#pending.values()
    if (!first) return
    const kill = (): void => this.kill(`a request took longer than ${first.timeoutMs} ms`)
    this.#watchdog = setTimeout(() => {
      this.#watchdog = setTimeout(kill, graceMs)
    }, first.timeoutMs)
  }

  /** At once, whatever it is at. */
  kill(reason: string): void {
    this.#killedFor ??= reason
    this.#child.kill('SIGKILL')
    this.#stream.destroy()
  }
}

function died(advice = 'try again'): RecserveError {
  return new RecserveError(
    'unavailable',
    `the inference process died while this request was in it; ${advice}`,
  )
}
