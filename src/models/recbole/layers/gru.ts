/** PyTorch's `nn.GRU` as ONNX's: the same arithmetic, with the gates in another order. */
import { RecserveError } from '../../../core/errors.js'
import { type Tensor, tensor } from '../../../tensor/tensor.js'
import type { Network, Table } from './network.js'

export interface GruOptions {
  /** Of the module: reads `key.weight_ih_l0`, `key.weight_hh_l0` and so on. */
  readonly key: string
  readonly inputSize: number
  readonly hiddenSize: number
  readonly layers: number
  /** Whether it has `bias_ih_l0` and `bias_hh_l0`. */
  readonly bias: boolean
  /** int64 [B]: steps of each request; all T of them unless given. */
  readonly length?: string
}

export interface GruOutputs {
  /** float32 [T, B, hiddenSize]; zero after the last step of a request where `length` is given. */
  readonly steps: string
  /** float32 [B, hiddenSize]: the state after the last step of each request. */
  readonly last: string
}

/**
 * @param x float32 [T, B, inputSize], steps first as ONNX Runtime wants them (see `itemsByStep`)
 * @throws RecserveError `failed_precondition` for no layers
 */
export function gru(net: Network, x: string, options: GruOptions): GruOutputs {
  const { graph } = net
  if (options.layers < 1) {
    throw new RecserveError(
      'failed_precondition',
      `${options.key} has ${options.layers} layers; expected 1 at least`,
    )
  }
  const length = options.length ? graph.cast(options.length, 'int32') : ''
  let steps = x
  let last = ''
  for (let layer = 0; layer < options.layers; layer++) {
    const inputs = [steps, ...gruWeights(net, layer, options), length]
    const attributes = { hidden_size: { int: options.hiddenSize }, linear_before_reset: { int: 1 } }
    const [all, final] = graph.emitMany('GRU', inputs, { outputs: 2, attributes }) as [string, string]
    steps = graph.emit('Squeeze', [all, graph.ints([1])])
    last = graph.emit('Squeeze', [final, graph.ints([0])])
  }
  return { steps, last }
}

function gruWeights(net: Network, layer: number, options: GruOptions): readonly [string, string, string] {
  const { key, hiddenSize, bias } = options
  const inputSize = layer === 0 ? options.inputSize : hiddenSize
  const rows = 3 * hiddenSize
  const get = (name: string, shape: readonly number[]) =>
    updateGateFirst(net.weights.get(`${key}.${name}_l${layer}`, shape))
  const input = get('weight_ih', [rows, inputSize])
  const recurrent = get('weight_hh', [rows, hiddenSize])
  const biases = bias && [...get('bias_ih', [rows]).data, ...get('bias_hh', [rows]).data]
  const constant = (value: Tensor) => net.graph.constant({ ...value, shape: [1, ...value.shape] })
  return [
    constant(input),
    constant(recurrent),
    biases ? constant(tensor('float32', [2 * rows], Float32Array.from(biases))) : '',
  ]
}

/** Rows of the gates reset, update, new (PyTorch) in ONNX's order: update, reset, new. */
function updateGateFirst({ data, shape }: Tensor<'float32'>): Tensor<'float32'> {
  const gate = data.length / 3
  const values = new Float32Array(data.length)
  values.set(data.subarray(gate, 2 * gate), 0)
  values.set(data.subarray(0, gate), gate)
  values.set(data.subarray(2 * gate), 2 * gate)
  return tensor('float32', shape, values)
}

/** The vectors of the items, steps first: float32 [T, B, size]. */
export function itemsByStep(net: Network, table: Table): string {
  const byStep = net.graph.emit('Transpose', [net.items], { perm: { ints: [1, 0] } })
  return net.graph.emit('Gather', [net.weight(table.key, table.shape), byStep])
}
