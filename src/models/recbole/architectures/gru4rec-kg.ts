import type { Architecture } from '../architecture.js'
import { gru, itemsByStep } from '../layers/gru.js'
import { linear } from '../layers/linear.js'
import { vectorModel } from '../layers/network.js'

/** GRU4Rec with a second recurrent branch over preloaded vectors of the items' entities; RecBole's gru4reckg.py. */
export const gru4RecKg: Architecture = {
  className: 'GRU4RecKG',
  needsUser: false,
  build(context) {
    const { settings, itemCount } = context
    const size = settings.integer('embedding_size')
    const hiddenSize = settings.integer('hidden_size')
    const layers = settings.integer('num_layers')
    const items = { key: 'item_embedding.weight', shape: [itemCount, size] } as const
    const entities = { key: 'entity_embedding.weight', shape: [itemCount, size] } as const
    return vectorModel(context, {
      items,
      padding: 'batch',
      query(net) {
        const options = { inputSize: size, hiddenSize, layers, bias: false, length: net.length }
        const ofItems = gru(net, itemsByStep(net, items), { ...options, key: 'item_gru_layers' })
        const ofEntities = gru(net, itemsByStep(net, entities), { ...options, key: 'entity_gru_layers' })
        const both = net.graph.emit('Concat', [ofItems.last, ofEntities.last], { axis: { int: 1 } })
        return linear(net, both, { key: 'dense_layer', from: 2 * hiddenSize, to: size })
      },
    })
  },
}
