import type { Architecture, ArchitectureContext, SequenceModel } from '../architecture.js'
import { layerNorm } from '../layers/layer-norm.js'
import { vectorModel } from '../layers/network.js'
import { itemEmbedding, positionEmbedding } from '../layers/sequence.js'
import { transformerAtLastItem, transformerSizes } from '../layers/transformer.js'

/** Kang and McAuley, "Self-Attentive Sequential Recommendation", ICDM 2018; RecBole's sasrec.py. */
export const sasRec: Architecture = {
  className: 'SASRec',
  needsUser: false,
  build: (context) => selfAttentive(context, context.itemCount),
}

/**
 * SASRec's graph and scores.
 * @param rows of the item table, which may have some past the items
 */
export function selfAttentive(context: ArchitectureContext, rows: number): SequenceModel {
  const { settings, maxLength } = context
  const sizes = transformerSizes(settings)
  const { hiddenSize: size, epsilon } = sizes
  const items = { key: 'item_embedding.weight', shape: [rows, size] } as const
  const positions = { key: 'position_embedding.weight', shape: [maxLength, size] } as const
  return vectorModel(context, {
    items,
    padding: 'batch',
    query(net) {
      const sum = net.graph.emit('Add', [itemEmbedding(net, items), positionEmbedding(net, positions)])
      const x = layerNorm(net, sum, { key: 'LayerNorm', size, epsilon })
      return transformerAtLastItem(net, x, { ...sizes, key: 'trm_encoder', isCausal: true })
    },
  })
}
