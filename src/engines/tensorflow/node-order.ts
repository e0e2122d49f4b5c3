/** The second walk: an order in which what is needed can run, with functions inlined. */
import { RecserveError } from '../../core/errors.js'
import type { FlatEdge, FlatGraph, FlatNode, Wanted } from './flat-graph.js'
import { type Edge, type FlowGraph, type FlowNode, flowOps } from './flow-graph.js'
import type { FunctionLibrary } from './function-library.js'
import { argumentOf, keyOf, Marking, retOf, Scope } from './needed-nodes.js'

/** @throws RecserveError `invalid_argument` for a broken graph, `resource_exhausted` for one that inlines to too much */
export function flatten(graph: FlowGraph, library: FunctionLibrary, wanted: Wanted): FlatGraph {
  const marking = new Marking(wanted)
  const top = new Scope({ graph, library, prefix: '', depth: 0 })
  for (const edge of wanted.fetches) marking.needEdge(top, edge)
  for (const node of wanted.targets) marking.keepNode(top, node)
  marking.finish()
  return new Ordering(marking).order(top)
}

interface Visit {
  readonly node: FlowNode
  /** Nodes still to come before it. */
  readonly before: FlowNode[]
}

/** Second walk: an order, a body as a whole in the place of its call. */
class Ordering {
  readonly #marking: Marking
  readonly #nodes: FlatNode[] = []
  readonly #feeds: FlatNode[]

  constructor(marking: Marking) {
    this.#marking = marking
    this.#feeds = marking.wanted.feeds.map(({ node }) =>
      this.#add({ name: node.name, op: '_Feed', attr: node.attr }),
    )
  }

  order(top: Scope): FlatGraph {
    this.#orderScope(top)
    const fetches = this.#marking.wanted.fetches.map((edge) => this.#resolve(top, edge))
    return {
      nodes: this.#nodes,
      feeds: this.#feeds,
      fetches,
      hasControlFlow: this.#nodes.some(({ op }) => flowOps.has(op)),
    }
  }

  #add(node: Pick<FlatNode, 'name' | 'op' | 'attr'> & Partial<FlatNode>): FlatNode {
    const made = { inputs: [], controls: [], isKept: false, ...node, index: this.#nodes.length }
    this.#nodes.push(made)
    return made
  }

  #orderScope(scope: Scope): void {
    const done = new Set<FlowNode>()
    const open = new Set<FlowNode>()
    const later: (() => void)[] = []
    for (const root of scope.needed) {
      const stack: Visit[] = done.has(root) ? [] : [{ node: root, before: this.#before(scope, root) }]
      open.add(root)
      while (stack.length > 0) {
        const { node, before } = stack.at(-1)!
        const next = before.pop()
        if (next === undefined) {
          stack.pop()
          open.delete(node)
          done.add(node)
          this.#emit(scope, node, later)
        } else if (!done.has(next)) {
          if (open.has(next)) throw invalid(`node '${next.name}' waits for itself`)
          open.add(next)
          stack.push({ node: next, before: this.#before(scope, next) })
        }
      }
    }
    for (const link of later) link()
  }

  /** What has to run before a node, within its scope. */
  #before(scope: Scope, node: FlowNode): FlowNode[] {
    const { inputs, controls } = scope.graph.links(node)
    const call = scope.calls.get(node)
    const read = call ? inputs.filter((_, i) => call.scope.neededArgs.has(i)) : inputs
    const isMerge = node.op === 'Merge' || node.op === 'RefMerge'
    const sources = read
      .filter(
        (edge) => !this.#marking.isFed(scope, edge) && !(isMerge && edge.node.op.endsWith('NextIteration')),
      )
      .map((edge) => edge.node)
    return [...sources, ...controls].filter((source) => scope.needed.has(source)).reverse()
  }

  #emit(scope: Scope, node: FlowNode, later: (() => void)[]): void {
    const call = scope.calls.get(node)
    if (call) {
      this.#orderScope(call.scope)
      return
    }
    const { inputs, controls } = scope.graph.links(node)
    const edges: FlatEdge[] = []
    const before: FlatNode[] = []
    const { op, attr } = node
    const links = { inputs: edges, controls: before, isKept: scope.kept.has(node) }
    scope.flat.set(node, this.#add({ name: scope.prefix + node.name, op, attr, ...links }))
    const link = () => {
      for (const input of inputs) edges.push(this.#resolve(scope, input))
      for (const control of controls) {
        const flat = scope.flat.get(control)
        if (flat) before.push(flat)
      }
    }
    // An edge back from NextIteration leads to a node that comes later in the order.
    if (node.op.endsWith('Merge')) later.push(link)
    else link()
  }

  #resolve(scope: Scope, edge: Edge): FlatEdge {
    for (let at = { scope, edge }; ; ) {
      const { node, output } = at.edge
      if (at.scope.caller === undefined) {
        const fed = this.#marking.fed.get(keyOf(at.edge))
        if (fed !== undefined) return { node: this.#feeds[fed]!, output: 0 }
      } else if (node.argument !== undefined) {
        at = argumentOf(at.scope, node)
        continue
      }
      const call = at.scope.calls.get(node)
      if (call === undefined) return { node: at.scope.flat.get(node)!, output }
      at = { scope: call.scope, edge: retOf(call.body, node, output) }
    }
  }
}

function invalid(message: string): RecserveError {
  return new RecserveError('invalid_argument', message)
}
