/** A constant added to a matrix product becomes the product's own third input. */
import type { LoweringCall, Operand } from './lowering.js'

export function fuseBias({ inputs, graph }: LoweringCall): readonly string[] | undefined {
  const [a, b] = inputs as [Operand, Operand]
  const [product, bias] = b.value ? [a, b] : [b, a]
  const gemm = graph.producer(product.name)
  if (gemm?.op !== 'Gemm' || gemm.inputs.length > 2 || bias.value === undefined) return undefined
  const width = product.shape.at(-1)
  if (bias.dtype !== 'float32' || bias.shape.length !== 1 || bias.shape[0] !== width) return undefined
  return [graph.emit('Gemm', [...gemm.inputs, bias.name], gemm.attributes)]
}
