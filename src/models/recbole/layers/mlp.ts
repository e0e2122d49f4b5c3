/** RecBole's MLPLayers (recbole/model/layers.py): a Sequential whose index counts dropouts and activations too. */
import { layerActivation } from './activation.js'
import { linear } from './linear.js'
import type { Network } from './network.js'

export interface MlpOptions {
  /** Of the module: reads `key.mlp_layers.1.weight` and so on. */
  readonly key: string
  /** Of the input and of every layer's output. */
  readonly sizes: readonly number[]
  /** `relu` unless given; follows the last layer too. */
  readonly activation?: string
  /** Whether a BatchNorm1d follows each linear layer. */
  readonly batchNorm?: boolean
}

/** @param x float32 [rows, sizes[0]]; any rank without batch normalisation */
export function mlp(net: Network, x: string, options: MlpOptions): string {
  const { key, sizes, activation = 'relu', batchNorm = false } = options
  const isActive = activation.toLowerCase() !== 'none'
  const modules = 2 + Number(batchNorm) + Number(isActive)
  let value = x
  for (let layer = 0; layer + 1 < sizes.length; layer++) {
    const at = layer * modules + 1
    const [from, to] = [sizes[layer]!, sizes[layer + 1]!]
    value = linear(net, value, { key: `${key}.mlp_layers.${at}`, from, to })
    if (batchNorm) value = normalizeBatch(net, value, { key: `${key}.mlp_layers.${at + 1}`, size: to })
    value = layerActivation(net.graph, activation, value)
  }
  return value
}

/** Batch normalisation by its running statistics, PyTorch's `nn.BatchNorm1d` with its default epsilon. */
function normalizeBatch(net: Network, x: string, { key, size }: { key: string; size: number }): string {
  const vectors = ['weight', 'bias', 'running_mean', 'running_var'].map((name) =>
    net.weight(`${key}.${name}`, [size]),
  )
  return net.graph.emit('BatchNormalization', [x, ...vectors], { epsilon: { float: 1e-5 } })
}
