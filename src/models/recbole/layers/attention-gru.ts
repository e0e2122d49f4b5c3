import type { GraphBuilder } from '../../../formats/onnx/graph-builder.js'
import type { Network } from './network.js'
import { recurrence } from './recurrence.js'

export interface AttentionGruOptions {
  /** Of the cell: reads `key.weight_ih`, `key.weight_hh`, `key.bias_ih` and `key.bias_hh`. */
  readonly key: string
  readonly size: number
  /** Whether attention scales the update gate (AUGRU) or stands for it (AGRU). */
  readonly scalesGate: boolean
}

/**
 * A GRU whose update gate is moved by attention, once for every candidate (Zhou et al., "Deep Interest Evolution Network
 * for Click-Through Rate Prediction", AAAI 2019): h ← (1 − u) h + u tanh(W x + r ⊙ (U h)).
 * @param inputs.steps float32 [T, size], the same for all candidates
 * @param inputs.attention float32 [C, T]
 * @param inputs.initial float32 [C, size]
 * @returns the state after the last step, float32 [C, size]
 */
export function attentionGru(
  net: Network,
  inputs: { readonly steps: string; readonly attention: string; readonly initial: string },
  { key, size, scalesGate }: AttentionGruOptions,
): string {
  const { graph } = net
  const rows = 3 * size
  const weights = (name: string) => [
    net.weight(`${key}.weight_${name}`, [rows, size]),
    net.weight(`${key}.bias_${name}`, [rows]),
  ]
  const ofState = weights('hh')
  return recurrence(graph, {
    initial: inputs.initial,
    sequences: [
      graph.emit('Gemm', [inputs.steps, ...weights('ih')], { transB: { int: 1 } }),
      graph.emit('Transpose', [inputs.attention], { perm: { ints: [1, 0] } }),
    ],
    step(body, state, [ofInput, attention]) {
      const [inputReset, inputUpdate, inputNew] = gates(body, ofInput!, 0)
      const projected = body.emit('Gemm', [state, ...ofState], { transB: { int: 1 } })
      const [stateReset, stateUpdate, stateNew] = gates(body, projected, 1)
      const sigmoid = (a: string, b: string) => body.emit('Sigmoid', [body.emit('Add', [a, b])])
      const remembered = body.emit('Mul', [sigmoid(inputReset, stateReset), stateNew])
      const next = body.emit('Tanh', [body.emit('Add', [inputNew, remembered])])
      const weight = body.emit('Unsqueeze', [attention!, body.ints([1])])
      const update = scalesGate ? body.emit('Mul', [weight, sigmoid(inputUpdate, stateUpdate)]) : weight
      const kept = body.emit('Mul', [body.emit('Sub', [body.float(1), update]), state])
      return body.emit('Add', [kept, body.emit('Mul', [update, next])])
    },
  })
}

/** Reset, update and new, in PyTorch's order, along an axis. */
function gates(graph: GraphBuilder, x: string, axis: number): readonly [string, string, string] {
  const attributes = { axis: { int: axis }, num_outputs: { int: 3 } }
  return graph.emitMany('Split', [x], { outputs: 3, attributes }) as [string, string, string]
}
