import { RecserveError } from '../../core/errors.js'
import type { AttrMap } from '../../formats/tensorflow/graph.js'
import { dead } from './dead.js'
import type { ValueHolder } from './held-bytes.js'
import type { Value } from './op.js'
import { currentLimits, type RunLimits } from './run-limits.js'
import type { StepFunction } from './step-function.js'
import { variableOf } from './variable.js'

/** One node's run: slots in, slots out. */
export interface Step {
  readonly node: string
  readonly op: string
  readonly attr: AttrMap
  readonly run: StepFunction
  /** A function of its inputs alone. */
  readonly isPure: boolean
  readonly inputs: readonly number[]
  /** As many outputs as are read. */
  readonly outputs: readonly number[]
  /** Slots that may be dead, and the node with them. */
  readonly checks: readonly number[]
  /** Positions of inputs that hold a reference where the value is wanted. */
  readonly derefs: readonly number[]
  /** Slots that nobody reads after this step. */
  readonly frees: readonly number[]
}

export interface Program {
  readonly steps: readonly Step[]
  /** Every slot, with the constants in theirs. */
  readonly initial: readonly (Value | undefined)[]
  readonly constants: ReadonlySet<number>
  readonly feeds: readonly number[]
  readonly fetches: readonly number[]
  readonly refFetches: readonly boolean[]
}

/** Steps between two looks at the clock. */
const stepsPerCheck = 16

export function runSteps(program: Program, feeds: readonly Value[]): readonly Value[] {
  const slots = program.initial.slice()
  for (let i = 0; i < feeds.length; i++) slots[program.feeds[i]!] = feeds[i]
  const limits = currentLimits()
  if (limits === undefined) runAll(program, slots)
  else {
    limits.hold(new SlotHolder(program, feeds, slots))
    try {
      runAll(program, slots, limits)
    } finally {
      limits.release()
    }
  }
  return program.fetches.map((slot, i) => fetched(slots[slot], program.refFetches[i]!))
}

function runAll({ steps }: Program, slots: (Value | undefined)[], limits?: RunLimits): void {
  let at = 0
  try {
    for (; at < steps.length; at++) {
      if (at % stepsPerCheck === stepsPerCheck - 1) limits?.checkDeadline()
      limits?.beginStep()
      runStep(steps[at]!, slots)
    }
  } catch (error) {
    throw locate(error, steps[at]!)
  }
}

/** What is held while steps run: what they were fed, which their caller may hold too, and their slots. */
class SlotHolder implements ValueHolder {
  readonly #program: Program
  readonly #feeds: readonly Value[]
  readonly #slots: readonly (Value | undefined)[]

  constructor(program: Program, feeds: readonly Value[], slots: readonly (Value | undefined)[]) {
    this.#program = program
    this.#feeds = feeds
    this.#slots = slots
  }

  *values(): Iterable<Value | undefined> {
    yield* this.#feeds
    yield* this.#slots
  }

  *constants(): Iterable<Value | undefined> {
    for (const slot of this.#program.constants) yield this.#program.initial[slot]
  }
}

function runStep(step: Step, slots: (Value | undefined)[]): void {
  const { inputs, outputs, checks, derefs, frees } = step
  if (checks.length > 0 && checks.some((slot) => slots[slot] === dead)) {
    for (const slot of outputs) slots[slot] = dead
  } else {
    const values: Value[] = new Array(inputs.length)
    for (let i = 0; i < inputs.length; i++) values[i] = slots[inputs[i]!]!
    for (let i = 0; i < derefs.length; i++) values[derefs[i]!] = deref(values[derefs[i]!]!)
    const results = step.run(values)
    for (let i = 0; i < outputs.length; i++) {
      const result = results[i]
      if (result === undefined) throw missingOutput(step, i)
      slots[outputs[i]!] = result
    }
  }
  for (let i = 0; i < frees.length; i++) slots[frees[i]!] = undefined
}

function missingOutput({ op, node }: Pick<Step, 'op' | 'node'>, index: number): RecserveError {
  return new RecserveError('out_of_range', `Node '${node}' (type: '${op}') does not have output ${index}`)
}

export function deref(value: Value): Value {
  return value === dead ? value : variableOf(value).read()
}

export function fetched(value: Value | undefined, isRef: boolean): Value {
  if (value === undefined) throw new Error('a fetched slot was never filled: this is a bug')
  if (value === dead)
    throw new RecserveError(
      'invalid_argument',
      'The tensor returned was not valid: the branch it is on was not taken',
    )
  return isRef ? deref(value) : value
}

const located = new WeakSet<RecserveError>()

/** Says which node it was, as TensorFlow does; an error that a called function has said it of stays. */
export function locate(
  error: unknown,
  { node, op }: { readonly node: string; readonly op: string },
): RecserveError {
  if (error instanceof RecserveError) {
    if (located.has(error) || error.code === 'deadline_exceeded' || error.code === 'cancelled') return error
    const named = new RecserveError(error.code, `${error.message}\n\t [[{{node ${node}}}]]`, { cause: error })
    located.add(named)
    return named
  }
  const code = error instanceof RangeError ? 'resource_exhausted' : 'internal'
  const what = error instanceof RangeError ? 'is too large to be computed' : 'failed'
  const named = new RecserveError(code, `node '${node}' (${op}) ${what}`, { cause: error })
  located.add(named)
  return named
}
