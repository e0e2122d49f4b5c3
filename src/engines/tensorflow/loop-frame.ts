/** Frames and iterations of TensorFlow 1's loops, and what arrives in them. */
import type { Value } from './op.js'
import type { StepFunction } from './step.js'

export interface Item {
  readonly node: string
  readonly op: string
  readonly kind: 'step' | 'merge' | 'enter' | 'exit' | 'next' | 'trigger'
  readonly run: StepFunction
  readonly inputCount: number
  /** Where its inputs lie among all inputs of an iteration. */
  readonly firstInput: number
  readonly index: number
  readonly readers: readonly Reader[]
  /** Positions of inputs that hold a reference where the value is wanted. */
  readonly derefs: readonly number[]
  readonly frameName: string
  readonly isInvariant: boolean
  /** Of an Enter: how many iterations of its frame may be under way. */
  readonly parallelIterations: number
}

export interface Reader {
  readonly item: Item
  /** The output that is read; -1: a control edge. */
  readonly output: number
  readonly input: number
}

export interface LoopProgram {
  readonly items: readonly Item[]
  /** Items without inputs: they start. */
  readonly roots: readonly Item[]
  readonly feeds: readonly Item[]
  readonly fetches: readonly { readonly item: Item; readonly output: number; readonly isRef: boolean }[]
  /** By item, how many arrivals it waits for; a Merge: twice its control edges, plus one for its first living input. */
  readonly pending: Int32Array
  readonly inputCount: number
  /** Values of constants, which are the model's. */
  readonly constants: readonly Value[]
  /** By frame name, how many Enter nodes lead into it. */
  readonly enters: ReadonlyMap<string, number>
}

export class Iteration {
  readonly frame: Frame
  readonly number: number
  readonly pending: Int32Array
  readonly deadCounts: Int32Array
  readonly inputs: (Value | undefined)[]
  /** Nodes about to run and frames below that are not done. */
  outstanding = 0

  constructor(frame: Frame, number: number, program: LoopProgram) {
    this.frame = frame
    this.number = number
    this.pending = program.pending.slice()
    this.deadCounts = new Int32Array(program.pending.length)
    this.inputs = new Array(program.inputCount)
  }
}

export class Frame {
  readonly key: string
  readonly parent: Iteration | undefined
  readonly iterations = new Map<number, Iteration>()
  readonly invariants: { readonly item: Item; readonly value: Value }[] = []
  readonly frames = new Map<string, Frame>()
  pendingEnters: number
  last = 0
  deadExits: Item[] = []
  /** What would begin an iteration while as many as may be are under way. */
  waiting: { readonly item: Item; readonly outputs: readonly Value[] }[] = []
  readonly parallelIterations: number

  constructor(
    key: string,
    parent: Iteration | undefined,
    limits: Pick<Frame, 'pendingEnters' | 'parallelIterations'>,
  ) {
    this.key = key
    this.parent = parent
    this.pendingEnters = limits.pendingEnters
    this.parallelIterations = limits.parallelIterations
  }
}

interface Arrival {
  readonly reader: Reader
  readonly value: Value | undefined
  readonly isDead: boolean
  readonly iteration: Iteration
  readonly fromEnter: boolean
}

type Found = 'alive' | 'dead' | undefined

export function arrive({ reader: { item, input, output }, value, isDead, iteration }: Arrival): Found {
  const { index } = item
  if (isDead) iteration.deadCounts[index]!++
  if (output >= 0) iteration.inputs[item.firstInput + input] = value
  if (--iteration.pending[index]! !== 0) return undefined
  return iteration.deadCounts[index]! > 0 && item.kind !== 'trigger' ? 'dead' : 'alive'
}

/** A Merge runs once its control edges have arrived and one living input has, or all inputs are dead. */
export function arriveAtMerge({
  reader: { item, input, output },
  value,
  isDead,
  iteration,
  fromEnter,
}: Arrival): Found {
  const { index } = item
  const { pending, deadCounts } = iteration
  if (output < 0) {
    pending[index]! -= 2
    const isAllDead = deadCounts[index] === item.inputCount
    if (pending[index] === 0) return 'alive'
    return pending[index] === 1 && isAllDead ? 'dead' : undefined
  }
  if (isDead) {
    deadCounts[index]!++
    const isAllDead = deadCounts[index] === item.inputCount || fromEnter
    return pending[index] === 1 && isAllDead ? 'dead' : undefined
  }
  const before = pending[index]!
  if ((before & 1) === 0) return undefined
  // Only the first living input counts.
  pending[index] = before - 1
  iteration.inputs[item.firstInput + input] = value
  return before === 1 ? 'alive' : undefined
}
