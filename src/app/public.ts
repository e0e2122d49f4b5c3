/** What `import { … } from 'recserve'` gives: the front doors, for those who write a part of their own. */
export type {
  IndexTools,
  SearchOptions,
  VectorIndex,
  VectorIndexKind,
  VectorSource,
} from '../ann/vector-index.js'
export type { Call } from '../core/call.js'
export { createIdTable, type IdTable } from '../core/catalog.js'
export { type Code, codes, RecserveError } from '../core/errors.js'
export type { ModelSpec, ServableId, ServableState } from '../core/servable.js'
export type { SignatureSpec, TensorSpec } from '../core/signature.js'
export type { Stage, StageEvent, StageListener } from '../core/stage-events.js'
export type { UserField, UserSnapshot, UserState } from '../core/user.js'
export type {
  Engine,
  EngineKind,
  EngineOptions,
  Graph,
  GraphSession,
  HostOpNode,
  OnnxFiles,
  Placement,
  RunOptions,
  SavedModelFiles,
  Session,
  SignatureRun,
} from '../engines/engine.js'
export type { Closeable, Lent, Manager, ServableStatus } from '../lifecycle/manager.js'
export type { AspiredVersion, Recognised, Source, SourceKind, SourceOptions } from '../lifecycle/source.js'
export type { LoadedModel } from '../models/loaded-model.js'
export type {
  LoadPreferences,
  LoadTools,
  ModelKind,
  RecognisedPart,
  Recognition,
} from '../models/model-kind.js'
export type { Predictor, PredictorRequest } from '../models/predictor.js'
export type {
  ModelFallback,
  ModelSummary,
  Query,
  Ranking,
  RankOptions,
  Recommender,
  Similar,
  SimilarOptions,
} from '../models/recommender.js'
export type { Outcome, Protocol, ProtocolContext } from '../protocols/protocol.js'
export type {
  RecommendRequest,
  RecommendResponse,
  ScoredItem,
  Service,
  SimilarRequest,
  SimilarResponse,
} from '../service/service.js'
export type { Store, StoreKind } from '../stores/store.js'
export type { AnyTensor, NamedAnyTensors } from '../tensor/any-tensor.js'
export type { DataType } from '../tensor/dtype.js'
export type { Matrix } from '../tensor/matrix.js'
export type { NamedTensors, Tensor } from '../tensor/tensor.js'
export type { NumberArray, TopK } from '../tensor/top-k.js'
export { defaultParts, type Parts } from './parts.js'
