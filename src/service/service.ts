/** The data plane: a decoded request walks to a decoded response. The front door of `service/`. */
import type { Call } from '../core/call.js'
import type { ModelSpec, ServableId } from '../core/servable.js'
import type { SignatureSpec } from '../core/signature.js'
import type { StageListener } from '../core/stage-events.js'
import type { UserFeatures } from '../core/user.js'
import type { Manager, ServableStatus } from '../lifecycle/manager.js'
import type { LoadedModel } from '../models/loaded-model.js'
import type { ModelFallback } from '../models/recommender.js'
import type { Store } from '../stores/store.js'
import type { AnyTensor } from '../tensor/any-tensor.js'

export interface RecommendRequest {
  readonly model: ModelSpec
  readonly user?: string
  /** Item ids, oldest first. */
  readonly sequence?: readonly string[]
  /** What is known of the user now, over what the model has stored. */
  readonly userFeatures?: UserFeatures
  /** How many items; 0 or more. */
  readonly n: number
  readonly exclude?: readonly string[]
  /** The only items that may be answered. */
  readonly candidates?: readonly string[]
  /** Answer items the user has already had, too. */
  readonly includeConsumed?: boolean
  /**
   * Whether items of `sequence` are not answered; without it whatever the model's kind does (`excludesSequence`), and no where
   * `includeConsumed` is set.
   */
  readonly excludeSequence?: boolean
}

export interface SimilarRequest {
  readonly model: ModelSpec
  readonly item: string
  readonly n: number
}

export interface ScoredItem {
  readonly item: string
  readonly score: number
}

/** Why an answer is not made from what the model learned of this user. */
export type Fallback = ModelFallback | 'popular'

export interface RecommendResponse {
  readonly servable: ServableId
  /** Best first. */
  readonly items: readonly ScoredItem[]
  /** How many items fewer than asked for there are; absent when none. */
  readonly shortfall?: number
  readonly fallback?: Fallback
  /** How many ids in `sequence`, `exclude` and `candidates` the model does not know; absent when none. */
  readonly unknownItems?: number
  readonly warnings?: readonly string[]
}

export interface SimilarResponse {
  readonly servable: ServableId
  readonly similarity: string
  readonly items: readonly ScoredItem[]
  readonly shortfall?: number
}

export interface SignaturesResponse {
  readonly servable: ServableId
  readonly signatures: readonly SignatureSpec[]
}

export interface PredictRequest {
  readonly model: ModelSpec
  /** `serving_default` without one. */
  readonly signature?: string
  readonly inputs: ReadonlyMap<string, AnyTensor>
  /** The only outputs wanted; all without it. */
  readonly outputFilter?: readonly string[]
}

export interface PredictResponse {
  readonly servable: ServableId
  /** The signature that ran. */
  readonly signature: string
  /** In the signature's order. */
  readonly outputs: ReadonlyMap<string, AnyTensor>
}

export interface Readiness {
  /** Every model has ended its first load attempt and at least one serves. */
  readonly ready: boolean
  readonly reason: 'ready' | 'loading' | 'no model serves' | 'draining'
  readonly models: readonly ServableStatus[]
}

/** Every method @throws RecserveError. */
export interface Service {
  recommend(request: RecommendRequest, call?: Call): Promise<RecommendResponse>
  similar(request: SimilarRequest, call?: Call): Promise<SimilarResponse>
  /** What the version a spec names can be asked: wires need the dtypes before they can read tensors. */
  signatures(model: ModelSpec): Promise<SignaturesResponse>
  predict(request: PredictRequest, call?: Call): Promise<PredictResponse>
  models(): readonly ServableStatus[]
  readiness(): Readiness
  /** From now on `readiness` says no, so that no new traffic is sent here. */
  drain(): void
}

export interface ServiceOptions {
  readonly manager: Manager<LoadedModel>
  readonly store: Store
  /** What to answer a user the model cannot answer. */
  readonly fallback: 'none' | 'popular'
  readonly onEvent: StageListener
  /** Milliseconds, monotonic. */
  readonly now: () => number
}
