/** Joins model kinds, indexes and stores into the one thing the manager calls: load this version. */
import { exact } from '../ann/exact.js'
import type { IndexTools, VectorIndexKind } from '../ann/vector-index.js'
import { RecserveError } from '../core/errors.js'
import type { Loader } from '../lifecycle/manager.js'
import type { AspiredVersion } from '../lifecycle/source.js'
import type { LoadTools, ModelKind, Recognition } from '../models/model-kind.js'
import type { Recommender } from '../models/recommender.js'
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
  readonly onProgress?: (version: AspiredVersion, doneBytes: number, totalBytes: number) => void
  readonly onWarning?: (version: AspiredVersion, message: string) => void
}

/** A loaded version is known to the store as long as it lives. */
export function createModelLoader(options: ModelLoaderOptions): Loader<Recommender> {
  return {
    async load(version, signal) {
      const found = await recognise(options.kinds, version.directory)
      if (!found)
        throw new RecserveError('failed_precondition', 'nothing here is a model that recserve knows')
      const recommender = await found.modelKind.load(version.directory, toolsFor(version, signal, options))
      options.store.attach(version.servable, recommender.snapshot)
      return {
        ...recommender,
        async close() {
          options.store.detach(version.servable)
          await recommender.close()
        },
      }
    },
  }
}

function toolsFor(version: AspiredVersion, signal: AbortSignal, options: ModelLoaderOptions): LoadTools {
  const { onProgress, onWarning, indexKind, indexTools } = options
  return {
    signal,
    buildIndex(source) {
      // A folder of models need not all have an index file; the exact index needs none.
      const isMissing = indexKind.needsFile && source.file === undefined
      if (isMissing) onWarning?.(version, `no ${indexKind.name} index file: searched exactly`)
      return (isMissing ? exact : indexKind).build(source, { ...indexTools, signal })
    },
    ...(onProgress && { onProgress: (done, total) => onProgress(version, done, total) }),
    ...(onWarning && { onWarning: (message) => onWarning(version, message) }),
  }
}
