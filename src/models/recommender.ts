/** One loaded model version that can recommend: the front door of `models/`. Steps 5 to 7 of the walk. */
import type { Call } from '../core/call.js'
import type { IdTable } from '../core/catalog.js'
import type { UserFeatures, UserField, UserSnapshot, UserState } from '../core/user.js'
import type { NumberArray, TopK } from '../tensor/top-k.js'

/** Whom a request is for, in the rows of this model version. */
export interface Query {
  /** Row in the model's user table; -1 when there is no user or the model does not know the one given. */
  readonly user: number
  /** What the store knows of the user; undefined when nothing. */
  readonly state: UserState | undefined
  /**
   * Items the request names as history, catalog rows, oldest first; -1 for an item the model does not know, where it
   * `keepsUnknownItems`. Undefined when the request gave none.
   */
  readonly sequence: Int32Array | undefined
  /** What the request says of the user, one feature at least; only where the model `takesFeatures`. */
  readonly features?: UserFeatures | undefined
}

export interface RankOptions {
  /** How many items at most. */
  readonly n: number
  /** Rows that must not be answered; repeats allowed. */
  readonly excluded: Int32Array
  /** The only rows that may be answered (distinct); undefined: the whole catalog. */
  readonly candidates: Int32Array | undefined
  readonly call?: Call | undefined
}

export type SimilarOptions = Omit<RankOptions, 'candidates'>

/** What the model read instead of a known user's row (service adds `popular`). */
export type ModelFallback = 'sequence_mean' | 'unknown_user'

export interface Ranking extends TopK {
  readonly fallback?: ModelFallback
  /** What of the query was not used, and why. */
  readonly warnings?: readonly string[]
}

export interface Similar extends TopK {
  /** How nearness was measured: `cosine`, or the name of the model's own similarity. */
  readonly similarity: string
}

export interface ModelSummary {
  readonly kind: string
  readonly algorithm: string
  readonly users?: number
  readonly items?: number
  /** Embedding width; absent for models without vectors. */
  readonly width?: number
  /** Signatures that can be asked; absent for models without a graph. */
  readonly signatures?: number
  /** About what this version keeps, in this process and the inference process. */
  readonly memoryBytes?: number
}

export interface Recommender {
  readonly summary: ModelSummary
  readonly users: IdTable
  readonly catalog: IdTable
  /** For whom a sequence in the request changes the answer; elsewhere `rank` is not given one. */
  readonly sequenceUse: 'everyone' | 'unknown_users' | 'nobody'
  /** Whether unknown items of a sequence keep their places, as they had them in training; absent: they are left out. */
  readonly keepsUnknownItems?: boolean
  /** Whether what a request's sequence names is not answered unless the request says otherwise; absent: yes. */
  readonly excludesSequence?: boolean
  /** Whether what a request says of its user changes the answer; absent: no. */
  readonly takesFeatures?: boolean
  /** Whether it can answer nobody but users it knows, a sequence or not; absent: no. */
  readonly needsUser?: boolean
  /** The user state `rank` needs; service asks the store for just this. */
  readonly reads: readonly UserField[]
  /** The user state this version was exported with. */
  readonly snapshot: UserSnapshot
  /** How often each catalog row was consumed in training, for the `popular` fallback; length `items`. */
  readonly popularity: NumberArray
  /**
   * The best items for a query, best first; equal scores: the lower row first. Undefined: this model cannot answer the query
   * (nobody it knows, no history it could use), so the caller falls back.
   */
  rank(query: Query, options: RankOptions): Promise<Ranking | undefined> | Ranking | undefined
  /** The items nearest to one item, itself left out; undefined when the model has no notion of it. */
  similar(item: number, options: SimilarOptions): Promise<Similar | undefined> | Similar | undefined
  close(): Promise<void>
}
