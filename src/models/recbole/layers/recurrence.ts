import { GraphBuilder } from '../../../formats/onnx/graph-builder.js'

export interface Recurrence {
  /** State before the first step, float32. */
  readonly initial: string
  /** float32, steps first: each step sees one slice of each. */
  readonly sequences: readonly string[]
  /**
   * Writes the state after a step into the graph of the step, which may name values of the graph around it.
   * @param state before it; of the shape of `initial`
   */
  readonly step: (graph: GraphBuilder, state: string, slices: readonly string[]) => string
}

/** A recurrence that no operator stands for, as ONNX's Scan. @returns the state after the last step */
export function recurrence(graph: GraphBuilder, { initial, sequences, step }: Recurrence): string {
  const body = new GraphBuilder('step_')
  const state = body.input('step_state', 'float32')
  const slices = sequences.map((_, i) => body.input(`step_slice${i}`, 'float32'))
  body.output('step_next', step(body, state, slices), { dtype: 'float32' })
  return graph.emit('Scan', [initial, ...sequences], {
    body: { graph: body.toGraph('step') },
    num_scan_inputs: { int: sequences.length },
  })
}
