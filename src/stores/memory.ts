import { servableKey } from '../core/servable.js'
import type { UserSnapshot } from '../core/user.js'
import type { Store, StoreKind } from './store.js'

/** The embedded default: user state in this process, as the loaded versions were exported with it. Reads never wait. */
export function createMemoryStore(): Store {
  const snapshots = new Map<string, UserSnapshot>()
  return {
    name: 'memory',
    attach: (servable, snapshot) => void snapshots.set(servableKey(servable), snapshot),
    detach: (servable) => void snapshots.delete(servableKey(servable)),
    readUser: (servable, user) => snapshots.get(servableKey(servable))?.read(user),
    async close() {},
  }
}

export const memory: StoreKind = { name: 'memory', create: createMemoryStore }
