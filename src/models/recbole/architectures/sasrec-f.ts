import type { Architecture } from '../architecture.js'
import { selectedFeatureTables } from '../layers/features.js'
import { sideBySide, toTensor } from '../layers/item-table.js'
import { layerNorm } from '../layers/layer-norm.js'
import { linear } from '../layers/linear.js'
import { vectorModel } from '../layers/network.js'
import { itemEmbedding, positionEmbedding } from '../layers/sequence.js'
import { transformerAtLastItem, transformerSizes } from '../layers/transformer.js'

/** SASRec over items and their features side by side; RecBole's sasrecf.py. */
export const sasRecF: Architecture = {
  className: 'SASRecF',
  needsUser: false,
  build(context) {
    const { settings, itemCount, maxLength } = context
    const sizes = transformerSizes(settings)
    const { hiddenSize: size, epsilon } = sizes
    const items = { key: 'item_embedding.weight', shape: [itemCount, size] } as const
    const positions = { key: 'position_embedding.weight', shape: [maxLength, size] } as const
    const features = toTensor(sideBySide(selectedFeatureTables(context, size)))
    return vectorModel(context, {
      items,
      padding: 'batch',
      query(net) {
        const { graph } = net
        const ofFeatures = graph.emit('Gather', [graph.constant(features), net.items])
        const both = graph.emit('Concat', [itemEmbedding(net, items), ofFeatures], { axis: { int: 2 } })
        const from = size + features.shape[1]!
        const joined = linear(net, both, { key: 'concat_layer', from, to: size })
        const sum = graph.emit('Add', [joined, positionEmbedding(net, positions)])
        const x = layerNorm(net, sum, { key: 'LayerNorm', size, epsilon })
        return transformerAtLastItem(net, x, { ...sizes, key: 'trm_encoder', isCausal: true })
      },
    })
  },
}
