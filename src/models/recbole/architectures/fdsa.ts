/** FDSA: self-attention over items and, apart from it, over their features. */
import { type Matrix, row } from '../../../tensor/matrix.js'
import type { Architecture, Weights } from '../architecture.js'
import { selectedFeatureTables } from '../layers/features.js'
import { linearRows, toTensor } from '../layers/item-table.js'
import { layerNorm } from '../layers/layer-norm.js'
import { linear } from '../layers/linear.js'
import { vectorModel } from '../layers/network.js'
import { itemEmbedding, positionEmbedding } from '../layers/sequence.js'
import { transformerAtLastItem, transformerSizes } from '../layers/transformer.js'

/**
 * Zhang et al., "Feature-level Deeper Self-Attention Network for Sequential Recommendation", IJCAI 2019; RecBole's fdsa.py:
 * a transformer over the items and one over their features, which share their LayerNorm with the output.
 */
export const fdsa: Architecture = {
  className: 'FDSA',
  needsUser: false,
  build(context) {
    const { settings, weights, itemCount, maxLength } = context
    const sizes = transformerSizes(settings)
    const { hiddenSize: size, epsilon } = sizes
    const items = { key: 'item_embedding.weight', shape: [itemCount, size] } as const
    const positions = { key: 'position_embedding.weight', shape: [maxLength, size] } as const
    const features = toTensor(attendedFeatures(weights, selectedFeatureTables(context, size)))
    return vectorModel(context, {
      items,
      padding: 'batch',
      query(net) {
        const { graph } = net
        const normalise = (x: string) => layerNorm(net, x, { key: 'LayerNorm', size, epsilon })
        const branch = (vectors: string, key: string) => {
          const x = normalise(graph.emit('Add', [vectors, positionEmbedding(net, positions)]))
          return transformerAtLastItem(net, x, { ...sizes, key, isCausal: true })
        }
        const ofItems = branch(itemEmbedding(net, items), 'item_trm_encoder')
        const vectors = graph.emit('Gather', [graph.constant(features), net.items])
        const both = [ofItems, branch(vectors, 'feature_trm_encoder')]
        const joined = graph.emit('Concat', both, { axis: { int: 1 } })
        return normalise(linear(net, joined, { key: 'concat_layer', from: 2 * size, to: size }))
      },
    })
  },
}

/** A mean of each item's features, weighted by attention (RecBole's VanillaAttention): [itemCount, size]. */
function attendedFeatures(weights: Weights, tables: readonly Matrix[]): Matrix {
  const energies = tables.map((table) => {
    const layer = { key: 'feature_att_layer.projection.0', to: table.columns }
    const projected = linearRows(table, weights, layer)
    const active = { ...projected, values: projected.values.map((value) => Math.max(value, 0)) }
    return linearRows(active, weights, { key: 'feature_att_layer.projection.2', to: 1 }).values
  })
  const { rows, columns } = tables[0]!
  const mean = { rows, columns, values: new Float32Array(rows * columns) }
  for (let r = 0; r < rows; r++) {
    const shares = softmax(energies.map((energy) => energy[r]!))
    const vector = row(mean, r)
    for (const [f, table] of tables.entries()) {
      const feature = row(table, r)
      for (let d = 0; d < columns; d++) vector[d] = vector[d]! + shares[f]! * feature[d]!
    }
  }
  return mean
}

function softmax(logits: readonly number[]): readonly number[] {
  const most = Math.max(...logits)
  const powers = logits.map((logit) => Math.exp(logit - most))
  const sum = powers.reduce((total, power) => total + power, 0)
  return powers.map((power) => power / sum)
}
