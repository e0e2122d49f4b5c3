import type { Architecture } from '../architecture.js'
import { itemVectors, queryGraph } from '../layers/network.js'
import { atLastItem } from '../layers/sequence.js'
import { userEmbedding } from '../layers/user.js'

/** He et al., "Translation-based Recommendation", RecSys 2017; RecBole's transrec.py. */
export const transRec: Architecture = {
  className: 'TransRec',
  needsUser: true,
  build(context) {
    const { settings, weights, itemCount, userCount } = context
    const size = settings.integer('embedding_size')
    const items = { key: 'item_embedding.weight', shape: [itemCount, size] } as const
    const users = { key: 'user_embedding.weight', shape: [userCount, size] } as const
    const graph = queryGraph(context, (net) => {
      const lastItem = atLastItem(net, net.items)
      const last = net.graph.emit('Gather', [net.weight(items.key, items.shape), lastItem])
      const translation = net.graph.emit('Add', [userEmbedding(net, users), net.weight('T', [size])])
      return net.graph.emit('Add', [translation, last])
    })
    return {
      encoder: { graph: () => graph, padding: 'batch' },
      scoring: {
        kind: 'distance',
        vectors: itemVectors(context, items.key, items.shape),
        bias: weights.get('bias.weight', [itemCount, 1]).data,
      },
    }
  },
}
