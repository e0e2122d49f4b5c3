import type { Architecture } from '../architecture.js'
import { fullLengthSum } from '../layers/full-length-sum.js'
import { integerWithin } from '../layers/integer-within.js'
import { type Network, type Table, vectorModel } from '../layers/network.js'
import { recentItems } from '../layers/recent-items.js'
import { userEmbedding } from '../layers/user.js'

interface RecentPooling {
  readonly items: Table
  /** Items that count. */
  readonly order: number
  readonly maxLength: number
}

/** Wang et al., "Learning Hierarchical Representation Model for Next Basket Recommendation", SIGIR 2015; RecBole's hrm.py. */
export const hrm: Architecture = {
  className: 'HRM',
  needsUser: true,
  build(context) {
    const { settings, itemCount, userCount, maxLength } = context
    const size = settings.integer('embedding_size')
    const order = integerWithin(settings, 'high_order', { least: 1, most: maxLength })
    // Whatever is not max is the average, as RecBole has it.
    const poolItems = settings.text('pooling_type_layer_1') === 'max' ? recentMaximum : cappedMean
    const pooling = settings.text('pooling_type_layer_2') === 'max' ? 'Max' : 'Mean'
    const items = { key: 'item_embedding.weight', shape: [itemCount, size] } as const
    const users = { key: 'user_embedding.weight', shape: [userCount, size] } as const
    return vectorModel(context, {
      items,
      padding: 'batch',
      query(net) {
        const recent = poolItems(net, { items, order, maxLength })
        return net.graph.emit(pooling, [userEmbedding(net, users), recent])
      },
    })
  },
}

/** The padding's row takes part in shorter sequences. @returns float32 [B, size] */
function recentMaximum(net: Network, { items, order }: RecentPooling): string {
  const vectors = net.graph.emit('Gather', [net.weight(items.key, items.shape), recentItems(net, order)])
  return net.graph.emit('ReduceMax', [vectors, net.graph.ints([1])], { keepdims: { int: 0 } })
}

/** RecBole sums all positions, padding included, and divides by the number of items that should have counted. */
function cappedMean(net: Network, { items, order, maxLength }: RecentPooling): string {
  const { graph } = net
  const count = graph.emit('Min', [net.length, graph.int(order)])
  const divisor = graph.cast(graph.emit('Unsqueeze', [count, graph.ints([1])]), 'float32')
  return graph.emit('Div', [fullLengthSum(net, items, maxLength), divisor])
}
