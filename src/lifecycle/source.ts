/** Finds versions and states the aspired list: the front door of `lifecycle/`, with manager.ts. */
import type { ServableId } from '../core/servable.js'

/** A version the source wants loaded, and where it is. */
export interface AspiredVersion {
  readonly servable: ServableId
  /** Of a directory that holds several versions as files, the file. */
  readonly directory: string
  /** Kind name as recognised; undefined when nothing recognises the directory, or it is broken. */
  readonly kind: string | undefined
}

export interface Source {
  /** Everything that should be loaded now. */
  aspiredVersions(): Promise<readonly AspiredVersion[]>
}

/** What a directory is, without loading it. */
export interface Recognised {
  readonly kind: string
  /** Where the directory tells a version of its own. */
  readonly version?: number
  /** Several models or versions in one directory, as files: newest version of each first. */
  readonly parts?: readonly RecognisedPart[]
  /** What an operator should know, e.g. which files were passed over. */
  readonly warnings?: readonly string[]
}

/** One version of a model in a directory of several. */
export interface RecognisedPart {
  readonly model: string
  readonly version: number
  readonly path: string
  /** Whether it cannot be read: loading it tells why. */
  readonly isBroken?: boolean
}

export interface SourceOptions {
  /** Where to look. */
  readonly paths: readonly string[]
  /** Path by model name, for models that are not to be named after their folder. */
  readonly names: ReadonlyMap<string, string>
  /**
   * Every version of a model, newest first, instead of the newest alone (TensorFlow Serving's default policy); of versions that
   * are files, the newest that can be read, and those above it, whose state says what is wrong.
   */
  readonly allVersions: boolean
  /** The kind of model a directory holds or a file is, if any. Throws for a model that is broken. */
  readonly recognise: (directory: string) => Promise<Recognised | undefined>
  /** Told of a path below which there is no model, and what recognising found. */
  readonly onWarning: (message: string) => void
}

/** One way to find versions: a line in `lifecycle/index.ts`. */
export interface SourceKind {
  readonly name: string
  create(options: SourceOptions): Source
}
