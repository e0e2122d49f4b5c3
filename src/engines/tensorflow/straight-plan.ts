/** Compiles a graph without loops of TensorFlow 1 into steps that run one after another on numbered slots. */
import { tensor } from '../../tensor/tensor.js'
import { foldConstants } from './constant-folding.js'
import { dead } from './dead.js'
import type { FlatEdge, FlatGraph, FlatNode } from './flat-graph.js'
import { foldRead, freeze } from './frozen-variables.js'
import { createLoweringRun } from './lowering/lowering-plan.js'
import type { Value } from './op.js'
import { countReads } from './read-counts.js'
import { type BoundStep, bindStep, type Environment, isTrue, type Plan } from './step.js'
import { runSteps, type Step } from './straight-executor.js'

/** Ops whose outputs are their inputs: no step, the reader reads the same slot. */
const aliases: ReadonlySet<string> = new Set(
  ['Identity', 'IdentityN', 'StopGradient', 'PreventGradient', 'Snapshot', 'PlaceholderWithDefault'].concat(
    'RefIdentity',
  ),
)

/** Ops that do nothing where nobody reads them. */
const idleOps: ReadonlySet<string> = new Set(['NoOp', 'ReadVariableOp', 'ControlTrigger'])

const switches: ReadonlySet<string> = new Set(['Switch', 'RefSwitch'])

export function compileStraight(graph: FlatGraph, environment: Environment): Plan {
  const compiler = new StraightCompiler(graph, environment)
  for (const node of graph.nodes) compiler.compile(node)
  return compiler.finish()
}

interface Draft extends Step {
  readonly frees: number[]
  /** Whether it may be left out where nobody reads it. */
  readonly isOptional: boolean
}

/** A node with the slots it reads, and those that are dead where it may not run. */
interface Reader {
  readonly node: FlatNode
  readonly inputs: readonly number[]
  readonly checks: readonly number[]
}

class StraightCompiler {
  readonly #graph: FlatGraph
  readonly #environment: Environment
  readonly #steps: Draft[] = []
  /** Constants in their slots; undefined where a run puts its own. */
  readonly #initial: (Value | undefined)[] = []
  readonly #constants = new Set<number>()
  readonly #refSlots = new Set<number>()
  /** Slots that may hold `dead`. */
  readonly #mortal = new Set<number>()
  /** By node index, the slots of its outputs. */
  readonly #slots: (readonly number[])[] = []
  /** By node index, the slots that are dead when the node is; nothing for a node that always runs. */
  readonly #signs: (readonly number[])[] = []
  /** By node index, how many outputs are read. */
  readonly #reads: number[]
  #writes = false

  constructor(graph: FlatGraph, environment: Environment) {
    this.#graph = graph
    this.#environment = environment
    this.#reads = countReads(graph)
  }

  compile(node: FlatNode): void {
    if (node.op === '_Feed') {
      this.#slots[node.index] = [this.#newSlot()]
      this.#signs[node.index] = []
      return
    }
    const inputs = node.inputs.map((edge) => this.#slotOf(edge))
    if (node.op === 'Merge' || node.op === 'RefMerge') {
      this.#merge({ node, inputs, checks: [] })
      return
    }
    const waits =
      node.op === 'ControlTrigger' ? [] : node.controls.flatMap((control) => this.#signs[control.index]!)
    const checks = [...new Set([...inputs.filter((slot) => this.#mortal.has(slot)), ...waits])]
    const reader = { node, inputs, checks }
    if (checks.some((slot) => this.#isKnownDead(slot))) this.#kill(reader)
    else if (idleOps.has(node.op) && this.#reads[node.index] === 0) this.#alias(reader, [])
    else if (aliases.has(node.op) && waits.length === 0 && !this.#readsRef(reader))
      this.#alias(reader, inputs)
    else if (!this.#decide(reader)) this.#bind(reader)
  }

  finish(): Plan {
    const fetches = this.#graph.fetches.map((edge) => this.#slotOf(edge))
    const program = {
      steps: this.#finishSteps(new Set([...fetches, ...this.#constants])),
      initial: this.#initial,
      constants: this.#constants,
      feeds: this.#graph.feeds.map((feed) => this.#slots[feed.index]![0]!),
      fetches,
      refFetches: fetches.map((slot) => this.#refSlots.has(slot)),
    }
    const host = this.#environment.lowering
    const run = host
      ? createLoweringRun(program, host)
      : (feeds: readonly Value[]) => runSteps(program, feeds)
    return { run, writes: this.#writes }
  }

  /** An alias of a reference would be read later, when the variable may have changed. */
  #readsRef({ node, inputs }: Reader): boolean {
    return !node.op.startsWith('Ref') && inputs.some((slot) => this.#refSlots.has(slot))
  }

  #alias({ node, checks }: Reader, slots: readonly number[]): void {
    this.#slots[node.index] = slots
    this.#signs[node.index] = checks
  }

  /** A node that never runs. */
  #kill({ node }: Reader): void {
    const outputs = Array.from({ length: Math.max(1, this.#reads[node.index]!) }, () => this.#newDeadSlot())
    this.#slots[node.index] = outputs
    this.#signs[node.index] = outputs
  }

  #newDeadSlot(): number {
    const slot = this.#newSlot()
    this.#keep([slot], [dead])
    this.#mortal.add(slot)
    return slot
  }

  #isKnownDead(slot: number): boolean {
    return this.#constants.has(slot) && this.#initial[slot] === dead
  }

  /** A Switch whose condition is a constant is no step; false for any other node. */
  #decide(reader: Reader): boolean {
    const { node, inputs, checks } = reader
    if (!switches.has(node.op) || this.#readsRef(reader) || !this.#constants.has(inputs[1]!)) return false
    const taken = isTrue(this.#initial[inputs[1]!]) ? 1 : 0
    const slots = [0, 1].map((side) => (side === taken ? inputs[0]! : this.#newDeadSlot()))
    this.#alias({ node, inputs, checks }, slots)
    return true
  }

  /** A Merge that can only take one of its inputs is no step. */
  #merge(reader: Reader): void {
    const living = reader.inputs.filter((slot) => !this.#isKnownDead(slot))
    const only = living[0]
    if (only === undefined) this.#kill(reader)
    else if (living.length > 1 || this.#mortal.has(only) || this.#readsRef(reader)) this.#bind(reader)
    else {
      const index = this.#newSlot()
      this.#keep([index], [tensor('int32', [], Int32Array.of(reader.inputs.indexOf(only)))])
      this.#alias(reader, [only, index])
    }
  }

  #bind({ node, inputs, checks }: Reader): void {
    const bound = freeze(bindStep(node, this.#environment), this.#environment)
    if (bound.writes) this.#writes = true
    const isMerge = node.op.endsWith('Merge')
    const constant =
      checks.length === 0 && !isMerge ? (bound.constant ?? this.#fold(bound, inputs)) : undefined
    const isSwitch = switches.has(node.op) || node.op === '_SwitchN'
    const isMortal =
      checks.length > 0 || isSwitch || (isMerge && inputs.every((slot) => this.#mortal.has(slot)))
    const reads = this.#reads[node.index]!
    const outputs = Array.from({ length: Math.max(reads, isMortal ? 1 : 0) }, () => this.#newSlot())
    this.#slots[node.index] = outputs
    this.#signs[node.index] = isSwitch ? checks : isMortal ? outputs.slice(0, 1) : []
    if (isMortal) for (const slot of outputs) this.#mortal.add(slot)
    if (bound.givesRef && outputs.length > 0) this.#refSlots.add(outputs[0]!)
    if (constant) this.#keep(outputs, constant)
    else this.#addStep(node, reads === 0 && isMortal ? withSign(bound) : bound, { inputs, outputs, checks })
  }

  #addStep(node: FlatNode, bound: BoundStep, slots: Pick<Step, 'inputs' | 'outputs' | 'checks'>): void {
    const { run, refs, isPure } = bound
    const derefs = slots.inputs.flatMap((slot, i) =>
      this.#refSlots.has(slot) && !refs?.includes(i) ? [i] : [],
    )
    this.#steps.push({
      node: node.name,
      op: node.op,
      attr: node.attr,
      run,
      isPure: isPure === true,
      ...slots,
      derefs,
      frees: [],
      isOptional: isPure === true && !node.isKept,
    })
  }

  #keep(outputs: readonly number[], values: readonly Value[]): void {
    for (const [i, slot] of outputs.entries()) {
      this.#initial[slot] = values[i]
      this.#constants.add(slot)
    }
  }

  /** A reference is read when the run comes to it. */
  #fold(bound: BoundStep, inputs: readonly number[]): readonly Value[] | undefined {
    const isConstant = (slot: number) => this.#constants.has(slot) && !this.#refSlots.has(slot)
    if (!inputs.every(isConstant)) return undefined
    const values = inputs.map((slot) => this.#initial[slot]!)
    return foldRead(bound, values, this.#environment) ?? foldConstants(bound, values)
  }

  #slotOf({ node, output }: FlatEdge): number {
    return this.#slots[node.index]![output]!
  }

  #newSlot(): number {
    this.#initial.push(undefined)
    return this.#initial.length - 1
  }

  /** Steps whose outputs somebody reads, and all that are not pure; after its last reader a slot lets go of its tensor. */
  #finishSteps(kept: ReadonlySet<number>): readonly Step[] {
    const seen = new Set(kept)
    const steps: Step[] = []
    for (const step of this.#steps.toReversed()) {
      if (step.isOptional && !step.outputs.some((slot) => seen.has(slot))) continue
      for (const slot of [...step.inputs, ...step.checks, ...step.outputs]) {
        if (seen.has(slot)) continue
        seen.add(slot)
        step.frees.push(slot)
      }
      steps.push(step)
    }
    return steps.reverse()
  }
}

/** A node without outputs that may be dead shows by one of its own whether it ran. */
function withSign(bound: BoundStep): BoundStep {
  return {
    ...bound,
    run: (inputs) => {
      bound.run(inputs)
      return [lifeSign]
    },
  }
}

const lifeSign: Value = { dtype: 'variant', shape: [], elements: [] }
