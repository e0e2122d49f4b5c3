/** Builds the parts behind the wires and joins them: engine, index, store, manager, service. */
import { availableParallelism } from 'node:os'
import type { StageListener } from '../core/stage-events.js'
import type { BatchingOptions } from '../engines/batching/batching-session.js'
import type { Engine } from '../engines/engine.js'
import type { Checksums } from '../formats/tensor-bundle/tensor-bundle.js'
import { createManager, type Manager } from '../lifecycle/manager.js'
import type { AspiredVersion, Source, SourceOptions } from '../lifecycle/source.js'
import type { LoadedModel } from '../models/loaded-model.js'
import { createService } from '../service/index.js'
import type { Service } from '../service/service.js'
import { createModelLoader, recognise } from './model-loader.js'
import { defaultParts, type Parts } from './parts.js'

export interface ServingOptions {
  readonly parts?: Parts
  readonly engine: Engine
  /** Name of a vector index kind. */
  readonly index: string
  readonly fallback: 'none' | 'popular'
  /** Tags of the meta graph to take from a SavedModel. */
  readonly savedModelTags?: readonly string[]
  /** What RecBole's BERT4Rec answers; as the library does without it. */
  readonly bert4rec?: 'recbole' | 'corrected'
  /** Which checkpoints are compared with their checksums; those below 64 MB without it. */
  readonly checksums?: Checksums
  /** Whether ONNX Runtime runs what it can of a SavedModel's graph; false: TypeScript kernels run all of it. */
  readonly lowering?: boolean
  /** Whether nobody changes the files of SavedModels that are loaded. */
  readonly immutable?: boolean
  /** Requests that may wait for one index. */
  readonly maxQueued?: number
  /** How requests for tensors that wait are joined; without it each has a run of its own. */
  readonly batching?: Partial<BatchingOptions>
  readonly onEvent: StageListener
  readonly onWarning?: (version: AspiredVersion, message: string) => void
  readonly onProgress?: (version: AspiredVersion, doneBytes: number, totalBytes: number) => void
}

export interface Serving {
  readonly manager: Manager<LoadedModel>
  readonly service: Service
  /** Unloads every model, then ends the engine. */
  close(): Promise<void>
}

export function createServing(options: ServingOptions): Serving {
  const { parts = defaultParts, engine, index, fallback, maxQueued, onEvent, onProgress, onWarning } = options
  const { savedModelTags: tags = ['serve'], lowering, immutable = false, checksums = 'small' } = options
  const now = () => performance.now()
  const indexKind = parts.vectorIndexKinds.find(({ name }) => name === index)
  if (!indexKind) throw new Error(`no vector index kind is named ${index}: this is a bug`)
  const store = parts.storeKinds[0].create()
  const indexTools = { engine, onEvent, ...(maxQueued !== undefined && { maxQueued }) }
  const loader = createModelLoader({
    kinds: parts.modelKinds,
    indexKind,
    indexTools,
    store,
    savedModels: { tags, checksums, immutable, ...(lowering !== undefined && { lowering }) },
    ...(options.bert4rec && { preferences: { bert4rec: options.bert4rec } }),
    ...(options.batching && { batching: options.batching }),
    ...(onProgress && { onProgress }),
    ...(onWarning && { onWarning }),
  })
  const describe = ({ summary: { memoryBytes, ...rest } }: LoadedModel) => ({
    ...rest,
    ...(memoryBytes !== undefined && { memory_bytes: memoryBytes }),
  })
  const manager = createManager({
    maxConcurrentLoads: availableParallelism(),
    loader,
    describe,
    onEvent,
    now,
  })
  return {
    manager,
    service: createService({ manager, store, fallback, onEvent, now }),
    async close() {
      await manager.close()
      await store.close()
      await engine.close()
    },
  }
}

/** A source over the given paths; what is not said is not wished. */
export function createSource(
  options: Partial<SourceOptions> & Pick<SourceOptions, 'paths'>,
  parts: Parts = defaultParts,
): Source {
  return parts.sourceKinds[0].create({
    names: new Map(),
    allVersions: false,
    recognise: (directory) => recognise(parts.modelKinds, directory),
    onWarning: () => {},
    ...options,
  })
}
