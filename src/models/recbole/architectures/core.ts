/** CORE: sessions are weighted means of their items' vectors, so that both lie in one space. */
import { RecserveError } from '../../../core/errors.js'
import type { Matrix } from '../../../tensor/matrix.js'
import type { Architecture, ArchitectureContext, SequenceModel } from '../architecture.js'
import { layerNorm } from '../layers/layer-norm.js'
import { linear } from '../layers/linear.js'
import { itemVectors, type Network, queryGraph } from '../layers/network.js'
import {
  isItem,
  itemEmbedding,
  itemMask,
  normalized,
  positionEmbedding,
  weightedSum,
  withoutLastAxis,
} from '../layers/sequence.js'
import { transformer, transformerSizes } from '../layers/transformer.js'

/**
 * Hou et al., "CORE: Simple and Effective Session-based Recommendation within Consistent Representation Space",
 * SIGIR 2022; RecBole's core.py. Scores are cosines divided by the temperature.
 */
export const core: Architecture = {
  className: 'CORE',
  needsUser: false,
  build(context) {
    const { settings, itemCount } = context
    const size = settings.integer('embedding_size')
    const items = { key: 'item_embedding.weight', shape: [itemCount, size] } as const
    const shares = sharesOf(settings.text('dnn_type'))
    const temperature = settings.number('temperature')
    const graph = queryGraph(context, (net) => {
      const x = itemEmbedding(net, items)
      const session = normalized(net, weightedSum(net, shares(net, x, context), x))
      return net.graph.emit('Div', [session, net.graph.float(temperature)])
    })
    return {
      encoder: { graph: () => graph, padding: 'batch' },
      scoring: { kind: 'vectors', vectors: unitRows(itemVectors(context, items.key, items.shape)) },
    } satisfies SequenceModel
  },
}

/** Writes the share of each position in the mean, float32 [B, T]; 0 on the padding. */
type Shares = (net: Network, x: string, context: ArchitectureContext) => string

function sharesOf(type: string): Shares {
  if (type === 'ave') return equalShares
  if (type === 'trm') return attentiveShares
  throw new RecserveError('unimplemented', `the model's dnn_type is '${type}'; it can be ave or trm`)
}

const equalShares: Shares = (net) => {
  const length = net.graph.emit('Unsqueeze', [net.length, net.graph.ints([1])])
  return net.graph.emit('Div', [itemMask(net), net.graph.cast(length, 'float32')])
}

const attentiveShares: Shares = (net, items, { settings, maxLength }) => {
  const { graph } = net
  const sizes = transformerSizes(settings, 'embedding_size')
  const { hiddenSize: size, epsilon } = sizes
  const positions = { key: 'net.position_embedding.weight', shape: [maxLength, size] } as const
  const sum = graph.emit('Add', [items, positionEmbedding(net, positions)])
  const x = layerNorm(net, sum, { key: 'net.LayerNorm', size, epsilon })
  const output = transformer(net, x, { ...sizes, key: 'net.trm_encoder', isCausal: true })
  const logits = withoutLastAxis(net, linear(net, output, { key: 'net.fn', from: size, to: 1 }))
  const hidden = graph.emit('Where', [isItem(net), logits, graph.float(-9e15)])
  return graph.emit('Softmax', [hidden], { axis: { int: -1 } })
}

/** Rows divided by max(‖row‖₂, 1e-12). */
function unitRows({ rows, columns, values }: Matrix): Matrix {
  const units = new Float32Array(values.length)
  for (let from = 0; from < values.length; from += columns) {
    let sum = 0
    for (let i = from; i < from + columns; i++) sum += values[i]! ** 2
    const norm = Math.max(Math.sqrt(sum), 1e-12)
    for (let i = from; i < from + columns; i++) units[i] = values[i]! / norm
  }
  return { rows, columns, values: units }
}
