/** One inference process as the serving process sees it: requests go in, answers come back in the same order. */
import { type ChildProcess, spawn } from 'node:child_process'
import { type Duplex, PassThrough } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { RecserveError } from '../../core/errors.js'
import type { NamedAnyTensors } from '../../tensor/any-tensor.js'
import { createFrameReader, type Frame, writeFrame } from './frames.js'
import { type OpenedSavedModel, parseAnswer, type Request } from './messages.js'

type WithoutId<R> = R extends unknown ? Omit<R, 'id'> : never
export type RequestBody = WithoutId<Request>

export interface Answered {
  readonly tensors: NamedAnyTensors
  readonly opened: OpenedSavedModel | undefined
}

interface Pending {
  readonly resolve: (answer: Answered) => void
  readonly reject: (reason: RecserveError) => void
  readonly timeoutMs: number
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
  /** In the order sent; the first is the one the child is at. */
  readonly #pending = new Map<number, Pending>()
  #nextId = 1
  #watchdog: NodeJS.Timeout | undefined
  #killedFor: string | undefined
  #gone = false
  #onIdle: (() => void) | undefined

  constructor(options: { readonly intraOpThreads: number }) {
    const args = [childFile, String(process.pid), String(options.intraOpThreads)]
    const env = Object.fromEntries(passedVariables.map((name) => [name, process.env[name]]))
    // 'pipe' is a socket pair: both ways, and without a path that anyone else could open.
    const stdio = ['ignore', 'ignore', 'inherit', 'pipe'] as const
    this.#child = spawn(process.execPath, args, { stdio: [...stdio], env })
    // Out of file descriptors there are no streams at all, and 'error' follows.
    const pipe = (this.#child.stdio as ChildProcess['stdio'] | undefined)?.[3]
    this.#stream = (pipe as Duplex | null | undefined) ?? new PassThrough()
    const read = createFrameReader((frame) => this.#answer(frame))
    this.#stream.on('data', (chunk: Uint8Array) => {
      try {
        read(chunk)
      } catch (error) {
        this.#kill(`it sent ${error instanceof Error ? error.message : error}`)
      }
    })
    // A write to a process that has just died; its end is told below.
    this.#stream.on('error', () => {})
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
   * answer is `timeoutMs` overdue, counted from when the child had answered everything before.
   */
  request(body: RequestBody, tensors: NamedAnyTensors, timeoutMs: number): Promise<Answered> {
    return new Promise((resolve, reject) => {
      if (this.#gone) return reject(died())
      const id = this.#nextId++
      writeFrame(this.#stream, { ...body, id }, tensors)
      this.#pending.set(id, { resolve, reject, timeoutMs })
      if (this.#pending.size === 1) this.#watchFirst()
    })
  }

  /** Waits a little for the answers still due, then ends the process: whoever still waited has been answered or has left. */
  async stop(): Promise<void> {
    if (this.#pending.size > 0 && !this.#gone) {
      const idle = new Promise<void>((resolve) => (this.#onIdle = resolve))
      await Promise.race([idle, sleep(stopGraceMs, undefined, { ref: false })])
    }
    this.#stream.end()
    const grace = setTimeout(() => this.#child.kill('SIGKILL'), stopGraceMs)
    await this.ended
    clearTimeout(grace)
  }

  #watchEnd(): Promise<string> {
    return new Promise((resolve) => {
      const end = (how: string): void => {
        this.#gone = true
        clearTimeout(this.#watchdog)
        for (const { reject } of this.#pending.values()) reject(died())
        this.#pending.clear()
        this.#onIdle?.()
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
    if (answer.kind === 'done') pending.resolve({ tensors: frame.tensors, opened: answer.opened })
    else pending.reject(new RecserveError(answer.code, answer.message))
  }

  /** Times the request the child is at now. */
  #watchFirst(): void {
    clearTimeout(this.#watchdog)
    const [first] = this.#pending.values()
    if (!first) {
      this.#onIdle?.()
      return
    }
    const kill = (): void => this.#kill(`a request took longer than ${first.timeoutMs} ms`)
    this.#watchdog = setTimeout(() => {
      this.#watchdog = setTimeout(kill, graceMs)
    }, first.timeoutMs)
  }

  #kill(reason: string): void {
    this.#killedFor ??= reason
    this.#child.kill('SIGKILL')
    this.#stream.destroy()
  }
}

function died(): RecserveError {
  return new RecserveError(
    'unavailable',
    'the inference process died while this request was in it; try again',
  )
}
