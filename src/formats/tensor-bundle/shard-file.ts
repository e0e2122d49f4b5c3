/** The data files of a checkpoint, read piece by piece: `stored-tensor.ts` says which bytes are a tensor. */
import { constants } from 'node:buffer'
import { closeSync, constants as flags, fstatSync, openSync, readSync, realpathSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { RecserveError } from '../../core/errors.js'

export interface RowsInFile {
  /** Of row 0, in bytes. */
  readonly offset: number
  readonly rowBytes: number
  /** Numbers of the wanted rows. */
  readonly rows: ArrayLike<number>
}

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
    return this.readRows({ offset, rowBytes: length, rows: [0] })
  }

  /** Reads rows that lie in the file, one after another in the order asked for. @throws RecserveError as `read` */
  readRows({ offset, rowBytes, rows }: RowsInFile): Uint8Array<ArrayBuffer> {
    return this.#use((fd) => {
      const { size, mtimeMs } = fstatSync(fd)
      if (size !== this.size || mtimeMs !== this.#modified)
        this.#fail('data_loss', 'changed since the model was opened')
      const length = rows.length * rowBytes
      if (length > constants.MAX_LENGTH)
        this.#fail('resource_exhausted', `a tensor of ${length} bytes is too large`)
      const bytes = new Uint8Array(length)
      for (let i = 0; i < rows.length; i++) {
        const row = bytes.subarray(i * rowBytes, (i + 1) * rowBytes)
        this.#fill(row, fd, offset + rows[i]! * rowBytes)
      }
      return bytes
    })
  }

  /** Where the file is when symbolic links have been followed. @throws RecserveError as `read` */
  realPlace(): { readonly directory: string; readonly file: string } {
    const path = this.#use(() => realpathSync(this.#path))
    return { directory: dirname(path), file: basename(path) }
  }

  #fill(bytes: Uint8Array, fd: number, offset: number): void {
    for (let done = 0; done < bytes.length; ) {
      const count = readSync(fd, bytes, done, Math.min(bytes.length - done, 2 ** 30), offset + done)
      if (count === 0) this.#fail('data_loss', 'was cut short while it was being read')
      done += count
    }
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
