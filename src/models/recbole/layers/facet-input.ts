import type { CprSettings } from './cpr-settings.js'
import { linear } from './linear.js'
import type { Network } from './network.js'

export interface HiddenStates {
  /** Outputs of the encoder's layers, the top one first; each float32 [B, T, size]. */
  readonly hidden: readonly string[]
  readonly size: number
}

/**
 * What the facets of Softmax-CPR read at every position: the top hidden state and, with `mlp`, a layer over several
 * hidden states ("Mi": Chang and McCallum, "Softmax Bottleneck Makes Language Models Unable to Represent Multi-mode Word
 * Distributions", ACL 2022): of the `layers` top layers, each at this position and at the `window` before it.
 * @returns float32 [B, T, size · (1 + mlp)]
 */
export function facetInput(
  net: Network,
  { hidden, size }: HiddenStates,
  { mlp, layers, window }: Pick<CprSettings, 'mlp' | 'layers' | 'window'>,
): string {
  const top = hidden[0]!
  if (mlp === 0) return top
  const { graph } = net
  const shifts = Array.from({ length: window + 1 }, (_, steps) => steps)
  const states = hidden.slice(0, layers).flatMap((state) => shifts.map((steps) => shifted(net, state, steps)))
  const all = graph.emit('Concat', states, { axis: { int: 2 } })
  const mixed = linear(net, all, { key: 'MLP_linear', from: size * layers * (window + 1), to: size * mlp })
  const active = graph.emit('Gelu', [mixed], { approximate: { string: 'tanh' } })
  return graph.emit('Concat', [top, active], { axis: { int: 2 } })
}

/** Each position holds what was `steps` before it, 0 before the start. */
function shifted({ graph }: Network, x: string, steps: number): string {
  if (steps === 0) return x
  const padded = graph.emit('Pad', [x, graph.ints([0, steps, 0, 0, 0, 0]), graph.float(0)])
  return graph.emit('Slice', [padded, graph.ints([0]), graph.ints([-steps]), graph.ints([1])])
}
