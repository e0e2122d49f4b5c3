/** Named tensors in, named tensors out: the front door of `engines/`. */

import type { SignatureSpec } from '../core/signature.js'
import type { StageListener } from '../core/stage-events.js'
import type { NamedAnyTensors } from '../tensor/any-tensor.js'
import type { NamedTensors } from '../tensor/tensor.js'

export { type Batcher, type BatcherOptions, createBatcher } from './batching.js'

/** What an engine runs: an ONNX graph, then host ops on its outputs, in order. */
export interface Graph {
  /** A serialised ONNX ModelProto. */
  readonly onnx: Uint8Array
  /** TypeScript kernels that run in the same process after the graph, so that only their (small) results travel. */
  readonly hostOps: readonly HostOpNode[]
  /** Names of what `run` returns. */
  readonly outputs: readonly string[]
}

/** One use of a host op: names of its inputs (feeds, graph outputs, constants) and outputs. */
export interface HostOpNode {
  readonly op: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  /** Tensors sent once, when the session is opened. */
  readonly constants?: NamedTensors
}

export interface RunOptions {
  /** Ends the wait; a run already under way is not interrupted. */
  readonly signal?: AbortSignal | undefined
}

/** One opened graph. */
export interface Session {
  /**
   * Do not write to the feeds before the answer is there.
   * @throws RecserveError `unavailable` when the process that runs it dies under this run, `invalid_argument` for feeds that
   * do not fit; the abort reason when `signal` fires first.
   */
  run(feeds: NamedTensors, options?: RunOptions): Promise<NamedTensors>
  close(): Promise<void>
}

/** Where a SavedModel is and how to read it. */
export interface SavedModelFiles {
  readonly directory: string
  /** The meta graph with exactly these tags is taken. */
  readonly tags: readonly string[]
  /** Whether tensors are compared with their checksums. */
  readonly checksums: boolean
  /** Whether parts of the graphs may run on ONNX Runtime; so by default, where there is one for this platform. */
  readonly lowering?: boolean
}

/** Which file of a directory is an ONNX model; its weights may lie in others beside it. */
export interface OnnxFiles {
  readonly directory: string
  /** A name in the directory. */
  readonly file: string
}

export interface SignatureRun {
  readonly signature: string
  readonly inputs: NamedAnyTensors
  /** Aliases of the outputs that are wanted; all without it. */
  readonly outputs?: readonly string[]
}

/** One opened model of signatures. */
export interface GraphSession {
  readonly signatures: ReadonlyMap<string, SignatureSpec>
  /** Why other signatures cannot be run, by name. */
  readonly unservable: ReadonlyMap<string, string>
  /** @throws RecserveError as `Session.run`, and whatever a kernel refuses. */
  run(run: SignatureRun, options?: RunOptions): Promise<NamedAnyTensors>
  close(): Promise<void>
}

/** What can open graphs. */
export interface Engine {
  readonly name: string
  /**
   * `build` is called at once, and again whenever the process that runs the graph has to be replaced,
   * so that the graph's bytes need not be kept here.
   * @throws RecserveError `failed_precondition` when the runtime refuses the graph.
   */
  open(name: string, build: () => Graph): Promise<Session>
  /** @throws RecserveError that says what of the files is broken, or why no signature can be run. */
  openSavedModel(name: string, files: SavedModelFiles): Promise<GraphSession>
  /**
   * An ONNX model as the one signature `serving_default`.
   * @throws RecserveError that says what of the files is broken or cannot be run; `unavailable` where the runtime died of it.
   */
  openOnnxModel(name: string, files: OnnxFiles): Promise<GraphSession>
  /** False where no native runtime exists for this platform: callers then use their own kernels. */
  readonly available: boolean
  /** Lets the runs under way finish, then ends what runs them. */
  close(): Promise<void>
}

export interface EngineOptions {
  /** Threads one run may use; more of them answer a lone large run sooner and take cores from everything else. */
  readonly intraOpThreads?: number
  /** A run that takes longer is given up and the process it is in is replaced. */
  readonly runTimeoutMs?: number
  readonly onEvent?: StageListener
}

/** One way to run graphs: a line in `engines/index.ts`. */
export interface EngineKind {
  readonly name: string
  create(options?: EngineOptions): Engine
}
