import type { Architecture } from '../architecture.js'
import { layerNorm } from '../layers/layer-norm.js'
import { scoresGraph } from '../layers/network.js'
import { itemEmbedding, positionEmbedding } from '../layers/sequence.js'
import { softmaxCpr } from '../layers/softmax-cpr.js'
import { causalMask, itemKeys, transformerLayers, transformerSizes } from '../layers/transformer.js'

/**
 * SASRec whose scores are the probabilities of a Softmax-CPR layer; RecBole's sasreccpr.py.
 * It reads the hidden states of the padding, which see all items and no padding.
 */
export const sasRecCpr: Architecture = {
  className: 'SASRecCPR',
  needsUser: false,
  build(context) {
    const { settings, itemCount, maxLength } = context
    const sizes = transformerSizes(settings)
    const { hiddenSize: size, epsilon } = sizes
    const items = { key: 'item_embedding.weight', shape: [itemCount, size] } as const
    const positions = { key: 'position_embedding.weight', shape: [maxLength, size] } as const
    // Unlike GRU4RecCPR it adds under any other name.
    const merging = settings.text('partition_merging_mode') === 'replace' ? 'replace' : 'add'
    const graph = scoresGraph(context, (net) => {
      const sum = net.graph.emit('Add', [itemEmbedding(net, items), positionEmbedding(net, positions)])
      const x = layerNorm(net, sum, { key: 'LayerNorm', size, epsilon })
      const mask = net.graph.emit('Add', [causalMask(net), itemKeys(net)])
      const outputs = transformerLayers(net, { x, mask }, { ...sizes, key: 'trm_encoder' })
      return softmaxCpr(net, context, { hidden: outputs.toReversed(), size, items, merging })
    })
    return { encoder: { graph: () => graph, padding: 'maximum' }, scoring: { kind: 'scores' } }
  },
}
