/** Joins model kinds, indexes and stores into the one thing the manager calls: load this version. */
import { exact } from '../ann/exact.js'
import type { IndexTools, VectorIndexKind } from '../ann/vector-index.js'
import { RecserveError } from '../core/errors.js'
import {
  type BatchingOptions,
  createBatchingSession,
  defaultBatching,
} from '../engines/batching/batching-session.js'
import type { GraphSession } from '../engines/engine.js'
import type { Checksums } from '../formats/tensor-bundle/tensor-bundle.js'
import type { Loader } from '../lifecycle/manager.js'
import type { AspiredVersion } from '../lifecycle/source.js'
import type { LoadedModel } from '../models/loaded-model.js'
import type { LoadPreferences, LoadTools, ModelKind, Recognition } from '../models/model-kind.js'
import type { Store } from '../stores/store.js'

/** The kind a directory is recognised as: the first of the list that takes it. */
export async function recognise(
  kinds: readonly ModelKind[],
  directory: string,
): Promise<(Recognition & { readonly modelKind: ModelKind }) | undefined> {
  for (const modelKind of kinds) {
    const recognition = await modelKind.recognise(directory)
    if (recognition) return { ...recognition, modelKind }
  }
  return undefined
}

export interface ModelLoaderOptions {
  readonly kinds: readonly ModelKind[]
  readonly indexKind: VectorIndexKind
  readonly indexTools: IndexTools
  readonly store: Store
  /** How SavedModels are read. */
  readonly savedModels: {
    readonly tags: readonly string[]
    readonly checksums: Checksums
    readonly lowering?: boolean
    readonly immutable?: boolean
  }
  readonly preferences?: LoadPreferences
  /** How requests for tensors are joined; without it each has a run of its own. */
  readonly batching?: Partial<BatchingOptions>
  readonly onProgress?: (version: AspiredVersion, doneBytes: number, totalBytes: number) => void
  readonly onWarning?: (version: AspiredVersion, message: string) => void
}

/** A loaded version is known to the store as long as it lives. */
export function createModelLoader(options: ModelLoaderOptions): Loader<LoadedModel> {
  return {
    async load(version, signal) {
      const found = await recognise(options.kinds, version.directory)
      if (!found)
        throw new RecserveError(
          'failed_precondition',
          'nothing in this folder is a model that recserve knows; recserve inspect PATH tells what is below it',
        )
      const loaded = await found.modelKind.load(version.directory, toolsFor(version, signal, options))
      if (loaded.recommender) options.store.attach(version.servable, loaded.recommender.snapshot)
      return {
        ...loaded,
        async close() {
          options.store.detach(version.servable)
          await loaded.close()
        },
      }
    },
  }
}

/** Where nobody says how many may wait. */
const defaultMaxQueued = 1024

function toolsFor(version: AspiredVersion, signal: AbortSignal, options: ModelLoaderOptions): LoadTools {
  const { onProgress, onWarning, indexKind, indexTools, batching } = options
  const { engine, maxQueued = defaultMaxQueued } = indexTools
  const batched = async (opening: Promise<GraphSession>): Promise<GraphSession> => {
    const session = await opening
    if (!batching) return session
    return createBatchingSession(session, { ...defaultBatching, maxEnqueuedBatches: maxQueued, ...batching })
  }
  return {
    signal,
    maxQueued,
    openGraph: (build) => engine.open(version.servable.model, build),
    openSavedModel: (directory) =>
      batched(engine.openSavedModel(version.servable.model, { directory, ...options.savedModels })),
    openOnnxModel: (files) => batched(engine.openOnnxModel(version.servable.model, files)),
    buildIndex(source) {
      // A folder of models need not all have an index file; the exact index needs none.
      const isMissing = indexKind.needsFile && source.file === undefined
      if (isMissing) onWarning?.(version, `no ${indexKind.name} index file: searched exactly`)
      return (isMissing ? exact : indexKind).build(source, { ...indexTools, signal })
    },
    ...(options.preferences && { preferences: options.preferences }),
    ...(onProgress && { onProgress: (done, total) => onProgress(version, done, total) }),
    ...(onWarning && { onWarning: (message) => onWarning(version, message) }),
  }
}
