/** What a file is, by its first bytes. */
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'

/** Whether a file begins as `torch.save` and `pickle.dump` (protocol 2 and later) write. */
export async function isZipOrPickle(path: string): Promise<boolean> {
  const head = await firstBytes(path, 4)
  const isPickle = head[0] === 0x80 && head[1]! >= 2 && head[1]! <= 5
  return isPickle || head.toString('latin1') === 'PK\x03\x04'
}

/** At most `count` bytes; none of a file that cannot be read. */
export async function firstBytes(path: string, count: number): Promise<Buffer> {
  const bytes = Buffer.alloc(count)
  // Without O_NONBLOCK, opening a pipe would wait for a writer for ever.
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(() => undefined)
  try {
    const read = await handle?.read(bytes, 0, count, 0).catch(() => undefined)
    return bytes.subarray(0, read?.bytesRead ?? 0)
  } finally {
    await handle?.close()
  }
}
