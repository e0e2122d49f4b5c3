import type { Architecture } from '../architecture.js'
import { linear } from '../layers/linear.js'
import { type Network, vectorModel } from '../layers/network.js'
import {
  atLastItem,
  forEveryPosition,
  itemEmbedding,
  weightedSum,
  withoutLastAxis,
} from '../layers/sequence.js'

/**
 * Liu et al., "STAMP: Short-Term Attention/Memory Priority Model for Session-based Recommendation", KDD 2018;
 * RecBole's stamp.py. Mean and attention run over the padding too, whose vector is row 0 of the item table.
 */
export const stamp: Architecture = {
  className: 'STAMP',
  needsUser: false,
  build(context) {
    const size = context.settings.integer('embedding_size')
    const items = { key: 'item_embedding.weight', shape: [context.itemCount, size] } as const
    return vectorModel(context, {
      items,
      padding: 'maximum',
      query(net) {
        const { graph } = net
        const x = itemEmbedding(net, items)
        const last = atLastItem(net, x)
        const sum = graph.emit('ReduceSum', [x, graph.ints([1])], { keepdims: { int: 0 } })
        const length = graph.emit('Unsqueeze', [graph.cast(net.length, 'float32'), graph.ints([1])])
        const mean = graph.emit('Div', [sum, length])
        const attended = weightedSum(net, attention(net, { x, last, mean, size }), x)
        const towards = (key: string, value: string) =>
          graph.emit('Tanh', [linear(net, value, { key, from: size, to: size })])
        const general = towards('mlp_a', graph.emit('Add', [attended, mean]))
        return graph.emit('Mul', [general, towards('mlp_b', last)])
      },
    })
  },
}

interface Session {
  readonly x: string
  readonly last: string
  readonly mean: string
  readonly size: number
}

/** The weight of each position, float32 [B, T]. */
function attention(net: Network, { x, last, mean, size }: Session): string {
  const { graph } = net
  const square = { from: size, to: size, bias: false }
  const ofLast = linear(net, last, { key: 'w2', ...square })
  const ofMean = linear(net, mean, { key: 'w3', ...square })
  const ofSession = graph.emit('Add', [graph.emit('Add', [ofLast, ofMean]), net.weight('b_a', [size])])
  const ofItem = linear(net, x, { key: 'w1', ...square })
  const active = graph.emit('Sigmoid', [graph.emit('Add', [ofItem, forEveryPosition(net, ofSession)])])
  return withoutLastAxis(net, linear(net, active, { key: 'w0', from: size, to: 1, bias: false }))
}
