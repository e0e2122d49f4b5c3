/** Named tensors in, named tensors out: the front door of `engines/`. */

import type { SignatureSpec } from '../core/signature.js'
import type { StageListener } from '../core/stage-events.js'
import type { Checksums } from '../formats/tensor-bundle/tensor-bundle.js'
import type { NamedAnyTensors } from '../tensor/any-tensor.js'
import type { NamedTensors } from '../tensor/tensor.js'
import type { TopK } from '../tensor/top-k.js'

export { type Batcher, type BatcherOptions, createBatcher } from './batching/batcher.js'

/** What an engine runs: an ONNX graph, then host ops on its outputs, in order. */
export interface Graph {
  /** A serialised ONNX ModelProto. */
  readonly onnx: Uint8Array
  /** TypeScript kernels that run in the same process after the graph, so that only their (small) results travel. */
  readonly hostOps: readonly HostOpNode[]
  /** Names of what `run` returns. */
  readonly outputs: readonly string[]
  /**
   * Whether memory of a run is kept for the next: as much as the largest has needed, by each session. Graphs of many steps are
   * up to 1.7 times as fast with it; one product gains nothing.
   */
  readonly keepsMemory?: boolean
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
  /**
   * Ends the wait. A run not yet begun is then not run; one under way ends at its next look, if it is made of our kernels:
   * native code is not interrupted.
   */
  readonly signal?: AbortSignal | undefined
  /** How long from now the answer is wanted; without it, and at most, as long as a run may take. */
  readonly deadlineMs?: number | undefined
}

/** One opened graph. */
export interface Session {
  /**
   * Do not write to the feeds before the answer is there.
   * @throws RecserveError `unavailable` when the process that runs it dies under this run, `invalid_argument` for feeds that
   * do not fit; the abort reason when `signal` fires first; `deadline_exceeded` after `deadlineMs`.
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
  readonly checksums: Checksums
  /** Whether parts of the graphs may run on ONNX Runtime; so by default, where there is one for this platform. */
  readonly lowering?: boolean
  /** Whether nobody changes the files while the model is loaded: then large weights may be mapped rather than read. */
  readonly immutable?: boolean
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

/** What runs a graph, as its first runs have shown. */
export interface Placement {
  /** Parts of the graph that are given to ONNX Runtime, and the nodes in them. */
  readonly pieces: number
  readonly nodes: number
  /** Nodes that stay on kernels, by op. */
  readonly kernels: readonly (readonly [op: string, nodes: number])[]
  /** Why the runtime did not take a part that it was given. */
  readonly refused: readonly string[]
}

/** A signature whose rows are pairs of a user and an item, and what it is to be specialised for. */
export interface CatalogueRequest {
  readonly signature: string
  /** Alias of the output that is a score for each row. */
  readonly output: string
  /** Rows of the items' inputs, [items, ...]; of inputs that have columns of both sides, too, where the user's are whatever. */
  readonly items: NamedAnyTensors
  /** Aliases of the inputs that are the user's alone. */
  readonly users: readonly string[]
  /** The user's columns, by alias of the inputs that have columns of both sides. */
  readonly mixed?: Readonly<Record<string, readonly number[]>>
}

export interface CatalogueRun {
  /** One row for each user, of the users' inputs and of those with columns of both sides. */
  readonly users: NamedAnyTensors
  /** How many items each user wants at most. */
  readonly k: Int32Array
  /** Rows of items that each user must not be answered. */
  readonly excluded: readonly Int32Array[]
  /** The only rows that are scored, for all users of the run; every item without them. */
  readonly candidates?: Int32Array
}

/** A signature specialised for a catalogue: what the items alone decide has been computed once. */
export interface CatalogueSession {
  readonly itemCount: number
  /** What the inference process keeps of what the items decide. */
  readonly keptBytes: number
  /** The best items of each user, best first, ties by lower row. @throws RecserveError as `Session.run` */
  rank(run: CatalogueRun, options?: RunOptions): Promise<readonly TopK[]>
  close(): Promise<void>
}

/** One opened model of signatures. */
export interface GraphSession {
  /** Absent where all of it runs on one and the same. */
  readonly placement?: Placement
  readonly signatures: ReadonlyMap<string, SignatureSpec>
  /** Why other signatures cannot be run, by name. */
  readonly unservable: ReadonlyMap<string, string>
  /** @throws RecserveError as `Session.run`, and whatever a kernel refuses. */
  run(run: SignatureRun, options?: RunOptions): Promise<NamedAnyTensors>
  /**
   * Computes what a catalogue's items alone decide, once, so that a run for a user computes the rest. Absent where the engine
   * does not.
   *
   * @throws RecserveError `failed_precondition` where the signature does not keep its rows apart: it has to run as it is
   */
  specialise?(request: CatalogueRequest): Promise<CatalogueSession>
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
  /** Lets the runs under way finish for a little, then ends what runs them; does not wait for what is being opened. */
  close(): Promise<void>
}

export interface EngineOptions {
  /** Threads one node of a run may use; more of them answer a lone large run sooner and take cores from everything else. */
  readonly intraOpThreads?: number
  /** Nodes of one run that may be computed at the same time; one by default. */
  readonly interOpThreads?: number
  /** A run that takes longer is given up and the process it is in is replaced. */
  readonly runTimeoutMs?: number
  /** Of each catalogue that a graph is specialised for: what may be kept, and 0 where no graph is to be specialised. */
  readonly catalogueMaxBytes?: number
  readonly onEvent?: StageListener
}

/** One way to run graphs: a line in `engines/index.ts`. */
export interface EngineKind {
  readonly name: string
  create(options?: EngineOptions): Engine
}
