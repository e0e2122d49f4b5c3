/** The attention of DIN and DIEN: a small network over pairs of candidate and item. */
import { type Tensor, tensor } from '../../../tensor/tensor.js'
import { linear, transposed } from './linear.js'
import type { Network } from './network.js'

export interface InterestAttentionOptions {
  /** Of the layer: reads `key.att_mlp_layers.mlp_layers.1.weight` and so on, and `key.dense`. */
  readonly key: string
  /** Columns of candidates and history. */
  readonly size: number
  /** Outputs of the attention's layers. */
  readonly layers: readonly number[]
}

/**
 * How much each candidate has to do with each item of the history (Zhou et al., "Deep Interest Network for Click-Through
 * Rate Prediction", KDD 2018), RecBole's SequenceAttLayer before any softmax: a network over [v; k; v − k; v ⊙ k], by √size.
 * @param inputs.candidates v, float32 [C, size]
 * @param inputs.history k, float32 [T, size]
 * @returns float32 [C, T]
 */
export function interestLogits(
  net: Network,
  inputs: { readonly candidates: string; readonly history: string },
  { key, size, layers }: InterestAttentionOptions,
): string {
  const { graph } = net
  let value = graph.emit('Sigmoid', [pairLayer(net, inputs, { key: mlpKey(key, 0), size, to: layers[0]! })])
  for (let i = 1; i < layers.length; i++) {
    const layer = { key: mlpKey(key, i), from: layers[i - 1]!, to: layers[i]! }
    value = graph.emit('Sigmoid', [linear(net, value, layer)])
  }
  const logits = linear(net, value, { key: `${key}.dense`, from: layers.at(-1)!, to: 1 })
  return graph.emit('Div', [graph.emit('Squeeze', [logits, graph.ints([2])]), graph.float(Math.sqrt(size))])
}

/** The modules of a layer are dropout, linear, activation. */
const mlpKey = (key: string, layer: number): string => `${key}.att_mlp_layers.mlp_layers.${3 * layer + 1}`

/**
 * W [v; k; v − k; v ⊙ k] + b for every pair, as (W₁ + W₃) v + (W₂ − W₃) k + W₄ (v ⊙ k) + b: only the last product is of pairs.
 * @returns float32 [C, T, to]
 */
function pairLayer(
  net: Network,
  { candidates, history }: { readonly candidates: string; readonly history: string },
  { key, size, to }: { readonly key: string; readonly size: number; readonly to: number },
): string {
  const { graph, weights } = net
  const weight = weights.get(`${key}.weight`, [to, 4 * size])
  const part = (columns: readonly SignedColumns[]) =>
    graph.constant(transposed(summed(weight, size, columns)))
  const ofCandidate = graph.emit('MatMul', [
    candidates,
    part([
      { at: 0, sign: 1 },
      { at: 2, sign: 1 },
    ]),
  ])
  const ofItem = graph.emit('MatMul', [
    history,
    part([
      { at: 1, sign: 1 },
      { at: 2, sign: -1 },
    ]),
  ])
  const spread = graph.emit('Unsqueeze', [candidates, graph.ints([1])])
  const ofPair = graph.emit('MatMul', [graph.emit('Mul', [spread, history]), part([{ at: 3, sign: 1 }])])
  const single = graph.emit('Add', [
    graph.emit('Unsqueeze', [ofCandidate, graph.ints([1])]),
    graph.emit('Add', [ofItem, net.weight(`${key}.bias`, [to])]),
  ])
  return graph.emit('Add', [single, ofPair])
}

interface SignedColumns {
  /** Which quarter of the columns. */
  readonly at: number
  readonly sign: 1 | -1
}

/** A signed sum of quarters of a weight's columns, [to, size]. */
function summed(
  { data, shape }: Tensor<'float32'>,
  size: number,
  parts: readonly SignedColumns[],
): Tensor<'float32'> {
  const [rows, columns] = shape as [number, number]
  const values = new Float32Array(rows * size)
  for (const [i] of values.entries()) {
    const row = Math.floor(i / size) * columns + (i % size)
    values[i] = parts.reduce((sum, { at, sign }) => sum + sign * data[row + at * size]!, 0)
  }
  return tensor('float32', [rows, size], values)
}
