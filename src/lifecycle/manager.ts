/** Keeps versions alive while they are used and lends them to requests: step 2 of the walk. */
import { RecserveError } from '../core/errors.js'
import { type ModelSpec, type ServableId, type ServableState, servableKey } from '../core/servable.js'
import type { StageListener } from '../core/stage-events.js'
import type { AspiredVersion } from './source.js'

/** Anything the manager can keep: it never looks inside. */
export interface Closeable {
  close(): Promise<void>
}

/** Loads and unloads one version; knows what the manager does not, that it is a model. */
export interface Loader<T extends Closeable> {
  load(version: AspiredVersion, signal: AbortSignal): Promise<T>
}

export interface ServableStatus {
  readonly servable: ServableId
  readonly state: ServableState
  /** Kind as recognised; undefined for a directory that nothing recognises. */
  readonly kind: string | undefined
  readonly error?: RecserveError
}

export interface Lent<T> {
  readonly servable: ServableId
  readonly loaded: T
}

export interface Manager<T extends Closeable> {
  /** Makes the aspired list true: loads what is new, one after another, then unloads what is no longer wanted. Never throws: a failed load is a state. */
  apply(aspired: readonly AspiredVersion[]): Promise<void>
  /**
   * Lends the version a spec names (the newest available without one) until `work` ends.
   * @throws RecserveError `not_found` for a model or version that is not here, `unavailable` while it is loading or after it failed.
   */
  use<R>(spec: ModelSpec, work: (lent: Lent<T>) => R | Promise<R>): Promise<R>
  statuses(): readonly ServableStatus[]
  /** The available version of each model, newest first per model. */
  available(): readonly Lent<T>[]
  /** Unloads everything; waits for what is lent. */
  close(): Promise<void>
}

export interface ManagerOptions<T extends Closeable> {
  readonly loader: Loader<T>
  /** Versions that are loaded at the same time; one after another without it. */
  readonly maxConcurrentLoads?: number
  /** What the log says of a version that has become available. */
  readonly describe?: (loaded: T) => Readonly<Record<string, string | number>>
  readonly onEvent: StageListener
  /** Milliseconds, monotonic. */
  readonly now: () => number
}

/** One version in the manager's care. */
interface Entry<T> {
  readonly aspired: AspiredVersion
  state: ServableState
  loaded: T | undefined
  error: RecserveError | undefined
  lent: number
  /** Called when the last borrower returns it. */
  onIdle: (() => void) | undefined
  /** Settles when a load under way has ended, well or not. */
  loading: Promise<void> | undefined
}

export function createManager<T extends Closeable>(options: ManagerOptions<T>): Manager<T> {
  const entries = new Map<string, Entry<T>>()
  /** The newest available entry of each model: what most requests want, so it is kept at hand. */
  const newest = new Map<string, Entry<T>>()
  const abort = new AbortController()

  function move(entry: Entry<T>, state: ServableState, durationMs?: number): void {
    entry.state = state
    const { model } = entry.aspired.servable
    const [best] = versionsOf(entries.values(), model, 'available')
    if (best) newest.set(model, best)
    else newest.delete(model)
    const { error, loaded } = entry
    options.onEvent({
      type: 'servable_state',
      servable: entry.aspired.servable,
      state,
      ...(error && { message: error.message, cause: error.cause }),
      ...(durationMs !== undefined && { durationMs }),
      ...(state === 'available' && options.describe && { details: options.describe(loaded!) }),
    })
  }

  async function load(entry: Entry<T>): Promise<void> {
    const started = options.now()
    move(entry, 'loading')
    try {
      entry.loaded = await options.loader.load(entry.aspired, abort.signal)
      move(entry, 'available', options.now() - started)
    } catch (thrown) {
      // A load that was called off is no failure.
      if (!abort.signal.aborted) entry.error = RecserveError.from(thrown)
      move(entry, 'end', options.now() - started)
    }
  }

  async function unload(entry: Entry<T>): Promise<void> {
    await entry.loading
    if (entry.state === 'available') {
      move(entry, 'unloading')
      if (entry.lent > 0) await new Promise<void>((resolve) => (entry.onIdle = resolve))
      await entry.loaded?.close()
      entry.loaded = undefined
    }
    entry.error = undefined
    if (entry.state !== 'start') move(entry, 'end')
    entries.delete(servableKey(entry.aspired.servable))
  }

  return {
    async apply(aspired) {
      const wanted = new Set(aspired.map((version) => servableKey(version.servable)))
      const added: Entry<T>[] = []
      for (const version of aspired) {
        const key = servableKey(version.servable)
        if (entries.has(key)) continue
        const entry: Entry<T> = {
          aspired: version,
          state: 'start',
          loaded: undefined,
          error: undefined,
          lent: 0,
          onIdle: undefined,
          loading: undefined,
        }
        entries.set(key, entry)
        added.push(entry)
        move(entry, 'start')
      }
      const waiting = added.values()
      const loadOneByOne = async () => {
        for (const entry of waiting) {
          if (abort.signal.aborted) break
          entry.loading = load(entry)
          await entry.loading
        }
      }
      await Promise.all(Array.from({ length: options.maxConcurrentLoads ?? 1 }, loadOneByOne))
      const unwanted = [...entries.values()].filter(
        (entry) => !wanted.has(servableKey(entry.aspired.servable)),
      )
      await Promise.all(unwanted.map(unload))
    },

    async use(spec, work) {
      const entry =
        spec.version === undefined
          ? newest.get(spec.model)
          : entries.get(servableKey({ ...spec, version: spec.version }))
      if (entry?.state !== 'available') throw refusalOf(entries, spec)
      entry.lent++
      try {
        return await work({ servable: entry.aspired.servable, loaded: entry.loaded! })
      } finally {
        if (--entry.lent === 0) entry.onIdle?.()
      }
    },

    statuses: () =>
      [...entries.values()].map(({ aspired, state, error }) => ({
        servable: aspired.servable,
        state,
        kind: aspired.kind,
        ...(error && { error }),
      })),

    available: () =>
      [...entries.values()]
        .filter((entry) => entry.state === 'available')
        .map((entry) => ({ servable: entry.aspired.servable, loaded: entry.loaded! }))
        .sort((a, b) => b.servable.version - a.servable.version),

    async close() {
      abort.abort()
      await Promise.all([...entries.values()].map(unload))
    },
  }
}

/** A model's entries, newest first; those in one state alone where it is given. */
function versionsOf<T>(entries: Iterable<Entry<T>>, model: string, state?: ServableState): Entry<T>[] {
  return [...entries]
    .filter(({ aspired, state: found }) => aspired.servable.model === model && (!state || found === state))
    .sort((a, b) => b.aspired.servable.version - a.aspired.servable.version)
}

/** Why a spec cannot be served, as `use` documents. */
function refusalOf<T>(entries: ReadonlyMap<string, Entry<T>>, { model, version }: ModelSpec): RecserveError {
  const known = versionsOf(entries.values(), model)
  if (known.length === 0) {
    return new RecserveError(
      'not_found',
      `there is no such model (models: ${namesOf([...entries.values()])})`,
    )
  }
  const ready = versionsOf(entries.values(), model, 'available')
  const name = `model '${model}'`
  if (ready.length > 0) {
    const versions = ready.map(({ aspired }) => aspired.servable.version).join(', ')
    return new RecserveError('not_found', `${name} has no version ${version} (ready: ${versions})`)
  }
  const failed = known.every(({ state }) => state === 'end')
  return new RecserveError(
    'unavailable',
    failed ? `${name} failed to load` : `${name} is still loading; try again`,
  )
}

/** Some names, so that a client sees a typo at once; not all of a thousand. */
function namesOf<T>(entries: readonly Entry<T>[]): string {
  const names = [...new Set(entries.map((entry) => entry.aspired.servable.model))].sort()
  if (names.length === 0) return 'none'
  return names.length > 10
    ? `${names.slice(0, 10).join(', ')} and ${names.length - 10} more`
    : names.join(', ')
}
