/**
 * Runs a graph with loops of TensorFlow 1 as TensorFlow's executor does (tensorflow/core/common_runtime/propagator_state.cc):
 * a node runs once all of its inputs have arrived in its frame and iteration, and is dead where one of them is.
 */
import { dead } from './dead.js'
import type { ValueHolder } from './held-bytes.js'
import { arrive, arriveAtMerge, Frame, type Item, Iteration, type LoopProgram } from './loop-frame.js'
import type { Value } from './op.js'
import { currentLimits, type RunLimits } from './run-limits.js'
import { deref, fetched, locate } from './straight-executor.js'

interface Ready {
  readonly item: Item
  readonly iteration: Iteration
  readonly isDead: boolean
}

const runsPerCheck = 64

/** One run. */
export class LoopRun implements ValueHolder {
  readonly #program: LoopProgram
  readonly #ready: Ready[] = []
  readonly #fetched = new Map<string, Value>()
  readonly #wanted: ReadonlySet<Item>
  readonly #root = new Frame('', undefined, { pendingEnters: 0, parallelIterations: 1 })
  #feeds: readonly Value[] = []

  constructor(program: LoopProgram) {
    this.#program = program
    this.#wanted = new Set(program.fetches.map(({ item }) => item))
  }

  run(feeds: readonly Value[]): readonly Value[] {
    const first = this.#startIteration(this.#root, 0)
    this.#feeds = feeds
    const limits = currentLimits()
    limits?.hold(this)
    try {
      return this.#runFrom(first, feeds, limits)
    } finally {
      limits?.release()
    }
  }

  #runFrom(first: Iteration, feeds: readonly Value[], limits: RunLimits | undefined): readonly Value[] {
    for (const [i, item] of this.#program.feeds.entries()) this.#propagate(item, [feeds[i]!], first)
    for (const item of this.#program.roots) this.#push({ item, iteration: first, isDead: false })
    for (let count = 1, ready = this.#ready.pop(); ready; ready = this.#ready.pop(), count++) {
      if (count % runsPerCheck === 0) limits?.checkDeadline()
      limits?.beginStep()
      this.#runOne(ready)
    }
    return this.#program.fetches.map(({ item, output, isRef }) =>
      fetched(this.#fetched.get(`${item.index}:${output}`) ?? dead, isRef),
    )
  }

  /** What has arrived and was not read yet, in every frame. */
  *values(): Iterable<Value | undefined> {
    yield* this.#feeds
    yield* this.#fetched.values()
    const open = [this.#root]
    for (let frame = open.pop(); frame; frame = open.pop()) {
      for (const { value } of frame.invariants) yield value
      for (const { outputs } of frame.waiting) yield* outputs
      for (const { inputs } of frame.iterations.values()) yield* inputs
      open.push(...frame.frames.values())
    }
  }

  constants(): Iterable<Value> {
    return this.#program.constants
  }

  #runOne({ item, iteration, isDead }: Ready): void {
    const outputs = isDead ? undefined : this.#outputsOf(item, iteration)
    // What has been read is let go.
    for (let i = 0; i < item.inputCount; i++) iteration.inputs[item.firstInput + i] = undefined
    this.#propagate(item, outputs, iteration)
    this.#leave(iteration)
  }

  #outputsOf(item: Item, { inputs }: Iteration): readonly Value[] {
    const values: Value[] = new Array(item.inputCount)
    for (let i = 0; i < item.inputCount; i++) values[i] = inputs[item.firstInput + i] ?? dead
    for (const i of item.derefs) values[i] = deref(values[i]!)
    try {
      return item.run(values)
    } catch (error) {
      throw locate(error, item)
    }
  }

  /** @param outputs undefined: the node is dead, and so is all that it gives */
  #propagate(item: Item, outputs: readonly Value[] | undefined, iteration: Iteration): void {
    if (item.kind === 'enter') this.#enter(item, outputs, iteration)
    else if (item.kind === 'exit') this.#exit(item, outputs, iteration)
    else if (item.kind === 'next') this.#next(item, outputs, iteration)
    else {
      if (this.#wanted.has(item)) this.#fetch(item, outputs)
      this.#activate(item, outputs, iteration)
    }
  }

  #fetch(item: Item, outputs: readonly Value[] | undefined): void {
    for (const [i, output] of (outputs ?? []).entries()) this.#fetched.set(`${item.index}:${i}`, output)
  }

  #enter(item: Item, outputs: readonly Value[] | undefined, iteration: Iteration): void {
    const key = `${item.frameName};${iteration.number}`
    const frame = iteration.frame.frames.get(key) ?? this.#startFrame(key, item, iteration)
    // As long as an Enter is outstanding its frame is.
    frame.pendingEnters--
    if (item.isInvariant && outputs) {
      frame.invariants.push({ item, value: outputs[0]! })
      for (const each of frame.iterations.values()) this.#activate(item, outputs, each)
    } else this.#activate(item, outputs, frame.iterations.get(0)!)
    this.#settle(frame.iterations.get(0)!)
  }

  #exit(item: Item, outputs: readonly Value[] | undefined, { frame, number }: Iteration): void {
    if (outputs) {
      if (this.#wanted.has(item)) this.#fetch(item, outputs)
      this.#activate(item, outputs, frame.parent!)
    } else if (number === frame.last) frame.deadExits.push(item)
  }

  #next(item: Item, outputs: readonly Value[] | undefined, { frame, number }: Iteration): void {
    if (outputs === undefined) return
    if (number < frame.last) this.#activate(item, outputs, frame.iterations.get(number + 1)!)
    else if (frame.iterations.size >= frame.parallelIterations) frame.waiting.push({ item, outputs })
    else this.#activate(item, outputs, this.#startIteration(frame, number + 1))
  }

  /** What has waited for an iteration to end begins the next one. */
  #startWaiting(frame: Frame): void {
    const { waiting } = frame
    if (waiting.length === 0 || frame.iterations.size >= frame.parallelIterations) return
    frame.waiting = []
    const next = this.#startIteration(frame, frame.last + 1)
    for (const { item, outputs } of waiting) this.#activate(item, outputs, next)
  }

  #startFrame(key: string, { frameName, parallelIterations }: Item, parent: Iteration): Frame {
    const pendingEnters = this.#program.enters.get(frameName)!
    const frame = new Frame(key, parent, { pendingEnters, parallelIterations })
    parent.frame.frames.set(key, frame)
    parent.outstanding++
    this.#startIteration(frame, 0)
    return frame
  }

  #startIteration(frame: Frame, number: number): Iteration {
    const iteration = new Iteration(frame, number, this.#program)
    frame.iterations.set(number, iteration)
    frame.last = number
    frame.deadExits = []
    for (const { item, value } of frame.invariants) this.#activate(item, [value], iteration)
    return iteration
  }

  #activate(from: Item, outputs: readonly Value[] | undefined, iteration: Iteration): void {
    for (const reader of from.readers) {
      const value = reader.output < 0 ? undefined : outputs?.[reader.output]
      const isDead = outputs === undefined || value === dead
      const ready = reader.item.kind === 'merge' ? arriveAtMerge : arrive
      const found = ready({ reader, value, isDead, iteration, fromEnter: from.kind === 'enter' })
      if (found !== undefined) this.#push({ item: reader.item, iteration, isDead: found === 'dead' })
    }
  }

  #push(ready: Ready): void {
    ready.iteration.outstanding++
    this.#ready.push(ready)
  }

  #leave(iteration: Iteration): void {
    iteration.outstanding--
    this.#settle(iteration)
  }

  /** Ends iterations that nothing can reach any more, in their order, and the frame after its last. */
  #settle(iteration: Iteration): void {
    const { frame } = iteration
    const { parent } = frame
    if (parent === undefined) return
    for (let number = iteration.number; ; number++) {
      const at = frame.iterations.get(number)
      if (at === undefined || at.outstanding > 0 || frame.iterations.has(number - 1)) break
      if (number === 0 && frame.pendingEnters > 0) break
      frame.iterations.delete(number)
      this.#startWaiting(frame)
    }
    if (frame.iterations.size > 0 || !parent.frame.frames.delete(frame.key)) return
    for (const item of frame.deadExits) this.#activate(item, undefined, parent)
    this.#leave(parent)
  }
}
