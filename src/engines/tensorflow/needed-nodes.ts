/** The first walk over a graph: what a run needs, backwards from what is fetched, through the functions it calls. */
import { RecserveError } from '../../core/errors.js'
import type { FlatNode, Wanted } from './flat-graph.js'
import type { Edge, FlowGraph, FlowNode, FunctionGraph } from './flow-graph.js'
import type { FunctionLibrary } from './function-library.js'

/** As deep as functions may call each other, and as many nodes as inlining may make of a file that is hostile. */
const maxDepth = 64
const maxNodes = 200_000

export const keyOf = ({ node, output }: Edge) => `${node.name}:${output}`

/** A graph, or a function's body in the place of one call of it. */
export class Scope {
  readonly graph: FlowGraph
  readonly prefix: string
  readonly depth: number
  readonly caller: { readonly scope: Scope; readonly node: FlowNode } | undefined
  readonly calls = new Map<FlowNode, { readonly scope: Scope; readonly body: FunctionGraph }>()
  readonly needed = new Set<FlowNode>()
  readonly kept = new Set<FlowNode>()
  readonly neededArgs = new Set<number>()
  readonly flat = new Map<FlowNode, FlatNode>()
  readonly #library: FunctionLibrary

  constructor({
    graph,
    library,
    prefix,
    depth,
    caller,
  }: Pick<Scope, 'graph' | 'prefix' | 'depth'> & {
    readonly library: FunctionLibrary
    readonly caller?: Scope['caller']
  }) {
    this.graph = graph
    this.prefix = prefix
    this.depth = depth
    this.caller = caller
    this.#library = library
  }

  /**
   * The body that replaces a call. Not where either side has control flow of TensorFlow 1: there it decides at run time, node by
   * node, what runs, and a call is one node.
   */
  body(node: FlowNode): { readonly scope: Scope; readonly body: FunctionGraph } | undefined {
    const known = this.calls.get(node)
    if (known || this.graph.hasControlFlow) return known
    const body = this.#library.callee(node)
    if (body === undefined || body.graph.hasControlFlow) return undefined
    const depth = this.depth + 1
    if (depth > maxDepth)
      throw exhausted(`functions call each other more than ${maxDepth} deep at '${node.name}'`)
    const prefix = `${this.prefix}${node.name}/`
    const scope = new Scope({
      graph: body.graph,
      library: this.#library,
      prefix,
      depth,
      caller: { scope: this, node },
    })
    const made = { scope, body }
    this.calls.set(node, made)
    return made
  }
}

/** First walk: what is needed, backwards along data and control edges. */
export class Marking {
  readonly wanted: Wanted
  readonly fed: ReadonlyMap<string, number>
  readonly #work: { readonly scope: Scope; readonly node: FlowNode }[] = []
  #count = 0

  constructor(wanted: Wanted) {
    this.wanted = wanted
    this.fed = new Map(wanted.feeds.map((edge, index) => [keyOf(edge), index]))
  }

  isFed(scope: Scope, edge: Edge): boolean {
    return scope.caller === undefined && this.fed.has(keyOf(edge))
  }

  needEdge(scope: Scope, edge: Edge): void {
    for (let at = { scope, edge }; ; ) {
      const { node, output } = at.edge
      if (this.isFed(at.scope, at.edge)) return
      if (node.argument !== undefined) {
        if (at.scope.caller === undefined) return
        at.scope.neededArgs.add(node.argument)
        at = argumentOf(at.scope, node)
        continue
      }
      this.needNode(at.scope, node)
      const call = at.scope.body(node)
      if (call === undefined) return
      at = { scope: call.scope, edge: retOf(call.body, node, output) }
    }
  }

  needNode(scope: Scope, node: FlowNode): void {
    if (scope.needed.has(node) || node.argument !== undefined) return
    if (++this.#count > maxNodes)
      throw exhausted(`the graph has more than ${maxNodes} nodes once functions are inlined`)
    scope.needed.add(node)
    this.#work.push({ scope, node })
  }

  keepNode(scope: Scope, node: FlowNode): void {
    scope.kept.add(node)
    this.needNode(scope, node)
  }

  finish(): void {
    for (let item = this.#work.pop(); item; item = this.#work.pop()) {
      const { scope, node } = item
      const { inputs, controls } = scope.graph.links(node)
      for (const control of controls) if (!this.isDropped(scope, control)) this.keepNode(scope, control)
      const call = scope.body(node)
      if (call) this.#needEffects(call.scope, call.body)
      else for (const input of inputs) this.needEdge(scope, input)
    }
  }

  /** A placeholder that is fed has nothing to wait for. */
  isDropped(scope: Scope, control: FlowNode): boolean {
    return control.op.startsWith('Placeholder') && this.isFed(scope, { node: control, output: 0 })
  }

  #needEffects(scope: Scope, body: FunctionGraph): void {
    for (const node of effectsOf(body, this.wanted.hasEffect)) this.keepNode(scope, node)
  }
}

/** Nodes of a body that run though nothing reads them. */
export function effectsOf(
  { graph, controlRets }: FunctionGraph,
  hasEffect: Wanted['hasEffect'],
): readonly FlowNode[] {
  return [...new Set([...controlRets, ...[...graph.nodes].filter(hasEffect)])]
}

export function argumentOf(scope: Scope, arg: FlowNode): { scope: Scope; edge: Edge } {
  const { scope: outer, node } = scope.caller!
  const edge = outer.graph.links(node).inputs[arg.argument!]
  if (edge) return { scope: outer, edge }
  throw invalid(`node '${node.name}' calls '${scope.graph.name}' without its argument '${arg.name}'`)
}

export function retOf({ rets, graph }: FunctionGraph, node: FlowNode, output: number): Edge {
  const ret = rets[output]
  if (ret) return ret
  const found = `calls '${graph.name}', which has ${rets.length} outputs: it does not have output ${output}`
  throw new RecserveError('out_of_range', `node '${node.name}' ${found}`)
}

function invalid(message: string): RecserveError {
  return new RecserveError('invalid_argument', message)
}

function exhausted(message: string): RecserveError {
  return new RecserveError('resource_exhausted', message)
}
