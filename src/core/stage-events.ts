import type { Code } from './errors.js'
import type { ServableId, ServableState } from './servable.js'

/** Steps of the walk whose time is told apart (docs/architecture.md). */
export type Stage = 'read_user' | 'rank' | 'run'

/** What the rooms tell whoever listens (observe/ alone). Carries no user id, feature or sequence, but for `request.message`. */
export type StageEvent =
  | { readonly type: 'stage'; readonly stage: Stage; readonly model: string; readonly durationMs: number }
  | {
      /** One request answered, or one entry of a batch request. */
      readonly type: 'request'
      readonly wire: string
      readonly route: string
      readonly requestId: string
      readonly model?: string
      readonly version?: number
      readonly code: Code | 'ok'
      readonly httpStatus: number
      readonly durationMs: number
      /** What the client was told of its error. It and `cause` may quote what the client sent: see observe/log.ts. */
      readonly message?: string
      readonly cause?: unknown
    }
  | { readonly type: 'fallback'; readonly model: string; readonly fallback: string }
  | {
      readonly type: 'servable_state'
      readonly servable: ServableId
      readonly state: ServableState
      readonly message?: string
      readonly cause?: unknown
      readonly durationMs?: number
      /** What became available: kind, algorithm, counts. */
      readonly details?: Readonly<Record<string, string | number>>
    }
  | { readonly type: 'batch'; readonly size: number; readonly durationMs: number }
  | {
      readonly type: 'inference_process'
      /**
       * `state_reset`: a model whose state runs may change was opened anew, and is what its files say; `reopen_failed`: one
       * could not be opened again after a restart.
       */
      readonly state: 'started' | 'died' | 'stopped' | 'state_reset' | 'reopen_failed'
      readonly message: string
    }

export type StageListener = (event: StageEvent) => void
