import type { Architecture } from '../architecture.js'
import { selectedFeatureTables } from '../layers/features.js'
import { gru, itemsByStep } from '../layers/gru.js'
import { sideBySide, toTensor } from '../layers/item-table.js'
import { linear } from '../layers/linear.js'
import { vectorModel } from '../layers/network.js'

/**
 * Hidasi et al., "Parallel Recurrent Neural Network Architectures for Feature-rich Session-based Recommendations",
 * RecSys 2016; RecBole's gru4recf.py: a recurrent branch over the items and one over their features.
 */
export const gru4RecF: Architecture = {
  className: 'GRU4RecF',
  needsUser: false,
  build(context) {
    const { settings, itemCount } = context
    const size = settings.integer('embedding_size')
    const hiddenSize = settings.integer('hidden_size')
    const layers = settings.integer('num_layers')
    const items = { key: 'item_embedding.weight', shape: [itemCount, size] } as const
    const features = toTensor(sideBySide(selectedFeatureTables(context, size)))
    return vectorModel(context, {
      items,
      padding: 'batch',
      query(net) {
        const { graph } = net
        const options = { hiddenSize, layers, bias: false, length: net.length }
        const ofItems = gru(net, itemsByStep(net, items), {
          ...options,
          key: 'item_gru_layers',
          inputSize: size,
        })
        const byStep = graph.emit('Transpose', [net.items], { perm: { ints: [1, 0] } })
        const ofFeatures = gru(net, graph.emit('Gather', [graph.constant(features), byStep]), {
          ...options,
          key: 'feature_gru_layers',
          inputSize: features.shape[1]!,
        })
        const both = graph.emit('Concat', [ofItems.last, ofFeatures.last], { axis: { int: 1 } })
        return linear(net, both, { key: 'dense_layer', from: 2 * hiddenSize, to: size })
      },
    })
  },
}
