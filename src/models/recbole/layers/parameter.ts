import type { Network } from './network.js'

/**
 * A product with a bare parameter, used as it is stored: x · parameter.
 * @param parameter.shape [from, to], or [from] for a vector, which takes the last axis away
 */
export function timesParameter(
  net: Network,
  x: string,
  parameter: { readonly key: string; readonly shape: readonly number[] },
): string {
  return net.graph.emit('MatMul', [x, net.weight(parameter.key, parameter.shape)])
}
