import type { Architecture } from '../architecture.js'
import { sideBySide, tableOf } from '../layers/item-table.js'
import { queryGraph } from '../layers/network.js'
import { atLastItem } from '../layers/sequence.js'
import { userEmbedding } from '../layers/user.js'

/**
 * Rendle et al., "Factorizing Personalized Markov Chains for Next-Basket Recommendation", WWW 2010; RecBole's fpmc.py.
 * Its two products, with the user and with the last item, are one of vectors twice as long.
 */
export const fpmc: Architecture = {
  className: 'FPMC',
  needsUser: true,
  build(context) {
    const { settings, weights, itemCount, userCount } = context
    const size = settings.integer('embedding_size')
    const users = { key: 'UI_emb.weight', shape: [userCount, size] } as const
    const graph = queryGraph(context, (net) => {
      const lastItem = atLastItem(net, net.items)
      const last = net.graph.emit('Gather', [net.weight('LI_emb.weight', [itemCount, size]), lastItem])
      return net.graph.emit('Concat', [userEmbedding(net, users), last], { axis: { int: 1 } })
    })
    const tables = ['IU_emb.weight', 'IL_emb.weight'].map((key) => tableOf(weights, key, [itemCount, size]))
    return {
      encoder: { graph: () => graph, padding: 'batch' },
      scoring: { kind: 'vectors', vectors: sideBySide(tables) },
    }
  },
}
