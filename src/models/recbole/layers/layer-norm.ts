import type { Network } from './network.js'

/**
 * Layer normalisation over the last axis with a biased variance, PyTorch's `nn.LayerNorm`.
 * @param layer.key reads `key.weight` and `key.bias`, both [size]
 * @param x float32 [..., size]
 */
export function layerNorm(
  net: Network,
  x: string,
  layer: { readonly key: string; readonly size: number; readonly epsilon: number },
): string {
  const { key, size, epsilon } = layer
  const weight = net.weight(`${key}.weight`, [size])
  const bias = net.weight(`${key}.bias`, [size])
  return net.graph.emit('LayerNormalization', [x, weight, bias], {
    axis: { int: -1 },
    epsilon: { float: epsilon },
  })
}
