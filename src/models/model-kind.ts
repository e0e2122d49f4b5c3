/** How a directory becomes a Recommender: one ModelKind per format, listed in `models/index.ts`. */
import type { VectorIndex, VectorSource } from '../ann/vector-index.js'
import type { GraphSession, OnnxFiles } from '../engines/engine.js'
import type { LoadedModel } from './loaded-model.js'

/** What the loader is lent; it does not choose an engine or an index. */
export interface LoadTools {
  buildIndex(source: VectorSource): Promise<VectorIndex>
  /** Opens a SavedModel's graph where graphs run. */
  openSavedModel(directory: string): Promise<GraphSession>
  /** Opens an ONNX model where graphs run. */
  openOnnxModel(files: OnnxFiles): Promise<GraphSession>
  /** Called while files are read: bytes done so far of all bytes to read. */
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void
  readonly onWarning?: (message: string) => void
  readonly signal?: AbortSignal
}

/** What a directory was recognised as, without loading it. */
export interface Recognition {
  /** Kind name, e.g. `libreco-embed`. */
  readonly kind: string
  /** Training algorithm where the directory tells it, e.g. `ALS`. */
  readonly algorithm?: string
}

/** One format of model directory: a line in `models/index.ts`, tried in that order. */
export interface ModelKind {
  readonly name: string
  /**
   * Looks at file names and small files only. Undefined: not this kind.
   * @throws RecserveError when it is this kind but broken.
   */
  recognise(directory: string): Promise<Recognition | undefined>
  /** @throws RecserveError naming the file and place of what is wrong. */
  load(directory: string, tools: LoadTools): Promise<LoadedModel>
}
