import { type Tensor, tensor } from '../../../tensor/tensor.js'
import type { Network } from './network.js'

export interface LinearSizes {
  readonly from: number
  readonly to: number
  /** Whether the layer adds a vector; true unless said otherwise. */
  readonly bias?: boolean
}

/**
 * A fully connected layer, PyTorch's `nn.Linear`: y = x · weightᵀ + bias.
 * @param key of the layer: reads `key.weight` [to, from] and `key.bias` [to]
 * @param x float32 [..., from]
 * @returns float32 [..., to]
 */
export function linear(net: Network, x: string, layer: LinearSizes & { readonly key: string }): string {
  const { key, from, to, bias = true } = layer
  const weight = transposed(net.weights.get(`${key}.weight`, [to, from]))
  const product = net.graph.emit('MatMul', [x, net.graph.constant(weight)])
  return bias ? net.graph.emit('Add', [product, net.weight(`${key}.bias`, [to])]) : product
}

/** [rows, columns] → [columns, rows]. */
export function transposed({ data, shape }: Tensor<'float32'>): Tensor<'float32'> {
  const [rows, columns] = shape as [number, number]
  const values = new Float32Array(data.length)
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) values[c * rows + r] = data[r * columns + c]!
  }
  return tensor('float32', [columns, rows], values)
}
