import type { Architecture } from '../architecture.js'
import { vectorModel } from '../layers/network.js'
import { atLastItem } from '../layers/sequence.js'
import { sessionFeeds, sessionNet } from '../layers/session-graph.js'
import { transformerAtLastItem, transformerSizes } from '../layers/transformer.js'

/**
 * Xu et al., "Graph Contextualized Self-Attention Network for Session-based Recommendation", IJCAI 2019;
 * RecBole's gcsan.py.
 */
export const gcSan: Architecture = {
  className: 'GCSAN',
  needsUser: false,
  build(context) {
    const { settings, itemCount } = context
    const sizes = transformerSizes(settings)
    const steps = settings.integer('step')
    const share = settings.number('weight')
    const items = { key: 'item_embedding.weight', shape: [itemCount, sizes.hiddenSize] } as const
    return vectorModel(context, {
      items,
      padding: 'batch',
      feeds: sessionFeeds,
      query(net) {
        const { graph } = net
        const x = sessionNet(net, { items, steps, hasEdgeBias: false })
        const attended = transformerAtLastItem(net, x, { ...sizes, key: 'self_attention', isCausal: true })
        const long = graph.emit('Mul', [attended, graph.float(share)])
        const short = graph.emit('Mul', [atLastItem(net, x), graph.float(1 - share)])
        return graph.emit('Add', [long, short])
      },
    })
  },
}
