/** What the models that score given candidates have in common: what they read, and the network on top. */
import { RecserveError } from '../../../core/errors.js'
import type { Tensor } from '../../../tensor/tensor.js'
import type { Settings } from '../architecture.js'
import { linear } from './linear.js'
import { mlp } from './mlp.js'
import type { Network } from './network.js'

/** Sizes of the hidden layers, of the attention and of the network on top. */
export function layerSizes(settings: Settings): readonly number[] {
  const sizes = settings.numbers('mlp_hidden_size')
  if (sizes.length > 0 && sizes.every((size) => Number.isInteger(size) && size > 0)) return sizes
  throw new RecserveError(
    'failed_precondition',
    `the model's mlp_hidden_size is [${sizes}]; expected the sizes of one layer or more`,
  )
}

/**
 * The vectors of the candidates, float32 [C, size], and of the one request's items, float32 [T, size].
 * A run of one request has no padding.
 * @param items float32 [itemCount, size]
 */
export function candidateInputs(
  net: Network,
  items: Tensor,
): { readonly candidates: string; readonly history: string } {
  const { graph } = net
  const table = graph.constant(items)
  return {
    candidates: graph.emit('Gather', [table, net.candidates]),
    history: graph.emit('Gather', [table, graph.emit('Squeeze', [net.items, graph.ints([0])])]),
  }
}

/**
 * Probabilities that the candidates are clicked, float32 [1, C].
 * @param input float32 [C, inputSize]
 * @param options.output key of the last layer
 */
export function clickProbabilities(
  net: Network,
  input: string,
  options: { readonly inputSize: number; readonly layers: readonly number[]; readonly output: string },
): string {
  const { inputSize, layers, output } = options
  const sizes = [inputSize, ...layers]
  const top = mlp(net, input, { key: 'dnn_mlp_layers', sizes, activation: 'dice', batchNorm: true })
  const logits = linear(net, top, { key: output, from: sizes.at(-1)!, to: 1 })
  return net.graph.emit('Transpose', [net.graph.emit('Sigmoid', [logits])], { perm: { ints: [1, 0] } })
}
