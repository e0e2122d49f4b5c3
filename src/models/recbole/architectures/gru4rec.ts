import type { Architecture } from '../architecture.js'
import { gru, itemsByStep } from '../layers/gru.js'
import { linear } from '../layers/linear.js'
import { vectorModel } from '../layers/network.js'

/** Tan et al., "Improved Recurrent Neural Networks for Session-based Recommendations", DLRS 2016; RecBole's gru4rec.py. */
export const gru4Rec: Architecture = {
  className: 'GRU4Rec',
  needsUser: false,
  build(context) {
    const { settings, itemCount } = context
    const size = settings.integer('embedding_size')
    const hiddenSize = settings.integer('hidden_size')
    const layers = settings.integer('num_layers')
    const items = { key: 'item_embedding.weight', shape: [itemCount, size] } as const
    return vectorModel(context, {
      items,
      padding: 'batch',
      query(net) {
        const { last } = gru(net, itemsByStep(net, items), {
          key: 'gru_layers',
          inputSize: size,
          hiddenSize,
          layers,
          bias: false,
          length: net.length,
        })
        return linear(net, last, { key: 'dense', from: hiddenSize, to: size })
      },
    })
  },
}
