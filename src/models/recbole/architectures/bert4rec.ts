/** BERT4Rec: a mask token in the place of the next item, and what a bidirectional transformer puts there. */
import { tensor } from '../../../tensor/tensor.js'
import type { Architecture, ArchitectureContext, Encoder, SequenceModel } from '../architecture.js'
import { hiddenActivation } from '../layers/activation.js'
import { layerNorm } from '../layers/layer-norm.js'
import { linear } from '../layers/linear.js'
import { itemVectors, type Network, queryGraph } from '../layers/network.js'
import { itemEmbedding, positionEmbedding } from '../layers/sequence.js'
import { transformerAtLastItem, transformerSizes } from '../layers/transformer.js'

/**
 * Sun et al., "BERT4Rec: Sequential Recommendation with Bidirectional Encoder Representations from Transformer",
 * CIKM 2019; RecBole's bert4rec.py. RecBole makes room for the mask token by dropping the oldest item even where
 * there is room, so that a request of one item is the mask token alone; `context.corrected` keeps it.
 */
export const bert4Rec: Architecture = {
  className: 'BERT4Rec',
  needsUser: false,
  build(context) {
    const { itemCount, maxLength, corrected = false } = context
    const graph = queryGraph(context, (net) => maskedOutput(net, context))
    const mask = BigInt(itemCount)
    const feeds = corrected ? appended(mask, maxLength) : shifted(mask)
    const { data: bias } = context.weights.get('output_bias', [itemCount])
    const vectors = itemVectors(context, itemTable(context).key, itemTable(context).shape)
    return {
      encoder: { graph: () => graph, padding: 'batch', feeds },
      scoring: { kind: 'vectors', vectors, bias },
    } satisfies SequenceModel
  },
}

/** The last row is the mask token. */
const itemTable = ({ itemCount, settings }: ArchitectureContext) =>
  ({ key: 'item_embedding.weight', shape: [itemCount + 1, settings.integer('hidden_size')] }) as const

function maskedOutput(net: Network, context: ArchitectureContext): string {
  const sizes = transformerSizes(context.settings)
  const { hiddenSize: size, epsilon } = sizes
  const positions = { key: 'position_embedding.weight', shape: [context.maxLength, size] } as const
  const sum = net.graph.emit('Add', [
    itemEmbedding(net, itemTable(context)),
    positionEmbedding(net, positions),
  ])
  const x = layerNorm(net, sum, { key: 'LayerNorm', size, epsilon })
  const output = transformerAtLastItem(net, x, { ...sizes, key: 'trm_encoder', isCausal: false })
  const dense = linear(net, output, { key: 'output_ffn', from: size, to: size })
  return layerNorm(net, hiddenActivation(net.graph, 'gelu', dense), { key: 'output_ln', size, epsilon })
}

/** RecBole's: the items after the oldest, then the mask token in the place of the last. */
function shifted(mask: bigint): NonNullable<Encoder['feeds']> {
  return (queries, width) => {
    const items = new BigInt64Array(queries.length * width)
    for (const [b, { sequence }] of queries.entries()) {
      for (let t = 1; t < sequence.length; t++) items[b * width + t - 1] = BigInt(sequence[t]!)
      items[b * width + sequence.length - 1] = mask
    }
    return { items: tensor('int64', [queries.length, width], items) }
  }
}

/** As the paper has it: the mask token after the last item; the oldest goes only where there is no room for both. */
function appended(mask: bigint, maxLength: number): NonNullable<Encoder['feeds']> {
  return (queries) => {
    const kept = queries.map(({ sequence }) =>
      maxLength > 1 ? sequence.slice(1 - maxLength) : new Int32Array(),
    )
    const width = kept.reduce((most, { length }) => Math.max(most, length), 0) + 1
    const items = new BigInt64Array(queries.length * width)
    for (const [b, sequence] of kept.entries()) {
      for (let t = 0; t < sequence.length; t++) items[b * width + t] = BigInt(sequence[t]!)
      items[b * width + sequence.length] = mask
    }
    const lengths = BigInt64Array.from(kept, ({ length }) => BigInt(length + 1))
    return {
      items: tensor('int64', [queries.length, width], items),
      length: tensor('int64', [queries.length], lengths),
    }
  }
}
