import { setImmediate } from 'node:timers/promises'

/** How long work goes on before other work in this process has its turn. */
const sliceMs = 10

/**
 * For long work: `await turn()` between pieces that are small against 10 ms lets other work go on where it is due.
 *
 * @returns `turn`; it rejects with the signal's reason once that is aborted
 */
export function createTurns(signal?: AbortSignal): () => Promise<void> {
  let restedAt = performance.now()
  return async () => {
    if (performance.now() - restedAt < sliceMs) return
    await setImmediate()
    signal?.throwIfAborted()
    restedAt = performance.now()
  }
}
