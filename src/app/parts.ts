/** The lists a server is built from. They are defaults: whoever builds one may add parts of their own. */
import { vectorIndexKinds } from '../ann/index.js'
import type { VectorIndexKind } from '../ann/vector-index.js'
import { sourceKinds } from '../lifecycle/index.js'
import type { SourceKind } from '../lifecycle/source.js'
import { modelKinds } from '../models/index.js'
import type { ModelKind } from '../models/model-kind.js'
import { protocols } from '../protocols/index.js'
import type { Protocol } from '../protocols/protocol.js'
import { storeKinds } from '../stores/index.js'
import type { StoreKind } from '../stores/store.js'

export interface Parts {
  /** Tried in this order. */
  readonly modelKinds: readonly ModelKind[]
  readonly vectorIndexKinds: readonly VectorIndexKind[]
  /** The first is used. */
  readonly sourceKinds: readonly [SourceKind, ...SourceKind[]]
  /** The first is used. */
  readonly storeKinds: readonly [StoreKind, ...StoreKind[]]
  readonly protocols: readonly Protocol[]
}

export const defaultParts: Parts = { modelKinds, vectorIndexKinds, sourceKinds, storeKinds, protocols }
