/**
 * Whether a graph treats the rows of its inputs apart, by abstract interpretation: each value is the same for every request,
 * a number of rows, or rows of its own. Where that cannot be shown the answer is no: a missed yes costs speed, a wrong one
 * gives a client the answer of another's rows.
 */
import { RecserveError } from '../../../core/errors.js'
import { createAttributes } from '../attributes.js'
import type { FlatEdge, FlatGraph, FlatNode } from '../flat-graph.js'
import type { Value } from '../op.js'
import { isTrue } from '../step.js'
import { constant, type Fact, isLeading, type Known, maxSizes, rows, sizes } from './fact.js'
import { rules } from './rules.js'
import { isEqual, literal, rowCount, unknown } from './size.js'

export interface GraphKnowledge {
  /** Outputs that are known before any run of a node whose inputs are; undefined for others. */
  fold(node: FlatNode, inputs: readonly Value[]): readonly Value[] | undefined
  /** Whether the op is a function of its inputs alone. */
  isPure(op: string): boolean
}

/** Shape of a feed: -1 an unknown size, undefined an unknown rank. */
export type FeedShape = readonly number[] | undefined

/**
 * Why the rows of the fetches may not be those of the feeds, one for one; undefined where it is certain that they are: for
 * feeds of these shapes, which all have the same first size, row i of each fetch is a function of row i of the feeds.
 *
 * @param shapes of the graph's feeds, in their order
 */
export function whyNotRowWise(
  graph: FlatGraph,
  shapes: readonly FeedShape[],
  knowledge: GraphKnowledge,
): string | undefined {
  const found = analyseRows(graph, shapes, knowledge)
  return typeof found === 'string' ? found : found.whyNot
}

/** What is known of each value of a graph whose feeds have rows. */
export interface RowAnalysis {
  /** As `whyNotRowWise`. */
  readonly whyNot: string | undefined
  /** The node that `whyNot` names, where it is one. */
  readonly unknown: FlatNode | undefined
  factOf(edge: FlatEdge): Known
  /** Whether the value never comes to be: it is on a branch that is not taken. */
  isDead(edge: FlatEdge): boolean
}

/** @returns a string where feeds of these shapes have no rows: why */
export function analyseRows(
  graph: FlatGraph,
  shapes: readonly FeedShape[],
  knowledge: GraphKnowledge,
): RowAnalysis | string {
  if (shapes.length === 0) return 'there are no inputs'
  if (shapes.some((shape) => shape?.[0] !== -1)) return 'an input is not declared to have any number of rows'
  const analysis = new Analysis(graph, knowledge)
  analysis.interpret(shapes as readonly (readonly number[])[])
  const unknown = analysis.firstUnknown()
  const isRow = (fact: Known) => isLeading(fact) && isEqual(fact.shape[0]!, rowCount)
  const areRows = graph.fetches.every((edge) => isRow(analysis.factOf(edge)))
  return {
    unknown,
    whyNot: unknown
      ? `${unknown.op} (${unknown.name})`
      : areRows
        ? undefined
        : 'an output has other rows than the inputs',
    factOf: (edge) => analysis.factOf(edge),
    isDead: (edge) => analysis.isDead(edge),
  }
}

/** More elements than this are not computed to know their sum. */
const maxFoldedElements = 2 ** 16

/** Ops that choose: where it is known what, they are no work. */
const decidable: ReadonlySet<string> = new Set(['Switch', 'RefSwitch', 'Merge', 'RefMerge'])
/** Ops that are no functions of their inputs alone, and that nobody misses who does not read them. */
const idle: ReadonlySet<string> = new Set([
  '_Feed',
  'Const',
  'HostConst',
  'NoOp',
  'ControlTrigger',
  'ReadVariableOp',
])

class Analysis {
  readonly #graph: FlatGraph
  readonly #knowledge: GraphKnowledge
  /** By node index. Nothing is known of an output beyond them. */
  readonly #facts: (readonly Fact[])[] = []
  /** Outputs that never have a value, by node index; all of a node that never runs. */
  readonly #dead = new Map<number, 'all' | number>()
  #unknowns = 0

  constructor(graph: FlatGraph, knowledge: GraphKnowledge) {
    this.#graph = graph
    this.#knowledge = knowledge
  }

  interpret(shapes: readonly (readonly number[])[]): void {
    for (const [i, { index }] of this.#graph.feeds.entries()) {
      const rest = shapes[i]!.slice(1).map((size) => (size < 0 ? this.#fresh() : literal(size)))
      this.#facts[index] = [rows([rowCount, ...rest])!]
    }
    for (const node of this.#graph.nodes) {
      if (node.op !== '_Feed') this.#visit(node)
    }
  }

  /** The first node that a run cannot do without and that may not keep rows apart. */
  firstUnknown(): FlatNode | undefined {
    const needed = new Set(this.#graph.fetches.map(({ node }) => node))
    let unknown: FlatNode | undefined
    for (const node of this.#graph.nodes.toReversed()) {
      if (this.#dead.get(node.index) === 'all' || !(needed.has(node) || this.#alwaysRuns(node))) continue
      if (!this.#facts[node.index]) unknown = node
      if (this.#isComputed(node)) continue
      for (const edge of node.inputs) if (!this.isDead(edge)) needed.add(edge.node)
    }
    return unknown
  }

  factOf({ node, output }: FlatEdge): Known {
    return this.#facts[node.index]?.[output]
  }

  /** Whether a run has to have it though nobody reads it. */
  #alwaysRuns(node: FlatNode): boolean {
    if (node.isKept) return true
    const isDecided = this.#facts[node.index] !== undefined || this.#dead.has(node.index)
    if (decidable.has(node.op)) return !isDecided
    return !idle.has(node.op) && !this.#knowledge.isPure(node.op)
  }

  /** Whether what it gives is known without its inputs. */
  #isComputed({ index }: FlatNode): boolean {
    return (
      this.#facts[index]?.every((fact) => fact.depends === 'nothing' && fact.value !== undefined) ?? false
    )
  }

  #visit(node: FlatNode): void {
    const isDead = (edge: FlatEdge) => this.isDead(edge)
    const isMerge = node.op === 'Merge' || node.op === 'RefMerge'
    const waits = node.controls.some(({ index }) => this.#dead.get(index) === 'all')
    if (waits || (isMerge ? node.inputs.every(isDead) : node.inputs.some(isDead))) {
      this.#dead.set(node.index, 'all')
      return
    }
    const facts = isMerge ? this.#merge(node) : this.#interpret(node)
    if (facts) this.#facts[node.index] = facts
  }

  /** Of the one input that lives. Where a run decides which, the rows may not be told apart. */
  #merge({ inputs }: FlatNode): readonly Fact[] | undefined {
    const living = inputs.filter((edge) => !this.isDead(edge))
    const fact = living.length === 1 ? this.factOf(living[0]!) : undefined
    return fact && [fact, sizes([literal(inputs.indexOf(living[0]!))], true)]
  }

  #interpret(node: FlatNode): readonly Fact[] | undefined {
    const inputs = node.inputs.map((edge) => this.factOf(edge))
    if (node.op === 'Switch' || node.op === 'RefSwitch') return this.#decide(node, inputs)
    if (!inputs.every((fact) => fact !== undefined)) return undefined
    return this.#fold(node, inputs) ?? this.#apply(node, inputs) ?? this.#constant(node, inputs)
  }

  /** A Switch whose condition is known hands its input on by one of its outputs; the other is dead. */
  #decide(node: FlatNode, [input, condition]: readonly Known[]): readonly Fact[] | undefined {
    const value = condition?.depends === 'nothing' ? condition.value : undefined
    if (!value) return undefined
    this.#dead.set(node.index, isTrue(value) ? 0 : 1)
    return input && [input, input]
  }

  #fold(node: FlatNode, inputs: readonly Fact[]): readonly Fact[] | undefined {
    const values = inputs.map((fact) => (fact.depends === 'nothing' ? fact.value : undefined))
    const isSmall = (value: Value | undefined): value is Value =>
      value !== undefined && elementCount(value) <= maxFoldedElements
    const isRead = node.op === 'ReadVariableOp'
    if (!values.every(isRead ? (value) => value !== undefined : isSmall)) return undefined
    return this.#knowledge.fold(node, values)?.map(toFact)
  }

  #apply(node: FlatNode, inputs: readonly Fact[]): readonly Fact[] | undefined {
    const rule = rules.get(node.op)
    if (!rule) return undefined
    const context = { op: node.op, attrs: createAttributes(node.attr, node.name), fresh: () => this.#fresh() }
    try {
      const found = rule(inputs, context)
      return found === undefined || 'length' in found ? found : [found as Fact]
    } catch (error) {
      // An attribute that is missing or broken: for the kernel to say.
      if (error instanceof RecserveError) return undefined
      throw error
    }
  }

  /** A function of constants alone is constant, whatever it is. */
  #constant(node: FlatNode, inputs: readonly Fact[]): readonly Fact[] | undefined {
    if (!this.#knowledge.isPure(node.op) || inputs.some(({ depends }) => depends !== 'nothing'))
      return undefined
    return anyConstants
  }

  isDead({ node, output }: FlatEdge): boolean {
    const dead = this.#dead.get(node.index)
    return dead === 'all' || dead === output
  }

  #fresh() {
    this.#unknowns += 1
    return unknown(`#${this.#unknowns}`)
  }
}

/** Of more outputs of a node nothing is said. */
const anyConstants: readonly Fact[] = Array.from({ length: 64 }, () => constant())

const elementCount = ({ shape }: Value): number => shape.reduce((product, size) => product * size, 1)

/** What is known of a value that is. */
export function toFact(value: Value): Fact {
  const shape = value.shape.map(literal)
  // Of a large one the shape is enough, and it need not be kept in memory.
  if (elementCount(value) > maxFoldedElements) return constant(shape)
  return { depends: 'nothing', shape, value, elements: toElements(value) }
}

function toElements(value: Value) {
  if (value.dtype !== 'int32' && value.dtype !== 'int64') return undefined
  if (value.shape.length > 1 || elementCount(value) > maxSizes) return undefined
  const numbers = Array.from((value as { readonly data: ArrayLike<number | bigint> }).data, Number)
  return numbers.every(Number.isSafeInteger) ? numbers.map(literal) : undefined
}
