import { RecserveError } from '../../core/errors.js'
import type { Value } from './op.js'
import { RunLimits, runWithin } from './run-limits.js'
import type { BoundStep } from './step.js'

/** More than this is not computed ahead of the first run. */
const maxBytes = 2 ** 24

/** With room for what a kernel needs on its way, and the time that any node of an honest model takes many times over. */
const maxClaimedBytes = 4 * maxBytes
const maxMs = 1000

function foldingLimits(): RunLimits {
  const end = Date.now() + maxMs
  const checkDeadline = () => {
    if (Date.now() >= end) throw new RecserveError('deadline_exceeded', 'left to the run')
  }
  return new RunLimits({ checkDeadline, maxBytes: maxClaimedBytes })
}

/** The outputs of a pure node that reads only constants; undefined for others. A refusal is left to the run. */
export function foldConstants(
  { isPure, run }: BoundStep,
  inputs: readonly Value[],
): readonly Value[] | undefined {
  if (!isPure || inputs.length === 0) return undefined
  try {
    const outputs = runWithin(foldingLimits(), () => run(inputs))
    return outputs.every((output) => bytesOf(output) <= maxBytes) ? outputs : undefined
  } catch {
    return undefined
  }
}

function bytesOf(value: Value): number {
  if (!('data' in value)) return 0
  return 'offsets' in value.data ? value.data.bytes.length : value.data.byteLength
}
