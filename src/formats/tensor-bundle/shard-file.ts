import { constants } from 'node:buffer'
import { closeSync, constants as flags, fstatSync, openSync, readSync } from 'node:fs'
import { basename } from 'node:path'
import { RecserveError } from '../../core/errors.js'

/** A data file of a checkpoint. It is open only while something is read, so that there is nothing to close. */
export class ShardFile {
  /** Base name, for messages. */
  readonly name: string
  /** Bytes, as of when it was first seen. */
  readonly size: number
  readonly #path: string
  readonly #modified: number

  /** @throws RecserveError `not_found`, or `failed_precondition` where it is no file or may not be opened */
  constructor(path: string) {
    this.name = basename(path)
    this.#path = path
    const { size, mtimeMs } = this.#use((fd) => fstatSync(fd))
    this.size = size
    this.#modified = mtimeMs
  }

  /**
   * Reads bytes that lie in the file, into a buffer of their own.
   *
   * @throws RecserveError `data_loss` where the file has changed or cannot be read; `resource_exhausted` where a buffer
   * cannot hold so many
   */
  read(offset: number, length: number): Uint8Array<ArrayBuffer> {
    return this.#use((fd) => {
      const { size, mtimeMs } = fstatSync(fd)
      if (size !== this.size || mtimeMs !== this.#modified)
        this.#fail('data_loss', 'changed since the model was opened')
      if (length > constants.MAX_LENGTH)
        this.#fail('resource_exhausted', `a tensor of ${length} bytes is too large`)
      const bytes = new Uint8Array(length)
      for (let done = 0; done < length; ) {
        const count = readSync(fd, bytes, done, Math.min(length - done, 2 ** 30), offset + done)
        if (count === 0) this.#fail('data_loss', 'was cut short while it was being read')
        done += count
      }
      return bytes
    })
  }

  #use<T>(use: (fd: number) => T): T {
    let fd: number | undefined
    try {
      // Without O_NONBLOCK, opening a pipe would wait for a writer for ever.
      fd = openSync(this.#path, flags.O_RDONLY | (flags.O_NONBLOCK ?? 0))
      if (!fstatSync(fd).isFile()) this.#fail('failed_precondition', 'is not a file')
      return use(fd)
    } catch (cause) {
      if (cause instanceof RecserveError) throw cause
      const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error'
      if (code === 'ENOENT' || code === 'ENOTDIR') this.#fail('not_found', 'no such file', cause)
      return this.#fail(
        fd === undefined ? 'failed_precondition' : 'data_loss',
        `cannot be read (${code})`,
        cause,
      )
    } finally {
      if (fd !== undefined) closeSync(fd)
    }
  }

  #fail(
    code: 'not_found' | 'failed_precondition' | 'data_loss' | 'resource_exhausted',
    text: string,
    cause?: unknown,
  ): never {
    throw new RecserveError(code, `${this.name}: ${text}`, { cause })
  }
}
