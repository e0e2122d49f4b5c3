/** An encoder's graph while an architecture writes it: the graph, the weights its layers read, the inputs it may declare. */
import { GraphBuilder } from '../../../formats/onnx/graph-builder.js'
import type { OnnxGraph } from '../../../formats/onnx/model.js'
import type { Matrix } from '../../../tensor/matrix.js'
import type { ArchitectureContext, Encoder, SequenceModel, Weights } from '../architecture.js'

export class Network {
  readonly graph = new GraphBuilder()
  readonly weights: Weights

  constructor(weights: Weights) {
    this.weights = weights
  }

  /** int64 [B, T]: internal item ids, oldest first, zeros on the right. */
  get items(): string {
    return this.graph.input('items', 'int64', ['B', 'T'])
  }

  /** int64 [B]: items in each request, at least 1. */
  get length(): string {
    return this.graph.input('length', 'int64', ['B'])
  }

  /** int64 [B]: internal user ids. */
  get user(): string {
    return this.graph.input('user', 'int64', ['B'])
  }

  /** int64 [C]: the items to score. */
  get candidates(): string {
    return this.graph.input('candidates', 'int64', ['C'])
  }

  /** A weight as a constant of the graph. @throws RecserveError as `Weights.get` */
  weight(key: string, shape?: readonly number[]): string {
    return this.graph.constant(this.weights.get(key, shape))
  }
}

/**
 * The graph of an encoder whose output is `query`, float32 [B, D].
 * @param write gives the value that is the query
 */
export function queryGraph({ weights }: ArchitectureContext, write: (net: Network) => string): OnnxGraph {
  return encoderGraph('query', ['B', 'D'], { weights, write })
}

/** The graph of an encoder whose output is `scores`, float32 [B, itemCount]. */
export function scoresGraph(
  { weights, itemCount }: ArchitectureContext,
  write: (net: Network) => string,
): OnnxGraph {
  return encoderGraph('scores', ['B', itemCount], { weights, write })
}

/** The graph of an encoder that scores `candidates`; its output is `scores`, float32 [1, C]. */
export function candidatesGraph(
  { weights }: ArchitectureContext,
  write: (net: Network) => string,
): OnnxGraph {
  return encoderGraph('scores', [1, 'C'], { weights, write })
}

function encoderGraph(
  output: string,
  shape: readonly (number | string)[],
  { weights, write }: { readonly weights: Weights; readonly write: (net: Network) => string },
): OnnxGraph {
  const net = new Network(weights)
  net.graph.output(output, write(net), { dtype: 'float32', shape })
  return net.graph.toGraph('encoder')
}

export interface VectorModelOptions {
  readonly padding: Encoder['padding']
  readonly feeds?: NonNullable<Encoder['feeds']>
  /** The item table, whose rows are multiplied with the query. */
  readonly items: Table
  /** Writes the query, float32 [B, D]. */
  readonly query: (net: Network) => string
}

/** An embedding table of the state_dict. */
export interface Table {
  readonly key: string
  readonly shape: readonly [rows: number, columns: number]
}

/** A model whose scores are products of the query and the rows of its item table, as most are. */
export function vectorModel(
  context: ArchitectureContext,
  { items, query, ...encoder }: VectorModelOptions,
): SequenceModel {
  const graph = queryGraph(context, query)
  return {
    encoder: { graph: () => graph, ...encoder },
    scoring: { kind: 'vectors', vectors: itemVectors(context, items.key, items.shape) },
  }
}

/**
 * The rows of a table as item vectors.
 * @param shape [rows, columns] of the table, -1 for any; rows past `itemCount` (mask tokens) are left out
 */
export function itemVectors(
  { weights, itemCount }: ArchitectureContext,
  key: string,
  shape: readonly [number, number],
): Matrix {
  const { data, shape: found } = weights.get(key, shape)
  const columns = found[1]!
  return { rows: itemCount, columns, values: data.subarray(0, itemCount * columns) }
}
