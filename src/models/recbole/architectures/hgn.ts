/** HGN: gates for the features and the items of a sequence, both moved by the user. */
import { RecserveError } from '../../../core/errors.js'
import type { Architecture } from '../architecture.js'
import { linear } from '../layers/linear.js'
import { itemVectors, type Network, queryGraph } from '../layers/network.js'
import { forEveryPosition, itemEmbedding, weightedSum, withoutLastAxis } from '../layers/sequence.js'
import { userEmbedding } from '../layers/user.js'

/**
 * Ma et al., "Hierarchical Gating Networks for Sequential Recommendation", KDD 2019; RecBole's hgn.py.
 * The padding passes the gates and counts in the sums.
 */
export const hgn: Architecture = {
  className: 'HGN',
  needsUser: true,
  build(context) {
    const { settings, itemCount, userCount, maxLength } = context
    const size = settings.integer('embedding_size')
    const pool = poolingOf(settings.text('pooling_type'))
    const items = { key: 'item_embedding.weight', shape: [itemCount, size] } as const
    const users = { key: 'user_embedding.weight', shape: [userCount, size] } as const
    const graph = queryGraph(context, (net) => {
      const x = itemEmbedding(net, items)
      const user = userEmbedding(net, users)
      const gated = gateFeatures(net, x, { user, size })
      const instance = pool(net, instanceGates(net, gated, { user, size, maxLength }), gated)
      const sum = net.graph.emit('ReduceSum', [x, net.graph.ints([1])], { keepdims: { int: 0 } })
      return net.graph.emit('Add', [net.graph.emit('Add', [user, instance]), sum])
    })
    const vectors = itemVectors(context, 'item_embedding_for_prediction.weight', [itemCount, size])
    return { encoder: { graph: () => graph, padding: 'maximum' }, scoring: { kind: 'vectors', vectors } }
  },
}

/** Makes one vector of the gated items. @param gates float32 [B, T] */
type Pooling = (net: Network, gates: string, gated: string) => string

function poolingOf(type: string): Pooling {
  if (type === 'average') return gatedMean
  if (type === 'max') return mostOpen
  throw new RecserveError(
    'unimplemented',
    `the model's pooling_type is '${type}'; it can be one of average, max`,
  )
}

const gatedMean: Pooling = (net, gates, gated) => {
  const total = net.graph.emit('ReduceSum', [gates, net.graph.ints([1])], { keepdims: { int: 1 } })
  return net.graph.emit('Div', [weightedSum(net, gates, gated), total])
}

/** The item with the widest gate, times it. */
const mostOpen: Pooling = ({ graph }, gates, gated) => {
  const widest = graph.emit('ArgMax', [gates], { axis: { int: 1 }, keepdims: { int: 1 } })
  const gate = graph.emit('ReduceMax', [gates, graph.ints([1])], { keepdims: { int: 1 } })
  return graph.emit('Mul', [graph.emit('GatherND', [gated, widest], { batch_dims: { int: 1 } }), gate])
}

/** @returns float32 [B, T, size] */
function gateFeatures(
  net: Network,
  x: string,
  { user, size }: { readonly user: string; readonly size: number },
): string {
  const { graph } = net
  const ofUser = linear(net, user, { key: 'w2', from: size, to: size })
  const ofItem = linear(net, x, { key: 'w1', from: size, to: size })
  const sum = graph.emit('Add', [ofItem, forEveryPosition(net, ofUser)])
  const gate = graph.emit('Sigmoid', [graph.emit('Add', [sum, net.weight('b', [size])])])
  return graph.emit('Mul', [x, gate])
}

/** How much of each position passes, float32 [B, maxLength]. */
function instanceGates(
  net: Network,
  gated: string,
  { user, size, maxLength }: { readonly user: string; readonly size: number; readonly maxLength: number },
): string {
  const ofItem = withoutLastAxis(net, linear(net, gated, { key: 'w3', from: size, to: 1, bias: false }))
  const ofUser = linear(net, user, { key: 'w4', from: size, to: maxLength, bias: false })
  return net.graph.emit('Sigmoid', [net.graph.emit('Add', [ofItem, ofUser])])
}
