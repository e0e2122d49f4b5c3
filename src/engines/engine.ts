/** Named tensors in, named tensors out: the front door of `engines/`. */
import type { StageListener } from '../core/stage-events.js'
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

/** What can open graphs. */
export interface Engine {
  readonly name: string
  /**
   * `build` is called at once, and again whenever the process that runs the graph has to be replaced,
   * so that the graph's bytes need not be kept here.
   * @throws RecserveError `failed_precondition` when the runtime refuses the graph.
   */
  open(name: string, build: () => Graph): Promise<Session>
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
