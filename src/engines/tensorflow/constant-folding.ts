import type { Value } from './op.js'
import type { BoundStep } from './step.js'

/** More than this is not computed ahead of the first run. */
const maxBytes = 2 ** 24

/** The outputs of a pure node that reads only constants; undefined for others. A refusal is left to the run. */
export function foldConstants(
  { isPure, run }: BoundStep,
  inputs: readonly Value[],
): readonly Value[] | undefined {
  if (!isPure || inputs.length === 0) return undefined
  try {
    const outputs = run(inputs)
    return outputs.every((output) => bytesOf(output) <= maxBytes) ? outputs : undefined
  } catch {
    return undefined
  }
}

function bytesOf(value: Value): number {
  if (!('data' in value)) return 0
  return 'offsets' in value.data ? value.data.bytes.length : value.data.byteLength
}
