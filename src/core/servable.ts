/** One loaded (or to be loaded) version of one model. */
export interface ServableId {
  readonly model: string
  readonly version: number
}

/** What a client asks for: a model, and a version if it insists (else the newest that is available). */
export interface ModelSpec {
  readonly model: string
  readonly version?: number
}

/**
 * The life of a servable, in TensorFlow Serving's words (core/servable_state.h). A version that fails to load
 * is at `end` with an error: a state, not a crash.
 */
export const servableStates = ['start', 'loading', 'available', 'unloading', 'end'] as const

export type ServableState = (typeof servableStates)[number]

export const servableKey = ({ model, version }: ServableId): string => `${model}:${version}`
