import type { Architecture } from '../architecture.js'
import { candidateInputs, clickProbabilities, layerSizes } from '../layers/candidate-network.js'
import { contextTable } from '../layers/features.js'
import { interestLogits } from '../layers/interest-attention.js'
import { toTensor } from '../layers/item-table.js'
import { candidatesGraph } from '../layers/network.js'

/**
 * Zhou et al., "Deep Interest Network for Click-Through Rate Prediction", KDD 2018; RecBole's din.py.
 * It embeds features of the user, but does not read them.
 */
export const din: Architecture = {
  className: 'DIN',
  needsUser: false,
  build(context) {
    const { settings } = context
    const layers = layerSizes(settings)
    const items = toTensor(contextTable(context, 'item', settings.integer('embedding_size')))
    const size = items.shape[1]!
    const graph = candidatesGraph(context, (net) => {
      const { candidates, history } = candidateInputs(net, items)
      const attention = interestLogits(net, { candidates, history }, { key: 'attention', size, layers })
      const interest = net.graph.emit('MatMul', [attention, history])
      const product = net.graph.emit('Mul', [interest, candidates])
      const input = net.graph.emit('Concat', [interest, candidates, product], { axis: { int: 1 } })
      return clickProbabilities(net, input, { inputSize: 3 * size, layers, output: 'dnn_predict_layers' })
    })
    return { encoder: { graph: () => graph, padding: 'batch' }, scoring: { kind: 'candidates' } }
  },
}
