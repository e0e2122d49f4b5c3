/** Turns a program of kernels into one in which ONNX pieces stand for as many of them as can be said in ONNX. */
import { onnxTypes } from '../../../formats/onnx/model.js'
import { sizeOf, type Tensor } from '../../../tensor/tensor.js'
import { createAttributes } from '../attributes.js'
import { claimValues } from '../run-limits.js'
import { type Program, runSteps, type Step } from '../straight-executor.js'
import { Variable } from '../variable.js'
import { dataCost, stepNs } from './cost.js'
import { GraphBuilder } from './graph-builder.js'
import { lowerings } from './index.js'
import type { LoweringHost } from './lowering-host.js'
import type { Observed, Operand } from './operand.js'
import { partition, type Unit } from './partition.js'
import { crossover, Piece, type PieceCost } from './piece.js'
import { buildPiece, type LoweredStep, type PieceGraph, type Slots } from './piece-graph.js'
import { withFrees } from './slot-life.js'

interface PiecePlan {
  readonly steps: readonly Candidate[]
  readonly graph: PieceGraph | undefined
}

interface OpenedPiece {
  readonly piece: Piece
  readonly step: Step
  readonly count: number
}

interface Candidate extends LoweredStep {
  readonly step: Step
  readonly checks: readonly number[]
  readonly isPure: boolean
  isLowered: boolean
}

export class Lowerer {
  readonly #program: Program
  readonly #seen: ReadonlyMap<number, Observed>
  readonly #host: LoweringHost
  /** Slots whose rank another run may see otherwise, though everything that is fed has the ranks it had. */
  readonly #unsure = new Set<number>()

  constructor(program: Program, seen: ReadonlyMap<number, Observed>, host: LoweringHost) {
    this.#program = program
    this.#seen = seen
    this.#host = host
  }

  lower(): Program {
    const candidates = this.#program.steps.map((step) => this.#candidate(step))
    for (;;) {
      const steps = this.#assemble(candidates)
      if (steps === undefined) continue
      this.#host.onKept(candidates.filter(({ isLowered }) => !isLowered).map(({ step }) => step.op))
      const kept = [...this.#program.fetches, ...this.#program.constants]
      return { ...this.#program, steps: withFrees(steps, kept) }
    }
  }

  /** Undefined where a piece came to nothing: its steps are kernels from then on, and levels are others. */
  #assemble(candidates: readonly Candidate[]): readonly Step[] | undefined {
    const units = partition(candidates)
    const readers = this.#readers(units.map(({ steps }) => steps))
    const plans = units.map((unit) => {
      if (unit.kind === 'host') return undefined
      const wanted = new Set(
        unit.steps.flatMap(({ outputs }) => outputs.filter((slot) => readers(slot, unit.steps))),
      )
      return { steps: unit.steps, graph: buildPiece(unit.steps, wanted, this.#slots) }
    })
    const useless = plans.find((plan) => plan && !this.#isWorthIt(plan))
    if (useless) return giveUp(useless.steps)
    return this.#openAll(units, plans)
  }

  #openAll(
    units: readonly Unit<Candidate>[],
    plans: readonly (PiecePlan | undefined)[],
  ): readonly Step[] | undefined {
    const opened: OpenedPiece[] = []
    const steps: Step[] = []
    for (const [i, plan] of plans.entries()) {
      const made = plan && this.#open(plan.steps, plan.graph!)
      if (plan && !made) {
        for (const { piece } of opened) piece.close()
        return giveUp(plan.steps)
      }
      if (made) opened.push(made)
      steps.push(made?.step ?? units[i]!.steps[0]!.step)
    }
    for (const { piece, count } of opened) this.#host.onPiece({ close: () => piece.close(), steps: count })
    return steps
  }

  #isWorthIt({ steps, graph }: PiecePlan): boolean {
    if (graph === undefined || graph.outputs.length === 0) return false
    return this.#host.isForced || crossover(graph, this.#costOf(steps, graph)) < Number.POSITIVE_INFINITY
  }

  #costOf(steps: readonly Candidate[], { inputs }: PieceGraph): PieceCost {
    const seen = (slots: readonly number[]) => slots.map((slot) => this.#slots.seen(slot))
    return {
      fixedNs: stepNs * steps.length,
      dataNs: steps.reduce(
        (sum, { step, inputs, outputs }) => sum + dataCost(step.op, seen(inputs), seen(outputs)),
        0,
      ),
      elements: inputs.reduce((sum, input) => sum + sizeOf(input.seen.shape), 0),
    }
  }

  #open(candidates: readonly Candidate[], graph: PieceGraph): OpenedPiece | undefined {
    const last = candidates.at(-1)!.step
    const outputs = graph.outputs.map(({ slot }) => slot)
    const { inputs, kernels } = this.#onKernels(candidates, graph)
    try {
      const piece = new Piece(graph, this.#host.runtime, {
        kernels,
        cost: this.#costOf(candidates, graph),
        tally: this.#host.tally,
        isForced: this.#host.isForced,
        onRefused: this.#host.onRefused,
      })
      const ends = { inputs, outputs, checks: [], derefs: [], frees: [] }
      return {
        piece,
        count: candidates.length,
        step: { ...last, op: 'piece of ONNX', run: (values) => claimValues(piece.run(values)), ...ends },
      }
    } catch (error) {
      this.#host.onRefused(error instanceof Error ? error.message : String(error))
      return undefined
    }
  }

  /** The piece's steps as a program of their own, which is fed what the piece is, and what only kernels read after it. */
  #onKernels(candidates: readonly Candidate[], graph: PieceGraph) {
    const steps = candidates.map(({ step }) => step)
    const own = new Set(steps.flatMap(({ outputs }) => outputs))
    const isFed = (slot: number) => !own.has(slot) && !this.#program.constants.has(slot)
    const first = graph.inputs.map(({ slot }) => slot)
    const inputs = [...new Set([...first, ...steps.flatMap((step) => step.inputs.filter(isFed))])]
    const outputs = graph.outputs.map(({ slot }) => slot)
    const program = {
      ...this.#program,
      steps: withFrees(steps, [...outputs, ...this.#program.constants]),
      feeds: inputs,
      fetches: outputs,
      refFetches: outputs.map(() => false),
    }
    return { inputs, kernels: (values: Parameters<Step['run']>[0]) => runSteps(program, values) }
  }

  /** Whether a slot is read outside of the steps that fill it. */
  #readers(groups: readonly (readonly Candidate[])[]): (slot: number, own: readonly Candidate[]) => boolean {
    const readBy = new Map<number, Set<readonly Candidate[]>>()
    for (const group of groups) {
      for (const slot of group.flatMap(({ inputs, checks }) => [...inputs, ...checks])) {
        const known = readBy.get(slot) ?? new Set()
        readBy.set(slot, known.add(group))
      }
    }
    const fetched = new Set(this.#program.fetches)
    return (slot, own) => fetched.has(slot) || [...(readBy.get(slot) ?? [])].some((group) => group !== own)
  }

  #candidate(step: Step): Candidate {
    const { inputs, outputs, checks, isPure } = step
    const lowering = lowerings.get(step.op)
    const attrs = createAttributes(step.attr, step.node)
    const lower: LoweredStep['lower'] = (graph, operand) =>
      lowering?.({
        op: step.op,
        attrs,
        inputs: inputs.map(operand),
        outputs: outputs.map(this.#slots.seen),
        graph,
      })
    const isPossible =
      lowering !== undefined && checks.length === 0 && step.derefs.length === 0 && outputs.length > 0
    const isLowered = isPossible && this.#isSayable(step, lower)
    if (isLowered && (isRankLoose(step) || inputs.some((slot) => this.#unsure.has(slot))))
      for (const slot of outputs) this.#unsure.add(slot)
    return { step, inputs, outputs, checks, isPure: isPure || isLowered, isLowered, lower }
  }

  /** Asks the lowering, for nothing but its answer. */
  #isSayable(step: Step, lower: ReturnType<() => LoweredStep['lower']>): boolean {
    const slots = [...step.inputs, ...step.outputs]
    if (slots.some((slot) => this.#slots.constant(slot) === undefined && !this.#seen.has(slot))) return false
    const isCarried = (slot: number) =>
      (this.#slots.constant(slot) ?? this.#slots.seen(slot)).dtype in onnxTypes
    if (!slots.every(isCarried)) return false
    const operand = (slot: number): Operand => {
      const value = this.#slots.constant(slot)
      const { dtype, shape } = value ?? this.#slots.seen(slot)
      return {
        name: `s${slot}`,
        dtype,
        shape,
        value,
        rank: this.#slots.hasRank(slot) ? shape.length : undefined,
      }
    }
    try {
      return lower(new GraphBuilder(() => true), operand) !== undefined
    } catch {
      return false
    }
  }

  readonly #slots: Slots = {
    seen: (slot) => this.#seen.get(slot)!,
    constant: (slot) => this.#constant(slot),
    hasRank: (slot) => !this.#unsure.has(slot),
  }

  /** A handle of a variable that no run writes is as good as its value. */
  #constant(slot: number): Tensor | undefined {
    if (!this.#program.constants.has(slot)) return undefined
    let value = this.#program.initial[slot]
    if (value?.dtype === 'resource') {
      const { target } = value
      if (!(target instanceof Variable) || !target.isInitialized || !this.#host.isFrozen(target))
        return undefined
      value = target.read()
    }
    return value && value.dtype in onnxTypes ? (value as Tensor) : undefined
  }
}

function giveUp(steps: readonly Candidate[]): undefined {
  for (const step of steps) step.isLowered = false
}

/** Which axes fall away hangs on the sizes. */
function isRankLoose({ op, attr }: Step): boolean {
  if (op !== 'Squeeze') return false
  const axes = attr.get('squeeze_dims') ?? attr.get('axis')
  return !axes?.list?.i.length
}
