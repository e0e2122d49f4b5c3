/** Counts the memory of the values that a run holds: each buffer once, however many tensors share it. */
import { MappedTensor } from './mapped-tensor.js'
import type { Value } from './op.js'

/** Where values of a run lie. */
export interface ValueHolder {
  /** What it holds at this moment. */
  values(): Iterable<Value | undefined>
  /** What it reads that is the model's. */
  constants(): Iterable<Value | undefined>
}

/** What a handle or a list stands for, where that belongs to the run and holds values itself. */
export interface ValueContainer {
  /** Elements and other containers. */
  heldValues(): Iterable<Value | ValueContainer | undefined>
  /** Places that it has room for. */
  readonly placeCount: number
}

/** Of a value's objects in the heap: a tensor with its shape, its view and its buffer (measured: 170 to 440 bytes). */
const objectBytes = 512
const placeBytes = 8
const valuesPerCheck = 2 ** 16

/** @param modelValues buffers of these are not counted */
export function heldBytes(
  holders: readonly ValueHolder[],
  modelValues: Iterable<Value>,
  checkDeadline: () => void,
): number {
  const count = new HeldCount(checkDeadline)
  for (const value of modelValues) count.exclude(value)
  for (const holder of holders) for (const value of holder.constants()) count.exclude(value)
  for (const holder of holders) for (const value of holder.values()) count.add(value)
  return count.bytes()
}

class HeldCount {
  readonly #checkDeadline: () => void
  readonly #seen = new Set<object>()
  readonly #open: (Value | ValueContainer)[] = []
  #bytes = 0

  constructor(checkDeadline: () => void) {
    this.#checkDeadline = checkDeadline
  }

  exclude(value: Value | undefined): void {
    if (value === undefined || value instanceof MappedTensor || !('data' in value)) return
    this.#seen.add(value)
    for (const buffer of buffersOf(value)) this.#seen.add(buffer)
  }

  add(value: Value | ValueContainer | undefined): void {
    // Nothing of a tensor that stays in its file is in memory because a run holds it.
    if (value === undefined || value instanceof MappedTensor || this.#seen.has(value)) return
    this.#seen.add(value)
    this.#open.push(value)
  }

  bytes(): number {
    for (let next = this.#open.pop(), n = 1; next; next = this.#open.pop(), n++) {
      if (n % valuesPerCheck === 0) this.#checkDeadline()
      this.#count(next)
    }
    return this.#bytes
  }

  #count(value: Value | ValueContainer): void {
    this.#bytes += objectBytes
    if (isContainer(value)) {
      this.#bytes += placeBytes * value.placeCount
      for (const held of value.heldValues()) this.add(held)
    } else if ('target' in value) {
      if (isContainer(value.target)) this.add(value.target)
    } else if ('data' in value) {
      for (const buffer of buffersOf(value)) this.#countBuffer(buffer)
    } else {
      for (const held of value.elements) this.add(held as Value | undefined)
    }
  }

  #countBuffer(buffer: ArrayBufferLike): void {
    if (this.#seen.has(buffer)) return
    this.#seen.add(buffer)
    this.#bytes += buffer.byteLength
  }
}

function buffersOf({ data }: Extract<Value, { readonly data: unknown }>): readonly ArrayBufferLike[] {
  return 'offsets' in data ? [data.bytes.buffer, data.offsets.buffer] : [data.buffer]
}

function isContainer(value: object): value is ValueContainer {
  return 'heldValues' in value
}
