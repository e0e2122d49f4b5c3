/** Builds the parts behind the wires and joins them: engine, index, store, manager, service. */
import { vectorIndexKinds } from '../ann/index.js'
import type { StageListener } from '../core/stage-events.js'
import type { Engine } from '../engines/engine.js'
import { createFileSystemSource } from '../lifecycle/file-system-source.js'
import { createManager, type Manager } from '../lifecycle/manager.js'
import type { AspiredVersion, Source } from '../lifecycle/source.js'
import { modelKinds } from '../models/index.js'
import type { Recommender } from '../models/recommender.js'
import { createService } from '../service/index.js'
import type { Service } from '../service/service.js'
import { stores } from '../stores/index.js'
import { createModelLoader, recognise } from './model-loader.js'

export interface ServingOptions {
  readonly engine: Engine
  /** Name of a vector index kind. */
  readonly index: string
  readonly fallback: 'none' | 'popular'
  /** Requests that may wait for one index. */
  readonly maxQueued?: number
  readonly onEvent: StageListener
  readonly onProgress?: (version: AspiredVersion, doneBytes: number, totalBytes: number) => void
}

export interface Serving {
  readonly manager: Manager<Recommender>
  readonly service: Service
  /** Unloads every model, then ends the engine. */
  close(): Promise<void>
}

export function createServing(options: ServingOptions): Serving {
  const { engine, index, fallback, maxQueued, onEvent, onProgress } = options
  const now = () => performance.now()
  const indexKind = vectorIndexKinds.find(({ name }) => name === index)
  if (!indexKind) throw new Error(`no vector index kind is named ${index}: this is a bug`)
  const store = stores.memory()
  const indexTools = { engine, onEvent, ...(maxQueued !== undefined && { maxQueued }) }
  const loader = createModelLoader({
    kinds: modelKinds,
    indexKind,
    indexTools,
    store,
    ...(onProgress && { onProgress }),
  })
  const describe = ({ summary: { memoryBytes, ...rest } }: Recommender) => ({
    ...rest,
    memory_bytes: memoryBytes,
  })
  const manager = createManager({ loader, describe, onEvent, now })
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

export interface SourceOptions {
  readonly paths: readonly string[]
  /** Path by model name, as `--name NAME=PATH` gives it. */
  readonly names?: ReadonlyMap<string, string>
  /** Every version folder of a model, not the newest alone. */
  readonly allVersions?: boolean
  readonly onWarning?: (message: string) => void
}

export function createSource({ paths, names = new Map(), allVersions, onWarning }: SourceOptions): Source {
  return createFileSystemSource({
    paths,
    names: new Map([...names].map(([name, path]) => [path, name])),
    allVersions: allVersions ?? false,
    recognise: (directory) => recognise(modelKinds, directory),
    onWarning: onWarning ?? (() => {}),
  })
}
