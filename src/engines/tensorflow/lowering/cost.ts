/** What a step costs on its kernel, roughly: enough to tell what is worth a call of the runtime. */
import { sizeOf } from '../../../tensor/tensor.js'
import type { Observed } from './operand.js'

/** Nanoseconds an element, measured on kernels that V8 has compiled (bench/saved-model.ts). */
const elementNs: Readonly<Record<string, number>> = {
  Exp: 12,
  Log: 12,
  Pow: 30,
  Tanh: 15,
  Sigmoid: 12,
  Erf: 20,
  Elu: 12,
  Selu: 12,
  Softplus: 20,
  Softmax: 15,
  LogSoftmax: 15,
  TopKV2: 10,
}
const productNs = 0.5
const otherNs = 2

/** Steps whose work grows with the data; the others ask for shapes and reckon with them. */
const shapeOps: ReadonlySet<string> = new Set([
  'Shape',
  'ShapeN',
  'Size',
  'Rank',
  'Range',
  'Fill',
  'ZerosLike',
  'OnesLike',
])

export function dataCost(op: string, inputs: readonly Observed[], outputs: readonly Observed[]): number {
  if (shapeOps.has(op)) return 0
  const count = outputs.reduce((sum, { shape }) => sum + sizeOf(shape), 0)
  const [a, b] = inputs
  if (op === 'MatMul' || op.startsWith('BatchMatMul'))
    return productNs * count * Math.sqrt((sizeOf(a!.shape) * sizeOf(b!.shape)) / Math.max(1, count))
  if (op === 'Conv2D') return productNs * count * (sizeOf(b!.shape) / Math.max(1, b!.shape.at(-1)!))
  if (op === 'Einsum') return productNs * Math.sqrt(sizeOf(a!.shape) * sizeOf(b!.shape) * count)
  const isReduction = outputs.length === 1 && a !== undefined && sizeOf(a.shape) > count
  const isLookup = op.endsWith('Gather') || op.startsWith('Gather') || op.endsWith('Slice')
  return (elementNs[op] ?? otherNs) * (isReduction && !isLookup ? sizeOf(a.shape) : count)
}

/** Of each step on its kernel, and of each call, input, output and node of the runtime. */
export const stepNs = 1_500
export const callNs = 9_000
export const valueNs = 1_000
export const nodeNs = 500
/** How much faster the runtime's kernels are on data. */
export const speedUp = 4
