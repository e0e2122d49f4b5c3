/** How a directory becomes a Recommender: one ModelKind per format, listed in `models/index.ts`. */
import type { VectorIndex, VectorSource } from '../ann/vector-index.js'
import type { Graph, GraphSession, OnnxFiles, Session } from '../engines/engine.js'
import type { LoadedModel } from './loaded-model.js'

/** What the loader is lent; it does not choose an engine or an index. */
export interface LoadTools {
  buildIndex(source: VectorSource): Promise<VectorIndex>
  /** Opens a graph that the kind builds; `build` may be called again, whenever the process that runs it is replaced. */
  openGraph(build: () => Graph): Promise<Session>
  /** How many requests may wait for one graph; one more is refused as `unavailable`. */
  readonly maxQueued: number
  /** Opens a SavedModel's graph where graphs run. */
  openSavedModel(directory: string): Promise<GraphSession>
  /** Opens an ONNX model where graphs run. */
  openOnnxModel(files: OnnxFiles): Promise<GraphSession>
  /** Where an operator may choose between what a library answers and what it should. */
  readonly preferences?: LoadPreferences
  /** Called while files are read: bytes done so far of all bytes to read. */
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void
  readonly onWarning?: (message: string) => void
  readonly signal?: AbortSignal
}

export interface LoadPreferences {
  /** `recbole`, the default, leaves the oldest item of a sequence out, as the library does; `corrected` reads it. */
  readonly bert4rec?: 'recbole' | 'corrected'
}

/** What a directory was recognised as, without loading it. */
export interface Recognition {
  /** Kind name, e.g. `libreco-embed`. */
  readonly kind: string
  /** Training algorithm where the directory tells it, e.g. `ALS`. */
  readonly algorithm?: string
  /** Where the directory tells a version of its own; it counts if the directory is not itself a version of a model. */
  readonly version?: number
  /** Where one directory holds several models or versions as files, newest version first: each is loaded by its path. */
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

/** One format of model directory: a line in `models/index.ts`, tried in that order. */
export interface ModelKind {
  readonly name: string
  /**
   * Looks at file names and small files only. Undefined: not this kind. A kind whose models are files is asked of files, too,
   * and answers with one part, which is the file.
   * @throws RecserveError when it is this kind but broken.
   */
  recognise(directory: string): Promise<Recognition | undefined>
  /**
   * @param directory what was recognised, or the path of one of its parts
   * @throws RecserveError naming the file and place of what is wrong.
   */
  load(directory: string, tools: LoadTools): Promise<LoadedModel>
}
