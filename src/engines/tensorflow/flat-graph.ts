/**
 * What a run needs of a graph, and nothing else: pruned backwards from what is fetched, calls of functions replaced by their
 * bodies, in an order in which the nodes can run one after another.
 */
import type { AttrMap } from '../../formats/tensorflow/graph.js'
import type { Edge, FlowNode } from './flow-graph.js'

export interface FlatNode {
  /** With the names of the calls it lies in, as TensorFlow's inliner names it: `call/node`. */
  readonly name: string
  readonly op: string
  readonly attr: AttrMap
  readonly inputs: readonly FlatEdge[]
  /** Nodes that must have run before; where there is no control flow of TensorFlow 1 the order alone sees to it. */
  readonly controls: readonly FlatNode[]
  /** Whether something waits for it to have run, not only for its outputs: a check that may refuse, an assignment. */
  readonly isKept: boolean
  /** Position in the order. */
  readonly index: number
}

export interface FlatEdge {
  readonly node: FlatNode
  readonly output: number
}

export interface FlatGraph {
  /** In an order in which they can run, loops (`NextIteration` to `Merge`) apart. */
  readonly nodes: readonly FlatNode[]
  /** One node of the op `_Feed` for each feed. */
  readonly feeds: readonly FlatNode[]
  readonly fetches: readonly FlatEdge[]
  readonly hasControlFlow: boolean
}

export interface Wanted {
  readonly fetches: readonly Edge[]
  /** Nodes that have to run though nothing of theirs is fetched. */
  readonly targets: readonly FlowNode[]
  /** Edges that are cut: their value comes from outside. */
  readonly feeds: readonly Edge[]
  /** Whether a node of a function's body runs though nothing reads it. */
  readonly hasEffect: (node: FlowNode) => boolean
}
