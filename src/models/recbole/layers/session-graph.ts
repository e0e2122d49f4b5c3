/**
 * The session as a graph: distinct items are nodes, consecutive ones are joined by an edge
 * (Wu et al., "Session-based Recommendation with Graph Neural Networks", AAAI 2019).
 * Made on the host for the requests of one run; RecBole's `_get_slice` and `GNN` are in
 * recbole/model/sequential_recommender/{srgnn,gcsan}.py.
 */
import { RecserveError } from '../../../core/errors.js'
import type { NamedTensors } from '../../../tensor/tensor.js'
import { tensor } from '../../../tensor/tensor.js'
import type { EncoderQuery } from '../architecture.js'
import { linear, transposed } from './linear.js'
import type { Network, Table } from './network.js'

/**
 * `nodes` int64 [B, N], N being the most distinct items of a request; `incoming` and `outgoing` float32 [B, N, N],
 * rows of the matrices divided by their degree; `node_of` int64 [B, T, 1], the node of each position.
 * Nodes past a request's own have no edges, positions past its items are node 0.
 */
export function sessionFeeds(queries: readonly EncoderQuery[], width: number): NamedTensors {
  const sessions = queries.map(({ sequence }) => toSession(sequence))
  const size = sessions.reduce((most, { nodes }) => Math.max(most, nodes.length), 1)
  const nodes = new BigInt64Array(queries.length * size)
  const incoming = new Float32Array(queries.length * size * size)
  const outgoing = new Float32Array(queries.length * size * size)
  const nodeOf = new BigInt64Array(queries.length * width)
  for (const [b, session] of sessions.entries()) {
    for (const [i, item] of session.nodes.entries()) nodes[b * size + i] = BigInt(item)
    for (const [t, node] of session.nodeOf.entries()) nodeOf[b * width + t] = BigInt(node)
    const square = [b * size * size, (b + 1) * size * size] as const
    writeEdges(session, {
      incoming: incoming.subarray(...square),
      outgoing: outgoing.subarray(...square),
      size,
    })
  }
  const square = [queries.length, size, size]
  return {
    nodes: tensor('int64', [queries.length, size], nodes),
    incoming: tensor('float32', square, incoming),
    outgoing: tensor('float32', square, outgoing),
    node_of: tensor('int64', [queries.length, width, 1], nodeOf),
  }
}

interface Session {
  /** Distinct items in the order in which they appear. */
  readonly nodes: readonly number[]
  /** By position. */
  readonly nodeOf: Int32Array
}

function toSession(sequence: Int32Array): Session {
  const numbers = new Map<number, number>()
  const nodeOf = sequence.map((item) => {
    const known = numbers.get(item) ?? numbers.size
    numbers.set(item, known)
    return known
  })
  return { nodes: [...numbers.keys()], nodeOf }
}

interface EdgeMatrices {
  /** [size, size], zeros: row i is of the nodes that node i is reached from. */
  readonly incoming: Float32Array
  /** Row i is of the nodes that node i reaches. */
  readonly outgoing: Float32Array
  readonly size: number
}

/** Each edge once, however often it is walked; as one over the number of edges of its row. */
function writeEdges({ nodes, nodeOf }: Session, { incoming, outgoing, size }: EdgeMatrices): void {
  const sources = new Int32Array(nodes.length)
  const targets = new Int32Array(nodes.length)
  for (let t = 1; t < nodeOf.length; t++) {
    const [from, to] = [nodeOf[t - 1]!, nodeOf[t]!]
    if (outgoing[from * size + to] !== 0) continue
    outgoing[from * size + to] = 1
    sources[to]!++
    targets[from]!++
  }
  for (let t = 1; t < nodeOf.length; t++) {
    const [from, to] = [nodeOf[t - 1]!, nodeOf[t]!]
    incoming[to * size + from] = 1 / sources[to]!
    outgoing[from * size + to] = 1 / targets[from]!
  }
}

export interface SessionNetOptions {
  readonly items: Table
  /** How many times the nodes hear of their neighbours. */
  readonly steps: number
  /** Whether what comes in has the vectors `b_iah` and `b_ioh`. */
  readonly hasEdgeBias: boolean
}

/** Nothing but a setting says how many: each is a part of the graph to run. */
const maxSteps = 256

/**
 * The items' vectors after the graph network, by position; float32 [B, T, size].
 * @throws RecserveError `failed_precondition` for too many steps
 */
export function sessionNet(net: Network, { items, steps, hasEdgeBias }: SessionNetOptions): string {
  if (steps < 0 || steps > maxSteps) {
    throw new RecserveError('failed_precondition', `the model's step is ${steps}; expected 0 to ${maxSteps}`)
  }
  const { graph } = net
  const nodes = graph.input('nodes', 'int64', ['B', 'N'])
  const size = items.shape[1]
  let hidden = graph.emit('Gather', [net.weight(items.key, items.shape), nodes])
  for (let step = 0; step < steps; step++) hidden = gnnStep(net, hidden, { size, hasEdgeBias })
  const nodeOf = graph.input('node_of', 'int64', ['B', 'T', 1])
  return graph.emit('GatherND', [hidden, nodeOf], { batch_dims: { int: 1 } })
}

/** A gated step whose update gate is mirrored: h ← (1 − z) ⊙ h + z ⊙ n. */
function gnnStep(
  net: Network,
  hidden: string,
  { size, hasEdgeBias }: { readonly size: number; readonly hasEdgeBias: boolean },
): string {
  const { graph } = net
  const heard = (side: 'in' | 'out', input: string, bias: string) => {
    const matrix = graph.input(input, 'float32', ['B', 'N', 'N'])
    const values = linear(net, hidden, { key: `gnn.linear_edge_${side}`, from: size, to: size })
    const sum = graph.emit('MatMul', [matrix, values])
    return hasEdgeBias ? graph.emit('Add', [sum, net.weight(`gnn.${bias}`, [size])]) : sum
  }
  const sides = [heard('in', 'incoming', 'b_iah'), heard('out', 'outgoing', 'b_ioh')]
  const inputs = graph.emit('Concat', sides, { axis: { int: -1 } })
  const [inputReset, inputUpdate, inputNew] = gates(net, inputs, { kind: 'ih', from: 2 * size, size })
  const [ownReset, ownUpdate, ownNew] = gates(net, hidden, { kind: 'hh', from: size, size })
  const reset = graph.emit('Sigmoid', [graph.emit('Add', [inputReset, ownReset])])
  const update = graph.emit('Sigmoid', [graph.emit('Add', [inputUpdate, ownUpdate])])
  const kept = graph.emit('Mul', [reset, ownNew])
  const fresh = graph.emit('Tanh', [graph.emit('Add', [inputNew, kept])])
  const change = graph.emit('Mul', [update, graph.emit('Sub', [fresh, hidden])])
  return graph.emit('Add', [hidden, change])
}

function gates(
  net: Network,
  x: string,
  { kind, from, size }: { readonly kind: 'ih' | 'hh'; readonly from: number; readonly size: number },
): readonly [string, string, string] {
  const { graph, weights } = net
  const weight = graph.constant(transposed(weights.get(`gnn.w_${kind}`, [3 * size, from])))
  const bias = net.weight(`gnn.b_${kind}`, [3 * size])
  const all = graph.emit('Add', [graph.emit('MatMul', [x, weight]), bias])
  const attributes = { axis: { int: -1 }, num_outputs: { int: 3 } }
  return graph.emitMany('Split', [all], { outputs: 3, attributes }) as [string, string, string]
}
