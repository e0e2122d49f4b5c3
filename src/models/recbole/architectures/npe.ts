import type { Architecture } from '../architecture.js'
import { fullLengthSum } from '../layers/full-length-sum.js'
import { itemVectors, queryGraph } from '../layers/network.js'
import { userEmbedding } from '../layers/user.js'

/** Nguyen and Takasu, "NPE: Neural Personalized Embedding for Collaborative Filtering", IJCAI 2018; RecBole's npe.py. */
export const npe: Architecture = {
  className: 'NPE',
  needsUser: true,
  build(context) {
    const { settings, itemCount, userCount, maxLength } = context
    const size = settings.integer('embedding_size')
    const items = { key: 'item_embedding.weight', shape: [itemCount, size] } as const
    const users = { key: 'user_embedding.weight', shape: [userCount, size] } as const
    const graph = queryGraph(context, (net) => {
      const user = net.graph.emit('Relu', [userEmbedding(net, users)])
      return net.graph.emit('Add', [user, net.graph.emit('Relu', [fullLengthSum(net, items, maxLength)])])
    })
    const table = itemVectors(context, items.key, items.shape)
    const vectors = { ...table, values: table.values.map((value) => Math.max(value, 0)) }
    return { encoder: { graph: () => graph, padding: 'batch' }, scoring: { kind: 'vectors', vectors } }
  },
}
