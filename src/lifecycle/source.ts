/** Finds versions and states the aspired list: the front door of `lifecycle/`, with manager.ts. */
import type { ServableId } from '../core/servable.js'

/** A version the source wants loaded, and where it is. */
export interface AspiredVersion {
  readonly servable: ServableId
  readonly directory: string
  /** Kind name as recognised; undefined when nothing recognises the directory. */
  readonly kind: string | undefined
}

export interface Source {
  /** Everything that should be loaded now. */
  aspiredVersions(): Promise<readonly AspiredVersion[]>
}
