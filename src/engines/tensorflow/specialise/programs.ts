/** A specialised graph as three that run: of the items once, of a user's row for each request, of the pairs of both. */
import type { FlatGraph, FlatNode } from '../flat-graph.js'
import type { DraftEdge, DraftNode, Feed, Side } from './draft.js'
import type { Whole } from './value.js'

/** What one of the graphs is fed, in order: a feed, or a value that another of them gives. */
export type ProgramFeed = Feed | { readonly kind: 'value'; readonly edge: DraftEdge }

export interface DraftProgram {
  readonly graph: FlatGraph
  readonly feeds: readonly ProgramFeed[]
}

export interface Programs {
  /** Of the items, and what it gives the pairs. */
  readonly itemValues: readonly DraftEdge[]
  readonly userValues: readonly DraftEdge[]
  readonly pair: DraftProgram
}

/** @param scores of pairs, or of items alone */
export function toPrograms(scores: Whole): Programs {
  const pair = toProgram([scores.edge], 'pair')
  const values = pair.feeds.flatMap((feed) => (feed.kind === 'value' ? [feed.edge] : []))
  return {
    pair,
    itemValues: values.filter(({ node }) => node.side === 'item'),
    userValues: values.filter(({ node }) => node.side === 'user'),
  }
}

/** What gives the values, of their side's nodes and of constants; what is of another side is fed. */
export function toProgram(fetches: readonly DraftEdge[], side: Side): DraftProgram {
  const writer = new Writer(side)
  const edges = fetches.map((edge) => writer.edge(edge))
  return {
    graph: { nodes: writer.nodes, feeds: writer.feedNodes, fetches: edges, hasControlFlow: false },
    feeds: writer.feeds,
  }
}

class Writer {
  readonly nodes: FlatNode[] = []
  readonly feedNodes: FlatNode[] = []
  readonly feeds: ProgramFeed[] = []
  readonly #side: Side
  readonly #made = new Map<DraftNode, FlatNode>()
  /** Of values from elsewhere, by output. */
  readonly #fed = new Map<DraftNode, Map<number, FlatNode>>()

  constructor(side: Side) {
    this.#side = side
  }

  edge({ node, output }: DraftEdge) {
    const isOwn = node.side === this.#side || node.side === 'constant'
    return isOwn ? { node: this.#node(node), output } : { node: this.#value({ node, output }), output: 0 }
  }

  /** Without recursion: a graph may be deep. */
  #node(root: DraftNode): FlatNode {
    const stack = [root]
    while (stack.length > 0) {
      const node = stack.at(-1)!
      const missing = node.inputs.filter(
        ({ node: each }) => (each.side === this.#side || each.side === 'constant') && !this.#made.has(each),
      )
      if (missing.length > 0 && !this.#made.has(node)) stack.push(...missing.map((edge) => edge.node))
      else {
        stack.pop()
        if (!this.#made.has(node)) this.#made.set(node, this.#add(node))
      }
    }
    return this.#made.get(root)!
  }

  #add(node: DraftNode): FlatNode {
    if (node.feed) return this.#feed(node.feed, node)
    return this.#push({
      name: node.name,
      op: node.op,
      attr: node.attr,
      inputs: node.inputs.map((edge) => this.edge(edge)),
    })
  }

  #value(edge: DraftEdge): FlatNode {
    const outputs = this.#fed.get(edge.node) ?? new Map<number, FlatNode>()
    this.#fed.set(edge.node, outputs)
    const known = outputs.get(edge.output)
    if (known) return known
    const made = this.#feed({ kind: 'value', edge }, edge.node)
    outputs.set(edge.output, made)
    return made
  }

  #feed(feed: ProgramFeed, { name }: DraftNode): FlatNode {
    const node = this.#push({ name: `${name}!`, op: '_Feed', attr: new Map(), inputs: [] })
    this.feedNodes.push(node)
    this.feeds.push(feed)
    return node
  }

  #push(node: Pick<FlatNode, 'name' | 'op' | 'attr' | 'inputs'>): FlatNode {
    const made = { ...node, controls: [], isKept: false, index: this.nodes.length }
    this.nodes.push(made)
    return made
  }
}
