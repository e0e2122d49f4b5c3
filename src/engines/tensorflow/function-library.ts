import { RecserveError } from '../../core/errors.js'
import type { AttrMap, FunctionDef, GraphDef, NameAttrList } from '../../formats/tensorflow/graph.js'
import { type FlowNode, type FunctionGraph, noAttributes, toFunctionGraph } from './flow-graph.js'

/** Ops that call the function in their attribute `f` with all of their inputs. */
const callOps: ReadonlySet<string> = new Set(['PartitionedCall', 'StatefulPartitionedCall'])

/** The functions of a graph, each linked once per set of attributes it is called with. */
export class FunctionLibrary {
  readonly #definitions: ReadonlyMap<string, FunctionDef>
  /** By function, the attributes its body leaves open; calls carry others too (`_output_shapes`, `config_proto`). */
  readonly #open = new Map<string, ReadonlySet<string>>()
  readonly #graphs = new Map<string, FunctionGraph>()

  constructor({ library }: GraphDef) {
    this.#definitions = new Map(
      library?.functions.map((definition) => [definition.signature.name, definition]),
    )
  }

  /** Whether the op's name is a function's: the form of calls before there was PartitionedCall. */
  has(op: string): boolean {
    return this.#definitions.has(op)
  }

  /** Whether any function has a node of that op. */
  uses(op: string): boolean {
    return [...this.#definitions.values()].some(({ nodes }) => nodes.some((node) => node.op === op))
  }

  /** Names of its outputs; undefined for what is no function. */
  resultsOf(op: string): readonly string[] | undefined {
    return this.#definitions.get(op)?.signature.outputs.map(({ name }) => name)
  }

  /** The function a node calls; undefined for a node that is no call. */
  callee(node: FlowNode): FunctionGraph | undefined {
    if (this.has(node.op)) return this.graph({ name: node.op, attr: node.attr }, node)
    return callOps.has(node.op) ? this.graph(functionOf(node, 'f'), node) : undefined
  }

  /** @throws RecserveError `invalid_argument` for a function that is not there */
  graph({ name, attr }: NameAttrList, caller: FlowNode): FunctionGraph {
    const definition = this.#definitions.get(name)
    if (definition === undefined) {
      throw new RecserveError(
        'invalid_argument',
        `node '${caller.name}' calls the function '${name}', which the graph lacks`,
      )
    }
    const open = this.#open.get(name) ?? openAttributes(definition)
    this.#open.set(name, open)
    const bindings = open.size === 0 ? noAttributes : new Map([...attr].filter(([key]) => open.has(key)))
    const key = bindings.size === 0 ? name : `${name} ${describe(bindings)}`
    const known = this.#graphs.get(key)
    if (known) return known
    const made = toFunctionGraph(definition, {
      bindings,
      resultsOf: (op) => this.resultsOf(op),
    })
    this.#graphs.set(key, made)
    return made
  }
}

/** @throws RecserveError `invalid_argument` where the attribute names no function */
export function functionOf(node: FlowNode, attribute: string): NameAttrList {
  const func = node.attr.get(attribute)?.func
  if (func) return func
  throw new RecserveError(
    'invalid_argument',
    `the attribute '${attribute}' of node '${node.name}' names no function`,
  )
}

export function functionsOf(node: FlowNode, attribute: string): readonly NameAttrList[] {
  const funcs = node.attr.get(attribute)?.list?.func
  if (funcs?.length) return funcs
  throw new RecserveError(
    'invalid_argument',
    `the attribute '${attribute}' of node '${node.name}' names no functions`,
  )
}

function openAttributes({ nodes }: FunctionDef): ReadonlySet<string> {
  const open = new Set<string>()
  for (const node of nodes) {
    for (const { placeholder } of node.attr.values()) if (placeholder !== undefined) open.add(placeholder)
  }
  return open
}

function describe(bindings: AttrMap): string {
  const toText = (_: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value)
  return JSON.stringify(
    [...bindings].sort(([a], [b]) => (a < b ? -1 : 1)),
    toText,
  )
}
