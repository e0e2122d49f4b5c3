import { constants } from 'node:buffer'
import { RecserveError } from '../core/errors.js'
import { ChunkedFile, type ReadOptions } from './chunked-file.js'

export interface FileBytesOptions extends ReadOptions {
  /** A larger file is refused before anything is allocated. */
  readonly maxBytes: number
}

/**
 * All bytes of an untrusted file, read in slices of time.
 *
 * @throws RecserveError `failed_precondition` for one that is too large, otherwise as `ChunkedFile.use`
 */
export function readFileBytes(
  path: string,
  { maxBytes: wanted, ...options }: FileBytesOptions,
): Promise<{ readonly name: string; readonly bytes: Uint8Array }> {
  const maxBytes = Math.min(wanted, constants.MAX_LENGTH)
  return ChunkedFile.use(path, options, async (file) => {
    if (file.size > maxBytes) {
      const text = `${file.name}: has ${file.size} bytes, more than the ${maxBytes} it may have`
      throw new RecserveError('failed_precondition', text)
    }
    const bytes = new Uint8Array(file.size)
    for (let at = 0; file.refill(file.end); at += file.end) {
      bytes.set(file.bytes.subarray(0, file.end), at)
      if (file.isDue) await file.rest()
    }
    return { name: file.name, bytes }
  })
}
