/** Names become links: the nodes of a graph or of a function's body, each linked when it is first asked for. */
import { RecserveError } from '../../core/errors.js'
import type { AttrMap, AttrValue, FunctionDef, GraphDef, NodeDef } from '../../formats/tensorflow/graph.js'
import { countOutputs, outputIndex } from './output-arguments.js'

export interface FlowNode {
  readonly name: string
  readonly op: string
  readonly attr: AttrMap
  /** Position among a function's arguments, for the op `_Arg` that stands for one. */
  readonly argument?: number
}

/** One output of a node. */
export interface Edge {
  readonly node: FlowNode
  readonly output: number
}

export interface Links {
  readonly inputs: readonly Edge[]
  readonly controls: readonly FlowNode[]
}

/** Ops of TensorFlow 1's control flow: nodes that make or take dead tensors. */
export const flowOps: ReadonlySet<string> = new Set(
  ['Switch', 'Merge', 'Enter', 'Exit', 'NextIteration']
    .flatMap((op) => [op, `Ref${op}`])
    .concat('LoopCond', '_SwitchN'),
)

/** Names of the outputs of a function of the library; undefined for a name that is none. */
export type ResultNames = (op: string) => readonly string[] | undefined

interface FlowGraphOptions {
  readonly name?: string
  /** Given for a function's body. */
  readonly args?: readonly FlowNode[]
  readonly resultsOf?: ResultNames
}

/** A graph, or a function's body with its arguments as nodes of the op `_Arg`. */
export class FlowGraph {
  /** Of a function, its name: for messages. */
  readonly name: string
  readonly hasControlFlow: boolean
  readonly args: readonly FlowNode[]
  readonly #nodes = new Map<string, FlowNode>()
  readonly #inputNames = new Map<FlowNode, readonly string[]>()
  readonly #links = new Map<FlowNode, Links>()
  /** Output argument that was named first, of nodes whose op has one as far as we know. */
  readonly #onlyArguments = new Map<FlowNode, string>()
  readonly #isFunction: boolean
  readonly #resultsOf: ResultNames

  constructor(nodes: readonly NodeDef[], options: FlowGraphOptions = {}) {
    this.name = options.name ?? ''
    this.#resultsOf = options.resultsOf ?? (() => undefined)
    this.#isFunction = options.args !== undefined
    this.args = options.args ?? []
    for (const arg of this.args) this.#nodes.set(arg.name, arg)
    for (const { name, op, attr, inputs } of nodes) {
      if (this.#nodes.has(name)) throw invalid(`${this.#where()} has two nodes named '${name}'`)
      const node = { name, op, attr }
      this.#nodes.set(name, node)
      this.#inputNames.set(node, inputs)
    }
    this.hasControlFlow = nodes.some(({ op }) => flowOps.has(op))
  }

  get nodes(): Iterable<FlowNode> {
    return this.#nodes.values()
  }

  find(name: string): FlowNode | undefined {
    return this.#nodes.get(name)
  }

  /** @throws RecserveError `invalid_argument` where an input is not in the graph */
  links(node: FlowNode): Links {
    const known = this.#links.get(node)
    if (known) return known
    const names = this.#inputNames.get(node) ?? []
    const controls = names
      .filter((name) => name.startsWith('^'))
      .map((name) => this.#node(name.slice(1), node.name))
    const inputs = names.filter((name) => !name.startsWith('^')).map((name) => this.edge(name, node.name))
    const links = { inputs, controls }
    this.#links.set(node, links)
    return links
  }

  /** The output named `node`, `node:1`, or in a function's body `node:argument:1`. */
  edge(text: string, reader: string): Edge {
    const parts = text.split(':')
    const node = this.#node(parts[0]!, reader)
    const output =
      parts.length > 2 || (this.#isFunction && parts.length === 2)
        ? this.#output(node, parts)
        : Number(parts[1] ?? 0)
    const count = countOutputs(node.op, node.attr)
    if (!Number.isInteger(output) || output < 0)
      throw invalid(`'${reader}' reads '${text}', which names no output`)
    if (count !== undefined && output >= count) {
      const found = `num of outputs: ${count}) does not have output ${output}`
      throw new RecserveError('out_of_range', `Node '${node.name}' (type: '${node.op}', ${found}`)
    }
    return { node, output }
  }

  #output(node: FlowNode, parts: readonly string[]): number {
    if (node.argument !== undefined) return 0
    const name = parts[1]!
    const index = Number(parts[2] ?? 0)
    const known = outputIndex(node.op, node.attr, { name, index }) ?? this.#resultsOf(node.op)?.indexOf(name)
    if (known !== undefined) return known
    const first = this.#onlyArguments.get(node) ?? name
    this.#onlyArguments.set(node, first)
    if (first === name) return index
    throw new RecserveError('unimplemented', `the order of the outputs of the op ${node.op} is not known`)
  }

  #node(name: string, reader: string): FlowNode {
    const node = this.#nodes.get(name)
    if (node) return node
    throw invalid(`'${reader}' reads '${name}', which is not in ${this.#where()}`)
  }

  #where(): string {
    return this.name ? `the function '${this.name}'` : 'the graph'
  }
}

/** A function's body, ready to be run: what it gives back, and what has to run though nothing reads it. */
export interface FunctionGraph {
  readonly graph: FlowGraph
  readonly rets: readonly Edge[]
  readonly controlRets: readonly FlowNode[]
}

/** @param bindings values of the attributes that stand as placeholders in the body */
export function toFunctionGraph(
  { signature, nodes, ret, controlRet }: FunctionDef,
  { bindings, resultsOf }: { readonly bindings: AttrMap; readonly resultsOf: ResultNames },
): FunctionGraph {
  const args = signature.inputs.map(({ name }, argument) => ({
    name,
    op: '_Arg',
    attr: noAttributes,
    argument,
  }))
  const graph = new FlowGraph(
    nodes.map((node) => bind(node, bindings)),
    { name: signature.name, args, resultsOf },
  )
  const rets = signature.outputs.map(({ name }) => {
    const from = ret.get(name)
    if (from === undefined)
      throw invalid(`the function '${signature.name}' has no value for its output '${name}'`)
    return graph.edge(from, signature.name)
  })
  const controlRets = [...controlRet.values()].map((name) => {
    const node = graph.find(name)
    if (node) return node
    throw invalid(`the function '${signature.name}' waits for '${name}', which it does not have`)
  })
  return { graph, rets, controlRets }
}

export const noAttributes: AttrMap = new Map()

export function toFlowGraph({ nodes }: GraphDef): FlowGraph {
  return new FlowGraph(nodes)
}

function bind(node: NodeDef, bindings: AttrMap): NodeDef {
  const isOpen = ({ placeholder }: AttrValue) => placeholder !== undefined && bindings.has(placeholder)
  if (bindings.size === 0 || ![...node.attr.values()].some(isOpen)) return node
  const attr = new Map(
    [...node.attr].map(([name, value]) => [name, isOpen(value) ? bindings.get(value.placeholder!)! : value]),
  )
  return { ...node, attr }
}

function invalid(message: string): RecserveError {
  return new RecserveError('invalid_argument', message)
}
