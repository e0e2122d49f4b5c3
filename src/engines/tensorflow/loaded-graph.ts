/** A graph with its functions and its state, ready to be run from any edges to any others. */
import { RecserveError } from '../../core/errors.js'
import type { GraphDef, NameAttrList } from '../../formats/tensorflow/graph.js'
import { foldConstants } from './constant-folding.js'
import type { FlatGraph, FlatNode, Wanted } from './flat-graph.js'
import { type Edge, FlowGraph, type FlowNode } from './flow-graph.js'
import { foldRead, freeze, writtenHandles } from './frozen-variables.js'
import { FunctionLibrary, functionOf, functionsOf } from './function-library.js'
import { compileLoops } from './loop-plan.js'
import type { LoweringHost } from './lowering/lowering-host.js'
import { effectsOf } from './needed-nodes.js'
import { flatten } from './node-order.js'
import { type AnyOp, isStateful, type Value } from './op.js'
import { analyseRows, type FeedShape, type RowAnalysis } from './row-wise/analysis.js'
import { loadingMaxBytes, RunLimits, type RunLimitsOptions, runWithin } from './run-limits.js'
import { State } from './state.js'
import { bindStep, type Environment, isBuiltIn, type Plan } from './step.js'
import { compileStraight } from './straight-plan.js'
import { valuesOfVariables } from './variable.js'

export interface RunOptions {
  /** Looked at before a run and, as a run is synchronous, by its loops and long kernels now and then. */
  readonly signal?: Pick<AbortSignal, 'aborted' | 'reason'>
  /** In milliseconds as `Date.now` counts; loops and long kernels end there with `deadline_exceeded`. */
  readonly deadline?: number
}

/** What is asked of a graph, by names as TensorFlow writes them (`node:0`, `node`). */
export interface Request {
  readonly feeds: readonly string[]
  readonly fetches: readonly string[]
  readonly targets?: readonly string[]
}

/** Ops that no table has, each with the nodes that need it. */
export type MissingOps = ReadonlyMap<string, readonly string[]>

const loopOps: ReadonlySet<string> = new Set(['NextIteration', 'RefNextIteration', 'Enter', 'RefEnter'])

/** Attributes that name the functions a node may call. */
const singleFunctions = ['f', 'then_branch', 'else_branch', 'cond', 'body']

export class LoadedGraph {
  readonly state = new State()
  readonly #ops: ReadonlyMap<string, AnyOp>
  readonly #graph: FlowGraph
  readonly #library: FunctionLibrary
  readonly #environment: Environment
  readonly #functions = new Map<object, { readonly flat: FlatGraph; plan: Plan | undefined }>()
  readonly #limits: RunLimitsOptions = {
    checkDeadline: () => this.#checkDeadline(),
    modelValues: () => valuesOfVariables(this.state.resources()),
  }
  #deadline = Number.POSITIVE_INFINITY
  #signal: RunOptions['signal']
  /** Variables that runs may write; undefined while the model is being loaded, when all of them are. */
  #written: ReadonlySet<object> | undefined
  #lowering: LoweringHost | undefined

  constructor(graph: GraphDef, ops: ReadonlyMap<string, AnyOp>) {
    this.#ops = ops
    this.#graph = new FlowGraph(graph.nodes, { resultsOf: (op) => this.#library.resultsOf(op) })
    this.#library = new FunctionLibrary(graph)
    const lowering = () => this.#lowering
    this.#environment = {
      ops,
      isFrozen: (variable) => this.isFrozen(variable),
      get lowering() {
        return lowering()
      },
      state: this.state,
      functionPlan: (func, caller) => this.#functionPlan(func, caller),
      isFunction: (op) => this.#library.has(op),
    }
  }

  /** Whether the graph has a node of that name. */
  has(node: string): boolean {
    return this.#graph.find(node) !== undefined
  }

  /**
   * What a run from those feeds to those fetches needs, functions inlined.
   *
   * @throws RecserveError `invalid_argument`, `out_of_range` for a name that is not in the graph
   */
  flatten({ feeds, fetches, targets = [] }: Request): FlatGraph {
    const toEdge = (name: string) => this.#edge(name)
    const toNode = (name: string) => this.#edge(name).node
    return flatten(this.#graph, this.#library, {
      feeds: feeds.map(toEdge),
      fetches: fetches.map(toEdge),
      targets: targets.map(toNode),
      hasEffect: this.#hasEffect,
    })
  }

  /** Ops that a flattened graph needs and nobody has, those of the functions it calls included. */
  missingOps(graph: FlatGraph): MissingOps {
    const missing = new Map<string, string[]>()
    for (const node of this.#allNodes(graph)) {
      if (this.#ops.has(node.op) || isBuiltIn(node.op) || this.#library.has(node.op)) continue
      const nodes = missing.get(node.op) ?? []
      nodes.push(node.name)
      missing.set(node.op, nodes)
    }
    return missing
  }

  /** Every node of a flattened graph and of the functions it calls. */
  *#allNodes(graph: FlatGraph, seen = new Set<FlatGraph>()): Generator<FlatNode> {
    seen.add(graph)
    for (const node of graph.nodes) {
      yield node
      for (const func of this.#calledBy(node)) {
        const { flat } = this.#function(func, node)
        if (!seen.has(flat)) yield* this.#allNodes(flat, seen)
      }
    }
  }

  /** Nodes that are handles of resources, wherever they are. */
  handles(graph: FlatGraph): readonly object[] {
    const handles = new Set<object>()
    for (const node of this.#allNodes(graph)) {
      const op = this.#ops.get(node.op)
      if (op === undefined || !isStateful(op) || !op.isHandle) continue
      const [value] = bindStep(node, this.#environment).constant ?? []
      if (value?.dtype === 'resource') handles.add(value.target)
    }
    return [...handles]
  }

  /** From now on variables that these graphs do not write are constants of what is compiled. */
  freeze(graphs: readonly FlatGraph[]): void {
    const written = new Set<object>()
    for (const graph of graphs) {
      for (const node of this.#allNodes(graph)) {
        const handles = writtenHandles(node, this.#ops)
        const targets = handles ? this.handles({ ...graph, nodes: handles }) : this.handles(graph)
        for (const target of targets) written.add(target)
      }
    }
    this.#written = written
    this.#functions.clear()
  }

  isFrozen(variable: object): boolean {
    return this.#written !== undefined && !this.#written.has(variable)
  }

  /** From now on what is compiled may use ONNX Runtime. */
  lowerWith(host: LoweringHost): void {
    this.#lowering = host
  }

  compile(graph: FlatGraph): Plan {
    const compile = graph.nodes.some(({ op }) => loopOps.has(op)) ? compileLoops : compileStraight
    return compile(graph, this.#environment)
  }

  /** What is known of the rows of its values, from feeds of these shapes; a string where the feeds have none: why. */
  analyseRows(graph: FlatGraph, shapes: readonly FeedShape[]): RowAnalysis | string {
    const isPure = (op: string) => {
      const row = this.#ops.get(op)
      return row !== undefined && !isStateful(row)
    }
    return analyseRows(graph, shapes, { fold: (node, inputs) => this.#fold(node, inputs), isPure })
  }

  /** Why rows may not be kept apart from feeds of these shapes; undefined where they are. */
  whyNotRowWise(graph: FlatGraph, shapes: readonly FeedShape[]): string | undefined {
    const found = this.analyseRows(graph, shapes)
    return typeof found === 'string' ? found : found.whyNot
  }

  #fold(node: FlatNode, inputs: readonly Value[]): readonly Value[] | undefined {
    if (!this.#ops.has(node.op) && node.op !== 'Const' && node.op !== 'HostConst') return undefined
    const bound = freeze(bindStep(node, this.#environment), this.#environment)
    if (bound.givesRef) return undefined
    return bound.constant ?? foldRead(bound, inputs, this.#environment) ?? foldConstants(bound, inputs)
  }

  /** Whether any node, even in a function, may read a file while it serves. */
  usesFiles(): boolean {
    return [...this.#graph.nodes].some(({ op }) => op === 'ReadFile') || this.#library.uses('ReadFile')
  }

  run(plan: Plan, feeds: readonly Value[], { signal, deadline }: RunOptions = {}): readonly Value[] {
    this.#signal = signal
    this.#deadline = deadline ?? Number.POSITIVE_INFINITY
    this.#checkDeadline()
    const isLoading = this.#written === undefined
    const limits = isLoading ? { ...this.#limits, maxBytes: loadingMaxBytes } : this.#limits
    return runWithin(new RunLimits(limits), () => plan.run(feeds))
  }

  close(): void {
    this.state.clear()
    this.#functions.clear()
  }

  #checkDeadline(): void {
    if (this.#signal?.aborted) throw RecserveError.from(this.#signal.reason)
    if (Date.now() >= this.#deadline) throw new RecserveError('deadline_exceeded', 'Run reached its deadline')
  }

  #edge(name: string): Edge {
    const text = name.startsWith('^') ? name.slice(1) : name
    const node = text.split(':')[0]!
    if (this.#graph.find(node)) return this.#graph.edge(text, 'the request')
    const found = `Tensor ${text.includes(':') ? text : `${text}:0`}, specified in either feed_devices or fetch_devices`
    throw new RecserveError('invalid_argument', `${found} was not found in the Graph`)
  }

  readonly #hasEffect: Wanted['hasEffect'] = ({ op }: FlowNode) => {
    const row = this.#ops.get(op)
    return row !== undefined && isStateful(row) && row.effect !== undefined
  }

  #calledBy(node: FlatNode): readonly NameAttrList[] {
    if (this.#library.has(node.op)) return [{ name: node.op, attr: node.attr }]
    if (!isBuiltIn(node.op)) return []
    const funcs = singleFunctions
      .filter((key) => node.attr.get(key)?.func)
      .map((key) => functionOf(node, key))
    return node.attr.has('branches') ? [...funcs, ...functionsOf(node, 'branches')] : funcs
  }

  #function(func: NameAttrList, caller: FlowNode): { readonly flat: FlatGraph; plan: Plan | undefined } {
    const body = this.#library.graph(func, caller)
    const known = this.#functions.get(body)
    if (known) return known
    const { graph, rets } = body
    const feeds = graph.args.map((node) => ({ node, output: 0 }))
    const targets = effectsOf(body, this.#hasEffect)
    const flat = flatten(graph, this.#library, { feeds, fetches: rets, targets, hasEffect: this.#hasEffect })
    const made = { flat, plan: undefined }
    this.#functions.set(body, made)
    return made
  }

  /** A function that calls itself gets the plan that is still being made: so the real one is looked up when it runs. */
  #functionPlan(func: NameAttrList, caller: FlowNode): Plan {
    const entry = this.#function(func, caller)
    if (entry.plan) return entry.plan
    let depth = 0
    const made: { compiled: Plan | undefined } = { compiled: undefined }
    const guarded = (inputs: readonly Value[]) => {
      if (++depth > maxRecursion)
        throw new RecserveError('resource_exhausted', `'${func.name}' calls itself too deep`)
      try {
        return made.compiled!.run(inputs)
      } finally {
        depth--
      }
    }
    entry.plan = { run: guarded, writes: true }
    made.compiled = this.compile(entry.flat)
    entry.plan = made.compiled
    return entry.plan
  }
}

/** How deep a function may call itself. */
const maxRecursion = 200
