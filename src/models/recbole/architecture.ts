/** How one of RecBole's model classes computes its scores: one file per architecture, listed in `architectures/index.ts`. */
import type { OnnxGraph } from '../../formats/onnx/model.js'
import type { Matrix } from '../../tensor/matrix.js'
import type { NamedTensors, Tensor } from '../../tensor/tensor.js'

/** The `state_dict` of a checkpoint. */
export interface Weights {
  has(name: string): boolean
  /**
   * A float32 tensor of the state_dict.
   * @param shape what it must be; -1 takes any size there
   * @throws RecserveError `data_loss` when it is missing, of another dtype or of another shape, saying both
   */
  get(name: string, shape?: readonly number[]): Tensor<'float32'>
}

/** The settings a model was trained with (RecBole's final config). */
export interface Settings {
  has(name: string): boolean
  /** @throws RecserveError `data_loss` when the setting is missing or of another type, naming it */
  integer(name: string): number
  number(name: string): number
  text(name: string): string
  flag(name: string): boolean
  /** Whether it is true or a number other than 0, for settings that RecBole takes as either. */
  isTruthy(name: string): boolean
  /** A text, or a number as a text, for lists that are a number where there is but one. */
  textOrNumber(name: string): string
  texts(name: string): readonly string[]
  numbers(name: string): readonly number[]
}

/** One feature of the items or of the users, by internal id. */
export type Feature =
  | {
      readonly kind: 'token'
      readonly field: string
      /** How many values the field has, padding (0) included. */
      readonly size: number
      /** One value per internal id; row 0 (padding) and items or users without the feature have 0. */
      readonly values: Int32Array
    }
  | {
      readonly kind: 'token_seq'
      readonly field: string
      readonly size: number
      /** [ids, width] row-major, zeros on the right. */
      readonly width: number
      readonly values: Int32Array
    }
  | { readonly kind: 'float'; readonly field: string; readonly values: Float32Array }
  | {
      readonly kind: 'float_seq'
      readonly field: string
      readonly width: number
      readonly values: Float32Array
    }

export interface ArchitectureContext {
  readonly weights: Weights
  readonly settings: Settings
  /** Internal item ids there are, `[PAD]` (0) included. */
  readonly itemCount: number
  /** Internal user ids there are, `[PAD]` (0) included. */
  readonly userCount: number
  /** MAX_ITEM_LIST_LENGTH, the L of the papers: only the last L items of a sequence count. */
  readonly maxLength: number
  /**
   * Whether what RecBole's own inference does amiss is put right: BERT4Rec keeps the oldest item of a request.
   * False unless given: as RecBole answers.
   */
  readonly corrected?: boolean
  /**
   * Features of the items in the order of the fields of the item file; the item id itself is not among them.
   * @throws RecserveError `failed_precondition` where nothing beside the checkpoint tells them
   */
  itemFeatures(): readonly Feature[]
  /**
   * Features of the users in the order of the fields of the user file; the user id itself is not among them.
   * @throws RecserveError `failed_precondition` where nothing beside the checkpoint tells them
   */
  userFeatures(): readonly Feature[]
  /**
   * The preloaded relation vectors, one row per relation id.
   * @throws RecserveError `failed_precondition` where no file beside the checkpoint holds them
   */
  relationVectors(): Matrix
}

/** One request, ready to be encoded. */
export interface EncoderQuery {
  /** Internal item ids, oldest first, 1 to `maxLength` of them. */
  readonly sequence: Int32Array
  /** Internal user id; 0 for architectures that need none. */
  readonly user: number
}

/**
 * The graph of an architecture. Of these inputs it declares those it reads, B being the number of requests in a run:
 * `items` int64 [B, T] (left-aligned, zeros on the right), `length` int64 [B], `user` int64 [B],
 * `candidates` int64 [C] (with B = 1, `candidates` scoring only), and those that `feeds` makes.
 */
export interface Encoder {
  /** Called whenever the graph has to be opened; output `query` float32 [B, D] or `scores` float32 [B, itemCount] (or [1, C]). */
  readonly graph: () => OnnxGraph
  /**
   * T: `batch` is the longest sequence of the run, for graphs whose answer does not depend on the zeros;
   * `maximum` is always `maxLength`.
   */
  readonly padding: 'batch' | 'maximum'
  /** Further inputs, or other values for those above, computed on the host for the requests of one run padded to `width`. */
  readonly feeds?: (queries: readonly EncoderQuery[], width: number) => NamedTensors
}

/** How scores come of what the encoder gives. */
export type Scoring =
  /** score[i] = query · vectors[i] (+ bias[i]); [itemCount, D], row 0 is the padding's. */
  | { readonly kind: 'vectors'; readonly vectors: Matrix; readonly bias?: Float32Array }
  /** score[i] = bias[i] − ‖query − vectors[i]‖₂ */
  | { readonly kind: 'distance'; readonly vectors: Matrix; readonly bias: Float32Array }
  /** The graph gives them all. */
  | { readonly kind: 'scores' }
  /** The graph gives those of the candidates it is asked for. */
  | { readonly kind: 'candidates' }

export interface SequenceModel {
  readonly encoder: Encoder
  readonly scoring: Scoring
}

export interface Architecture {
  /** RecBole's class name, e.g. `SASRec`. */
  readonly className: string
  /** Whether a request has to name a user that the model knows. */
  readonly needsUser: boolean
  /** @throws RecserveError for weights, settings or features that are missing or do not fit each other */
  build(context: ArchitectureContext): SequenceModel
}
