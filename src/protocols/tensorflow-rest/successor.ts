import { RecserveError } from '../../core/errors.js'
import type { ModelPath } from './path.js'

/**
 * Asks in two steps: signatures, then an answer. The version that told its signatures may have been unloaded before it was
 * asked: then its successor is asked, once, where the path names no version.
 */
export async function askOrSuccessor<T>(path: ModelPath, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (thrown) {
    const isGone = thrown instanceof RecserveError && thrown.code === 'not_found'
    if (!isGone || path.version !== undefined) throw thrown
    return ask()
  }
}
