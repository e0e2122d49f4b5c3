import type { Step } from '../straight-executor.js'

/** Steps in their order, each letting go of the slots that nobody reads after it. */
export function withFrees(steps: readonly Step[], kept: Iterable<number>): readonly Step[] {
  const seen = new Set(kept)
  const freed = steps.toReversed().map((step) => {
    const frees: number[] = []
    for (const slot of [...step.inputs, ...step.checks, ...step.outputs]) {
      if (seen.has(slot)) continue
      seen.add(slot)
      frees.push(slot)
    }
    return { ...step, frees }
  })
  return freed.reverse()
}
