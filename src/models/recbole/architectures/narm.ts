import type { Architecture } from '../architecture.js'
import { gru, itemsByStep } from '../layers/gru.js'
import { linear } from '../layers/linear.js'
import { vectorModel } from '../layers/network.js'

/** Li et al., "Neural Attentive Session-based Recommendation", CIKM 2017; RecBole's narm.py. No softmax over the weights. */
export const narm: Architecture = {
  className: 'NARM',
  needsUser: false,
  build(context) {
    const { settings, itemCount } = context
    const size = settings.integer('embedding_size')
    const hiddenSize = settings.integer('hidden_size')
    const layers = settings.integer('n_layers')
    const items = { key: 'item_embedding.weight', shape: [itemCount, size] } as const
    const square = { from: hiddenSize, to: hiddenSize, bias: false }
    return vectorModel(context, {
      items,
      padding: 'batch',
      query(net) {
        const { graph, length } = net
        const options = { key: 'gru', inputSize: size, hiddenSize, layers, bias: false, length }
        const { steps, last } = gru(net, itemsByStep(net, items), options)
        const ofStep = linear(net, steps, { key: 'a_1', ...square })
        const ofLast = linear(net, last, { key: 'a_2', ...square })
        const active = graph.emit('Sigmoid', [graph.emit('Add', [ofStep, ofLast])])
        const weights = linear(net, active, { key: 'v_t', from: hiddenSize, to: 1, bias: false })
        // Steps past the last are zero, so that their weights are of no consequence.
        const weighted = graph.emit('Mul', [weights, steps])
        const local = graph.emit('ReduceSum', [weighted, graph.ints([0])], { keepdims: { int: 0 } })
        const both = graph.emit('Concat', [local, last], { axis: { int: -1 } })
        return linear(net, both, { key: 'b', from: 2 * hiddenSize, to: size, bias: false })
      },
    })
  },
}
