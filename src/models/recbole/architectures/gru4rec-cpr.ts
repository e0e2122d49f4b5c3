import { RecserveError } from '../../../core/errors.js'
import type { Architecture } from '../architecture.js'
import { gru, itemsByStep } from '../layers/gru.js'
import { linear } from '../layers/linear.js'
import { scoresGraph } from '../layers/network.js'
import { type ContextMerging, softmaxCpr } from '../layers/softmax-cpr.js'

/** GRU4Rec whose scores are the probabilities of a Softmax-CPR layer; RecBole's gru4reccpr.py. */
export const gru4RecCpr: Architecture = {
  className: 'GRU4RecCPR',
  needsUser: false,
  build(context) {
    const { settings, itemCount } = context
    const size = settings.integer('embedding_size')
    const hiddenSize = settings.integer('hidden_size')
    const layers = settings.integer('num_layers')
    const items = { key: 'item_embedding.weight', shape: [itemCount, size] } as const
    const output = settings.isTruthy('use_out_emb') ? { ...items, key: 'out_item_embedding.weight' } : items
    const merging = mergingOf(settings.text('partition_merging_mode'))
    refuseLowerLayers(Math.min(settings.integer('n_facet_hidden'), layers))
    const graph = scoresGraph(context, (net) => {
      const options = { key: 'gru_layers', inputSize: size, hiddenSize, layers, bias: false }
      const { steps } = gru(net, itemsByStep(net, items), options)
      const byRequest = net.graph.emit('Transpose', [steps], { perm: { ints: [1, 0, 2] } })
      const hidden = [linear(net, byRequest, { key: 'dense', from: hiddenSize, to: size })]
      return softmaxCpr(net, context, { hidden, size, items: output, merging })
    })
    return { encoder: { graph: () => graph, padding: 'maximum' }, scoring: { kind: 'scores' } }
  },
}

/** Under any other name the context's logits are left out, as RecBole does. */
function mergingOf(mode: string): ContextMerging {
  return mode === 'replace' || mode === 'add' || mode === 'half' ? mode : 'none'
}

/** RecBole keeps the outputs of the top layer only. */
function refuseLowerLayers(layers: number): void {
  if (layers <= 1) return
  throw new RecserveError(
    'failed_precondition',
    `the model's n_facet_hidden reaches ${layers} layers; RecBole's GRU4RecCPR has the hidden states of the top one only`,
  )
}
