/** Pickles that the checkpoints of one folder have in common, as its data set: each is parsed once for all that use it. */
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { readTorchCheckpoint, type TorchCheckpoint } from '../../formats/torch/checkpoint.js'

interface Shared {
  readonly reading: Promise<TorchCheckpoint>
  /** Ends the reading. */
  readonly stop: AbortController
  isRead: boolean
  users: number
  timer: NodeJS.Timeout | undefined
}

/** By path, time of change and size. */
const sharedBy = new Map<string, Shared>()

/** How long one is kept that nobody uses: models of one folder are loaded one after another. */
const idleMs = 5_000

/**
 * What `use` makes of the file, which other users may see at the same time. What is wrong with a file is told to all of
 * them without parsing it again.
 *
 * @param signal ends this use; the parsing goes on while others wait for it
 * @throws RecserveError as `readTorchCheckpoint`
 */
export async function useSharedPickle<T>(
  path: string,
  signal: AbortSignal | undefined,
  use: (file: TorchCheckpoint) => Promise<T>,
): Promise<T> {
  const key = await keyOf(path)
  const shared = sharedBy.get(key) ?? open(key, path)
  clearTimeout(shared.timer)
  shared.users++
  try {
    return await use(await unlessAborted(shared.reading, signal))
  } finally {
    shared.users--
    if (shared.users === 0) leave(key, shared)
  }
}

async function keyOf(path: string): Promise<string> {
  // Reading says better what is wrong with a file that is not there.
  const found = await stat(path).catch(() => undefined)
  return [resolve(path), found?.mtimeMs, found?.size, found?.ino].join('\n')
}

function open(key: string, path: string): Shared {
  const stop = new AbortController()
  const reading = readTorchCheckpoint(path, { signal: stop.signal })
  const shared: Shared = { reading, stop, isRead: false, users: 0, timer: undefined }
  const settle = () => {
    shared.isRead = true
  }
  reading.then(settle, settle)
  sharedBy.set(key, shared)
  return shared
}

function leave(key: string, shared: Shared): void {
  const forget = () => {
    if (sharedBy.get(key) === shared) sharedBy.delete(key)
  }
  if (shared.isRead) {
    shared.timer = setTimeout(forget, idleMs).unref()
    return
  }
  forget()
  shared.stop.abort()
}

async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work
  signal.throwIfAborted()
  return new Promise((keep, reject) => {
    const onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    work.then(keep, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
