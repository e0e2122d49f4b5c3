import { RecserveError } from '../../core/errors.js'
import type { AnyTensor } from '../../tensor/any-tensor.js'
import { createRandom, type Random } from './random.js'

/** Reads the tensors of a checkpoint: what `RestoreV2` needs of a tensor bundle. */
export interface Checkpoint {
  /** The path prefix that the graph is given for it; no other is read. */
  readonly prefix: string
  readonly read: CheckpointReader
}

/** @param slice `shape_and_slice` as the saver wrote it, '' for the whole tensor */
export type CheckpointReader = (name: string, slice: string) => AnyTensor

/**
 * What lives as long as a loaded version: variables and tables by name. Runs of one version never overlap, because a run
 * is synchronous and a process has one thread that runs graphs: so runs that write are serialised against all others, and
 * runs that do not pay nothing for it.
 */
export class State {
  readonly random: Random = createRandom()
  /** Set while the initialiser runs. */
  checkpoint: Checkpoint | undefined
  /** Contents of the model's asset files by the path the graph is given; nothing else of the file system is seen. */
  readonly assets = new Map<string, Uint8Array>()
  readonly #resources = new Map<string, object>()

  /** The resource of that kind and name, made when it is first asked for. */
  resource<T extends object>(key: string, create: () => T): T {
    const known = this.#resources.get(key)
    if (known !== undefined) return known as T
    const made = create()
    this.#resources.set(key, made)
    return made
  }

  /** Whatever has been made. */
  resources(): Iterable<object> {
    return this.#resources.values()
  }

  /** Lets everything go; handles that are still held stay usable. */
  clear(): void {
    this.#resources.clear()
    this.assets.clear()
    this.checkpoint = undefined
  }

  /** @throws RecserveError `not_found` for a path that is not one of the model's assets */
  readAsset(path: string): Uint8Array {
    const bytes = this.assets.get(path)
    if (bytes) return bytes
    throw new RecserveError('not_found', `${path}; the model has no such asset file`)
  }
}
