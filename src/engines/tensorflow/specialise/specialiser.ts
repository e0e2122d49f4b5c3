/** Walks a graph of rows and gives each value its side: what a catalogue's items, a user, or only both together decide. */
import { createAttributes } from '../attributes.js'
import type { FlatEdge, FlatGraph, FlatNode } from '../flat-graph.js'
import type { RowAnalysis } from '../row-wise/analysis.js'
import { type Fact, rows } from '../row-wise/fact.js'
import { isEqual, literal, rowCount } from '../row-wise/size.js'
import { Builder } from './builder.js'
import type { Side } from './draft.js'
import { elementwiseRewrites } from './elementwise.js'
import { layoutRewrites } from './layout.js'
import { productRewrites } from './products.js'
import type { Rewrite } from './rewrite.js'
import {
  type Count,
  isConstant,
  type Part,
  type Shape,
  type Split,
  Unsplittable,
  type Whole,
} from './value.js'

/** Whose an input is: one side's, or some columns the user's and the others the items'. */
export type Ownership = 'item' | 'user' | { readonly userColumns: readonly number[] }

const rewrites: ReadonlyMap<string, Rewrite> = new Map(
  Object.entries({ ...elementwiseRewrites, ...layoutRewrites, ...productRewrites }),
)

/** More nodes than this are no recommender's. */
const maxNodes = 20_000

/**
 * @param graph of one fetch whose rows are those of the feeds
 * @param owners of the feeds, in their order
 * @returns the fetch, of every item
 * @throws Unsplittable
 */
export function specialise(graph: FlatGraph, analysis: RowAnalysis, owners: readonly Ownership[]): Whole {
  if (graph.nodes.length > maxNodes) throw new Unsplittable(`${graph.nodes.length} nodes are too many`)
  const walk = new Walk(graph, analysis, owners)
  const found = walk.value(graph.fetches[0]!)
  const whole = walk.builder.toFull(found)
  if (whole.side !== 'item' && whole.side !== 'pair')
    throw new Unsplittable('the output does not depend on the items')
  return whole
}

class Walk {
  readonly builder = new Builder()
  readonly #analysis: RowAnalysis
  /** By node index. */
  readonly #values: (readonly (Split | undefined)[])[] = []

  constructor(graph: FlatGraph, analysis: RowAnalysis, owners: readonly Ownership[]) {
    this.#analysis = analysis
    for (const [i, node] of graph.feeds.entries())
      this.#values[node.index] = [this.#feed(node, i, owners[i]!)]
    const needed = this.#needed(graph)
    for (const node of graph.nodes) if (needed.has(node) && !this.#values[node.index]) this.#visit(node)
  }

  value({ node, output }: FlatEdge): Split {
    const value = this.#values[node.index]?.[output]
    if (value) return value
    throw new Unsplittable(`${node.op} (${node.name}) is more than its rows`)
  }

  /** Backwards from what is fetched, values that are known apart. */
  #needed(graph: FlatGraph): ReadonlySet<FlatNode> {
    const needed = new Set(graph.fetches.map(({ node }) => node))
    for (const node of graph.nodes.toReversed()) {
      if (!needed.has(node)) continue
      for (const edge of node.inputs) {
        const fact = this.#analysis.factOf(edge)
        if (!this.#analysis.isDead(edge) && !(fact && isKnown(fact))) needed.add(edge.node)
      }
    }
    for (const node of graph.nodes) if (node.isKept && !needed.has(node)) this.#checkKept(node)
    return needed
  }

  /** What has to run beside what is fetched must be of no consequence. */
  #checkKept(node: FlatNode): void {
    if (idle.has(node.op) || this.#analysis.isDead({ node, output: 0 })) return
    const depends = node.inputs.some((edge) => this.#analysis.factOf(edge)?.depends !== 'nothing')
    if (depends || node.op === 'Assert') throw new Unsplittable(`${node.op} (${node.name}) has to run, too`)
  }

  #feed(node: FlatNode, input: number, owner: Ownership): Split {
    const fact = this.#analysis.factOf({ node, output: 0 })
    if (fact?.depends !== 'rows') throw new Unsplittable('an input is not of rows')
    const whole = (side: Side, shape: Shape, columns?: readonly number[]): Whole => ({
      kind: 'whole',
      edge: this.builder.draft.feed({ kind: 'input', input, ...(columns && { columns }) }, side),
      side,
      shape,
      stretched: new Set(),
    })
    if (typeof owner === 'string') return whole(owner, fact.shape)
    const width = fact.shape[1]
    if (fact.shape.length !== 2 || !width || width.symbols.length > 0)
      throw new Unsplittable('an input of user and item columns has no known number of them')
    const columns = Array.from({ length: width.factor }, (_, i) => i)
    const ofUser = columns.filter((column) => owner.userColumns.includes(column))
    const ofItem = columns.filter((column) => !owner.userColumns.includes(column))
    if (ofUser.length === 0) return whole('item', fact.shape)
    if (ofItem.length === 0) return whole('user', fact.shape)
    const part = (side: Side, places: readonly number[]): Part => ({
      value: whole(side, [fact.shape[0]!, literal(places.length)], places),
      places,
    })
    return { kind: 'parts', axis: 1, parts: [part('user', ofUser), part('item', ofItem)], shape: fact.shape }
  }

  #visit(node: FlatNode): void {
    this.#values[node.index] =
      this.#known(node) ?? this.#alias(node) ?? this.#rewrite(node) ?? this.#apply(node)
  }

  /** Integers that nothing but the number of rows decides. */
  #known(node: FlatNode): readonly (Split | undefined)[] | undefined {
    const facts = this.#facts(node)
    if (facts.length === 0 || !facts.every(isKnown)) return undefined
    return facts.map((fact) => toCount(fact, node))
  }

  /** A Switch and a Merge that are decided hand on what they get. */
  #alias(node: FlatNode): readonly (Split | undefined)[] | undefined {
    if (/^(Ref)?Switch$/.test(node.op)) return [this.value(node.inputs[0]!), this.value(node.inputs[0]!)]
    if (!/^(Ref)?Merge$/.test(node.op)) return undefined
    const living = node.inputs.filter((edge) => !this.#analysis.isDead(edge))
    if (living.length !== 1) throw new Unsplittable(`which input ${node.name} takes is not known`)
    return [this.value(living[0]!)]
  }

  #rewrite(node: FlatNode): readonly (Split | undefined)[] | undefined {
    const rewrite = rewrites.get(node.op)
    const [fact] = this.#facts(node)
    if (rewrite === undefined || fact?.depends !== 'rows' || node.inputs.length === 0) return undefined
    const inputs = node.inputs.map((edge) => this.#input(edge))
    if (!inputs.every((input) => input !== undefined)) return undefined
    const made = rewrite({
      op: node.op,
      attr: node.attr,
      name: node.name,
      attrs: createAttributes(node.attr, node.name),
      inputs,
      facts: node.inputs.map((edge) => this.#analysis.factOf(edge)!),
      shape: fact.shape,
      builder: this.builder,
    })
    return made && [made]
  }

  #apply(node: FlatNode): readonly (Split | undefined)[] {
    const facts = this.#facts(node)
    const inputs = node.inputs.map((edge) => this.#input(edge) ?? this.value(edge))
    const isOfRows = facts.some(({ depends }) => depends === 'rows')
    if (!isOfRows && !inputs.every((input) => isConstant(input) || (input.kind === 'count' && isSame(input))))
      throw new Unsplittable(`${node.op} (${node.name}) is not of rows`)
    const { edge, side } = this.builder.apply(node, inputs)
    return facts.map((fact, output) => ({
      kind: 'whole',
      edge: { node: edge.node, output },
      side,
      shape: fact.shape,
      stretched: new Set(),
    }))
  }

  #input(edge: FlatEdge): Split | undefined {
    const fact = this.#analysis.factOf(edge)
    if (fact && isKnown(fact) && !this.#values[edge.node.index]) return toCount(fact, edge.node)
    return this.#values[edge.node.index]?.[edge.output]
  }

  #facts(node: FlatNode): readonly Fact[] {
    const facts: Fact[] = []
    for (let output = 0; ; output++) {
      const fact = this.#analysis.factOf({ node, output })
      if (fact === undefined || output === maxOutputs) return facts
      facts.push(fact)
    }
  }
}

const maxOutputs = 64

const idle: ReadonlySet<string> = new Set(['NoOp', 'ControlTrigger', 'Const', 'ReadVariableOp', '_Feed'])

/** Integers whose dtype can be told. */
function isKnown(fact: Fact): boolean {
  return (
    fact.depends === 'count' ||
    (fact.depends === 'nothing' && fact.elements !== undefined && !('value' in fact))
  )
}

const isSame = ({ elements }: Count): boolean => elements.every(({ symbols }) => symbols.length === 0)

function toCount(fact: Fact, node: FlatNode): Count {
  if (fact.depends === 'rows' || fact.elements === undefined) throw new Error('no integers: this is a bug')
  return {
    kind: 'count',
    elements: fact.elements,
    isScalar: fact.shape?.length === 0,
    dtype: integerType(node),
  }
}

/** An integer dtype, by the attribute that names the first output's. */
function integerType({ op, name, attr }: FlatNode): 'int32' | 'int64' {
  const attrs = createAttributes(attr, name)
  const key = /^(Shape|ShapeN|Size)$/.test(op)
    ? 'out_type'
    : ['DstT', 'Tparams', 'dtype', 'T'].find((each) => attrs.has(each))
  const type = op === 'Rank' || key === undefined ? 'int32' : attrs.type(key, 'int32')
  if (type === 'int32' || type === 'int64') return type
  throw new Unsplittable(`${op} (${name}) counts in ${type}`)
}

/** A graph whose lone rows would lose their axis, as for many rows: a Squeeze without axes gets those of size 1. */
export function withSqueezedAxes(graph: FlatGraph, analysis: RowAnalysis): FlatGraph | undefined {
  const node = analysis.unknown
  const fact = node?.op === 'Squeeze' && node.inputs[0] ? analysis.factOf(node.inputs[0]) : undefined
  if (node === undefined || fact?.depends !== 'rows' || node.attr.get('squeeze_dims')?.list?.i.length)
    return undefined
  const rowSize = fact.shape[fact.axis]!
  if (!isEqual(rowSize, rowCount) || rows(fact.shape) === undefined) return undefined
  if (fact.shape.some((size, d) => d !== fact.axis && size.symbols.length > 0)) return undefined
  const axes = fact.shape.flatMap((size, d) => (d !== fact.axis && size.factor === 1 ? [d] : []))
  const list = { s: [], i: axes, f: [], b: [], type: [], shape: [], tensor: [], func: [] }
  return replaceNode(graph, node, { ...node, attr: new Map([...node.attr, ['squeeze_dims', { list }]]) })
}

/** Edges lead to nodes, so that those after the new one are made anew. */
function replaceNode(graph: FlatGraph, old: FlatNode, replacement: FlatNode): FlatGraph {
  const made = new Map<FlatNode, FlatNode>([[old, replacement]])
  const toEdge = ({ node, output }: FlatEdge): FlatEdge => ({ node: made.get(node) ?? node, output })
  const nodes = graph.nodes.map((node) => {
    const known = made.get(node)
    if (known) return known
    const isTouched = [...node.inputs.map((edge) => edge.node), ...node.controls].some((each) =>
      made.has(each),
    )
    if (!isTouched) return node
    const copy = {
      ...node,
      inputs: node.inputs.map(toEdge),
      controls: node.controls.map((control) => made.get(control) ?? control),
    }
    made.set(node, copy)
    return copy
  })
  return { ...graph, nodes, fetches: graph.fetches.map(toEdge) }
}
