/** The pickle machine: the bytes being read, a stack, its marks and a memo (CPython's Lib/pickle.py, pickletools.py). */
import { costs, maxTextBytes, type PickleBudget } from './budget.js'
import { PickleFault, type PickleValue } from './value.js'

/** The bytes end within the pickle. */
export class PickleEnd extends PickleFault {}

/** What a global stands for when it is called with `args`; undefined where the call stays an inert record. */
export type Constructor = (args: readonly PickleValue[], budget: PickleBudget) => PickleValue | undefined

/** By the global's path, `collections.OrderedDict`. */
export type ConstructorTable = ReadonlyMap<string, Constructor>

export interface MachineOptions {
  readonly constructors: ConstructorTable
  readonly fromPersistentId: ((id: PickleValue) => PickleValue) | undefined
  readonly budget: PickleBudget
}

/** More are refused: CPython writes tuples through its stack, lists and dicts by the thousand. */
const maxStack = 2 ** 24
/** Marks lie within each other only where containers do. */
const maxMarks = 10_000
/** More are refused: every container and string has one at most. */
const maxMemo = 2 ** 24 - 1
const lineEnd = 0x0a

export class PickleMachine {
  readonly bytes: Buffer
  readonly view: DataView
  /** Place of the next byte. */
  at: number
  /** Place of the opcode that is being run, for messages. */
  begin = 0
  readonly constructors: ConstructorTable
  readonly fromPersistentId: ((id: PickleValue) => PickleValue) | undefined
  readonly budget: PickleBudget
  isStopped = false
  readonly #stack: PickleValue[] = []
  readonly #marks: number[] = []
  /** Values remembered one after another, as Python does; those with gaps before them are in `#scattered`. */
  readonly #memo: PickleValue[] = []
  readonly #scattered = new Map<number, PickleValue>()

  constructor(bytes: Uint8Array, offset: number, options: MachineOptions) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.at = offset
    this.constructors = options.constructors
    this.fromPersistentId = options.fromPersistentId
    this.budget = options.budget
  }

  /** Moves past `length` bytes. @returns where they begin */
  take(length: number): number {
    const { at } = this
    if (length > this.bytes.length - at) {
      const left = this.bytes.length - at
      throw new PickleEnd(`ends within the pickle: ${length} bytes are due and ${left} are left`)
    }
    this.at = at + length
    return at
  }

  /** A view of the next bytes. */
  slice(length: number): Buffer {
    const at = this.take(length)
    return this.bytes.subarray(at, at + length)
  }

  text(length: number): string {
    const at = this.take(length)
    this.spendText(length)
    return this.bytes.toString('utf8', at, at + length)
  }

  /** The bytes up to the next line feed, which is skipped. */
  line(): Buffer {
    const begin = this.at
    const end = this.bytes.indexOf(lineEnd, begin)
    if (end < 0) throw new PickleEnd('ends within a line of the pickle')
    this.at = end + 1
    this.spendText(end - begin)
    return this.bytes.subarray(begin, end)
  }

  /** @throws PickleFault `resource_exhausted` for text too long for a string */
  spendText(length: number): void {
    if (length > maxTextBytes)
      throw new PickleFault(`has text of ${length} bytes, more than ${maxTextBytes}`, 'resource_exhausted')
    this.budget.spend(costs.text + length)
  }

  uint8(): number {
    return this.bytes[this.take(1)]!
  }

  uint32(): number {
    return this.view.getUint32(this.take(4), true)
  }

  /** A length of 8 bytes; what is beyond 2^53 is rounded, and more than there is. */
  uint64(): number {
    return Number(this.view.getBigUint64(this.take(8), true))
  }

  push(value: PickleValue): void {
    if (this.#stack.length >= maxStack) {
      throw new PickleFault(`has more than ${maxStack} values on its stack`, 'resource_exhausted')
    }
    this.#stack.push(value)
  }

  pop(): PickleValue {
    this.#checkTop()
    return this.#stack.pop()!
  }

  peek(): PickleValue {
    this.#checkTop()
    return this.#stack[this.#stack.length - 1]!
  }

  mark(): void {
    if (this.#marks.length >= maxMarks)
      throw new PickleFault(`has more than ${maxMarks} marks on its stack`, 'resource_exhausted')
    this.#marks.push(this.#stack.length)
    this.budget.spend(costs.element)
  }

  /** Whether nothing has been pushed since the last mark. */
  get isAtMark(): boolean {
    return this.#marks.length > 0 && this.#marks[this.#marks.length - 1] === this.#stack.length
  }

  /** What was pushed since the last mark. */
  popMark(): PickleValue[] {
    const begin = this.#marks.pop()
    if (begin === undefined) throw new PickleFault('has no mark on its stack')
    const values = this.#stack.splice(begin)
    this.budget.spend(costs.array + costs.element * values.length)
    return values
  }

  /** How many values are remembered: the index of the next, in protocol 4. */
  get memoSize(): number {
    return this.#memo.length + this.#scattered.size
  }

  remember(index: number, value: PickleValue): void {
    if (!Number.isSafeInteger(index) || index < 0) throw new PickleFault(`has no memo ${index}`)
    if (this.memoSize >= maxMemo) throw new PickleFault('remembers too many values', 'resource_exhausted')
    this.budget.spend(costs.memo)
    if (index > this.#memo.length) this.#scattered.set(index, value)
    else {
      this.#memo[index] = value
      this.#scattered.delete(index)
    }
  }

  recall(index: number): PickleValue {
    const value = index < this.#memo.length ? this.#memo[index] : this.#scattered.get(index)
    if (value === undefined) throw new PickleFault(`uses memo ${index}, which it has not set`)
    return value
  }

  #checkTop(): void {
    const { length } = this.#stack
    if (length === 0 || this.#marks[this.#marks.length - 1] === length) {
      throw new PickleFault('takes more from its stack than it has put there')
    }
  }
}
