/**
 * What a run of a graph may take: time, and memory for its results. Kernels ask here rather than through their arguments:
 * whatever loops or allocates in them would have to hand the question on. There is one answer at a time, because a run is
 * synchronous and so a thread is in one run at most.
 */
import { RecserveError } from '../../core/errors.js'
import { heldBytes, type ValueHolder } from './held-bytes.js'
import type { Value } from './op.js'

/**
 * Bytes of results that a run may hold: as much as the largest array that kernels can index (2^29 floats), so no result that
 * could be computed alone is refused.
 */
export const defaultMaxBytes = 2 ** 31

/** While a model is loaded: its variables may begin as values that its own graph makes. */
export const loadingMaxBytes = 2 ** 34

/** Element operations between two looks at the clock: 2 ms of sums, 0.4 s of the dearest there are (zeta functions), measured. */
const workPerCheck = 2 ** 19
/** Of a small result: its objects in the heap (held-bytes.ts). */
const smallBytes = 512
/** Making room for so much is worth a look at the clock. */
const slowBytes = 2 ** 22

export interface RunLimitsOptions {
  /** Throws once the run must end. */
  checkDeadline(): void
  /** Values that outlive runs: what shares memory with them is not the run's. */
  modelValues?(): Iterable<Value>
  readonly maxBytes?: number
}

/**
 * The limits of one run. Memory is counted by need: what kernels claim adds up, and only when the sum could be too much
 * are the values counted that are still held. So what was let go is given back at no cost to runs that claim little.
 */
export class RunLimits {
  readonly #options: RunLimitsOptions
  readonly #maxBytes: number
  readonly #holders: ValueHolder[] = []
  /** Claimed since values were counted last. */
  #claimed = 0
  /** By the step that runs: whatever it has made is not in any holder yet. */
  #claimedByStep = 0
  /** Claims beyond which values are counted again. */
  #allowance: number

  constructor(options: RunLimitsOptions) {
    this.#options = options
    this.#maxBytes = options.maxBytes ?? defaultMaxBytes
    this.#allowance = this.#maxBytes
  }

  checkDeadline(): void {
    this.#options.checkDeadline()
    if (this.#claimed > this.#allowance) this.#count(() => 'small tensors')
  }

  beginStep(): void {
    this.#claimedByStep = 0
    this.#claimed += smallBytes
  }

  claim(bytes: number, what: () => string): void {
    if (bytes >= slowBytes) this.#options.checkDeadline()
    this.#claimed += bytes
    this.#claimedByStep += bytes
    if (this.#claimed > this.#allowance) this.#count(what)
  }

  /** As `claim`, of memory that is let go before the step ends: it need not fit beside other such. */
  claimScratch(bytes: number, what: () => string): void {
    this.claim(bytes, what)
    this.#claimedByStep -= bytes
  }

  /** Whatever the holder holds until it is let go is the run's. */
  hold(holder: ValueHolder): void {
    this.#holders.push(holder)
  }

  /** Lets go of the holder that was added last. */
  release(): void {
    this.#holders.pop()
  }

  #count(what: () => string): void {
    const { modelValues, checkDeadline } = this.#options
    const held = heldBytes(this.#holders, modelValues?.() ?? [], checkDeadline)
    const bytes = held + this.#claimedByStep
    if (!(bytes <= this.#maxBytes)) {
      const limit = `a run may hold ${this.#maxBytes} bytes, this one would hold ${bytes}`
      throw new RecserveError('resource_exhausted', `OOM when allocating ${what()}: ${limit}`)
    }
    this.#claimed = this.#claimedByStep
    // Near the limit, too, counting must not become the run's main work.
    this.#allowance = Math.max(this.#maxBytes - held, this.#claimedByStep + this.#maxBytes / 16)
  }
}

let current: RunLimits | undefined
let workLeft = workPerCheck

/** The limits of the run that this thread is in; undefined outside of runs. */
export function currentLimits(): RunLimits | undefined {
  return current
}

/** Runs within limits; a run inside of another ends before it. */
export function runWithin<T>(limits: RunLimits, run: () => T): T {
  const outer = current
  current = limits
  workLeft = workPerCheck
  try {
    return run()
  } finally {
    current = outer
  }
}

/** @throws RecserveError `deadline_exceeded` or `cancelled` once the run must end */
export function checkDeadline(): void {
  current?.checkDeadline()
}

/**
 * Counts element operations that are about to be done, and now and then looks at the clock.
 *
 * @throws RecserveError `deadline_exceeded` or `cancelled` once the run must end
 */
export function spend(operations: number): void {
  workLeft -= operations
  if (workLeft < 0) lookAtClock()
}

function lookAtClock(): void {
  workLeft = workPerCheck
  current?.checkDeadline()
}

/** How many elements a loop may go through in one piece. */
export const blockElements = workPerCheck

/**
 * Says that memory for a tensor is about to be taken.
 *
 * @throws RecserveError `resource_exhausted`, in TensorFlow's words, where the run would hold too much
 */
export function claimTensor(dtype: string, shape: readonly number[], bytes: number): void {
  current?.claim(bytes, () => `tensor with shape[${shape}] and type ${dtype}`)
}

/** As `claimTensor`, of memory that the kernel lets go while it runs. */
export function claimScratch(bytes: number): void {
  current?.claimScratch(bytes, () => `tensor with shape[${bytes}] and type uint8`)
}

/** Counts values that were made elsewhere; the same values. @throws RecserveError as `claimTensor` */
export function claimValues(values: readonly Value[]): readonly Value[] {
  for (const value of values) {
    if ('data' in value && !('offsets' in value.data)) claimScratch(value.data.byteLength)
  }
  return values
}

/** Says that a list of so many places is about to be made. */
export function claimPlaces(count: number): void {
  current?.claim(placeBytes * count, () => `a list of ${count} elements`)
}

const placeBytes = 8
