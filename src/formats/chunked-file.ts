/** A file of untrusted bytes, read in chunks through one buffer and in slices of time, so that serving goes on. */
import { constants, readSync, type Stats } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { basename } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { type Code, RecserveError } from '../core/errors.js'

export interface ReadOptions {
  /** Ends the reading, with the signal's own error where that is a RecserveError, `cancelled` otherwise. */
  readonly signal?: AbortSignal
  /** Told every now and then, and at the end, how many bytes are done. */
  readonly onProgress?: (doneBytes: number) => void
}

/** The longest piece of text that is looked at in one go: a number, a string. */
export const maxTokenBytes = 64 * 1024

/** Large against the cost of a system call, small against a slice of time: 1 to 3 ms of scanning. */
const chunkBytes = 256 * 1024

/** How long work goes on before other work in this process has its turn. */
const sliceMs = 10

export class ChunkedFile {
  /** Base name, for messages; they never say where the file is. */
  readonly name: string
  /** Bytes, as of when it was opened. */
  readonly size: number
  /** The part at hand is `bytes[0 .. end)`; `bytes[end]` is 0, so that a scan ends there without counting. */
  readonly bytes: Buffer
  end = 0
  /** Whether `rest` should be awaited before going on. */
  isDue = false
  readonly #handle: FileHandle
  readonly #stats: Stats
  readonly #options: ReadOptions
  /** Place in the file of `bytes[0]`. */
  #offset = 0
  #restedAt = performance.now()

  private constructor(name: string, handle: FileHandle, stats: Stats, options: ReadOptions) {
    this.name = name
    this.size = stats.size
    this.bytes = Buffer.allocUnsafeSlow(Math.min(maxTokenBytes + chunkBytes, stats.size) + 1)
    this.bytes[0] = 0
    this.#handle = handle
    this.#stats = stats
    this.#options = options
  }

  /**
   * Lends the file at `path`: it is closed when `use` ends.
   *
   * @throws RecserveError `not_found`; `failed_precondition` where it is no file or may not be opened; `data_loss` where
   * it is empty, unreadable or changes meanwhile
   */
  static async use<T>(
    path: string,
    options: ReadOptions,
    use: (file: ChunkedFile) => Promise<T>,
  ): Promise<T> {
    const name = basename(path)
    // Without O_NONBLOCK, opening a pipe would wait for a writer for ever.
    const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch(
      (cause: unknown) => {
        throw cannotOpen(name, cause)
      },
    )
    try {
      const stats = await handle.stat()
      if (!stats.isFile()) throw new RecserveError('failed_precondition', `${name}: is not a file`)
      if (stats.size === 0) throw new RecserveError('data_loss', `${name}: is empty`)
      const file = new ChunkedFile(name, handle, stats, options)
      file.#throwIfAborted()
      const result = await use(file)
      await file.#finish()
      return result
    } finally {
      await handle.close()
    }
  }

  /**
   * Moves `bytes[from .. end)` to the front, so that every position falls by `from`, and reads on behind it.
   *
   * @returns false, and nothing has moved, at the end of the file
   */
  refill(from: number): boolean {
    const left = this.size - this.#offset - this.end
    if (left === 0) return false
    this.bytes.copyWithin(0, from, this.end)
    this.#offset += from
    this.end -= from
    const room = Math.min(chunkBytes, left, this.bytes.length - 1 - this.end)
    const count = this.#read(room)
    if (count === 0)
      this.fail('data_loss', `was cut short: it had ${this.size} bytes when it was opened`, this.end)
    this.end += count
    this.bytes[this.end] = 0
    this.checkClock()
    return true
  }

  /** Sets `isDue` when the slice of time is used up. `refill` calls it; work that reads nothing has to. */
  checkClock(): void {
    if (performance.now() - this.#restedAt >= sliceMs) this.isDue = true
  }

  /** Lets other work of this process have its turn. */
  async rest(): Promise<void> {
    this.#options.onProgress?.(this.#offset)
    await setImmediate()
    this.#throwIfAborted()
    this.isDue = false
    this.#restedAt = performance.now()
  }

  /** @param position place in `bytes`, for the message */
  fail(code: Code, text: string, position: number): never {
    throw new RecserveError(code, `${this.name}: ${text} (at byte ${this.#offset + position})`)
  }

  #read(count: number): number {
    try {
      return readSync(this.#handle.fd, this.bytes, this.end, count, this.#offset + this.end)
    } catch (cause) {
      throw new RecserveError('data_loss', `${this.name}: cannot be read (${codeOf(cause)})`, { cause })
    }
  }

  async #finish(): Promise<void> {
    const { size, mtimeMs } = await this.#handle.stat()
    if (size !== this.size || mtimeMs !== this.#stats.mtimeMs) {
      throw new RecserveError('data_loss', `${this.name}: changed while it was being read`)
    }
    this.#throwIfAborted()
    this.#options.onProgress?.(this.size)
  }

  #throwIfAborted(): void {
    const { signal } = this.#options
    if (!signal?.aborted) return
    const known = RecserveError.from(signal.reason)
    if (known === signal.reason) throw known
    const code = known.code === 'internal' ? 'cancelled' : known.code
    throw new RecserveError(code, `${this.name}: reading was stopped`, { cause: signal.reason })
  }
}

function cannotOpen(name: string, cause: unknown): RecserveError {
  const code = codeOf(cause)
  return code === 'ENOENT' || code === 'ENOTDIR'
    ? new RecserveError('not_found', `${name}: no such file`, { cause })
    : new RecserveError('failed_precondition', `${name}: cannot be opened (${code})`, { cause })
}

function codeOf(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'unknown error'
}
