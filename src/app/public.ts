/** What `import { … } from 'recserve'` gives: the front doors, for those who write a part of their own. */
export type {
  IndexTools,
  SearchOptions,
  VectorIndex,
  VectorIndexKind,
  VectorSource,
} from '../ann/vector-index.js'
export type { IdTable } from '../core/catalog.js'
export { type Code, codes, RecserveError } from '../core/errors.js'
export type { ModelSpec, ServableId, ServableState } from '../core/servable.js'
export type { Stage, StageEvent, StageListener } from '../core/stage-events.js'
export type { UserField, UserSnapshot, UserState } from '../core/user.js'
export type {
  Engine,
  EngineKind,
  EngineOptions,
  Graph,
  HostOpNode,
  RunOptions,
  Session,
} from '../engines/engine.js'
export type { AspiredVersion, Source } from '../lifecycle/source.js'
export type { LoadTools, ModelKind, Recognition } from '../models/model-kind.js'
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
export type { Store } from '../stores/store.js'
export type { DataType } from '../tensor/dtype.js'
export type { Matrix } from '../tensor/matrix.js'
export type { NamedTensors, Tensor } from '../tensor/tensor.js'
export type { NumberArray, TopK } from '../tensor/top-k.js'
