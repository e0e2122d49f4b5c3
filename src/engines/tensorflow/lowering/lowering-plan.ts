/** A plan whose first run on kernels is watched, and whose later runs use ONNX Runtime where they can. */
import type { Value } from '../op.js'
import type { StepFunction } from '../step-function.js'
import { type Program, runSteps } from '../straight-executor.js'
import { Lowerer } from './lowerer.js'
import type { LoweringHost } from './lowering-host.js'
import type { Observed } from './operand.js'

/** Copies of the weights in ONNX Runtime that a plan may make: one for each way in which its feeds have ranks. */
const maxVariants = 3

/** Runs as `runSteps` does; what the first run with feeds of some ranks showed, every later one of these ranks is held against. */
export function createLoweringRun(program: Program, host: LoweringHost): StepFunction {
  const variants = new Map<string, Program>()
  return (feeds) => {
    let ranks = ''
    for (let i = 0; i < feeds.length; i++) ranks += `${feeds[i]!.shape.length},`
    const lowered = variants.get(ranks)
    if (lowered) return runSteps(lowered, feeds)
    // Of empty tensors nothing can be learnt.
    if (variants.size === maxVariants || feeds.some(({ shape }) => shape.includes(0)))
      return runSteps(program, feeds)
    const { results, seen } = watch(program, feeds)
    variants.set(ranks, new Lowerer(program, seen, host).lower())
    return results
  }
}

function watch(program: Program, feeds: readonly Value[]) {
  const seen = new Map<number, Observed>()
  const note = (slot: number, { dtype, shape }: Value) => seen.set(slot, { dtype, shape })
  for (const [slot, value] of program.initial.entries()) if (value) note(slot, value)
  for (const [i, value] of feeds.entries()) note(program.feeds[i]!, value)
  const steps = program.steps.map((step) => {
    const run: StepFunction = (inputs) => {
      const results = step.run(inputs)
      for (const [i, slot] of step.outputs.entries()) if (results[i]) note(slot, results[i])
      return results
    }
    return { ...step, run }
  })
  return { results: runSteps({ ...program, steps }, feeds), seen }
}
