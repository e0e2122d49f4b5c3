/** A lookup table of a loaded version: values by key. */
import { RecserveError } from '../../../../core/errors.js'
import { sizeOf } from '../../../../tensor/tensor.js'
import type { AnyTensor, TfDataType, Value } from '../../op.js'
import { invalid, sameShape, shapeText } from '../array/arguments.js'
import { newData } from '../new-data.js'
import { textOf } from '../string/arguments.js'
import { type Column, createColumn, type Fallback } from './columns.js'
import { KeyIndex, type Keys } from './key-index.js'
import { keysOf, toKeyTensor } from './keys.js'

export interface TableOptions {
  /** For messages. */
  readonly name: string
  readonly keyDtype: TfDataType
  readonly valueDtype: TfDataType
  readonly keyShape?: readonly number[]
  readonly valueShape?: readonly number[]
  /** Written once, by its initialiser; otherwise by anyone at any time. */
  readonly isStatic: boolean
  /** Keys that nobody may use, by what they are called. */
  readonly reserved?: readonly { readonly name: string; readonly key: AnyTensor }[]
}

/** Dead rows that are kept, at least, until the table is built anew. */
const minDeadRows = 64

export class Table {
  readonly options: Required<TableOptions>
  #index = new KeyIndex()
  #values: Column
  /** Rows whose keys were removed, or have no value yet. */
  #dead = new Set<number>()
  #isInitialized = false

  constructor(options: TableOptions) {
    this.options = { keyShape: [], valueShape: [], reserved: [], ...options }
    this.#values = createColumn(this.options.valueDtype, this.options.valueShape)
  }

  get size(): number {
    return this.#index.count - this.#dead.size
  }

  /** @throws RecserveError `failed_precondition` for a static table that has no contents yet */
  find(keys: AnyTensor, fallback: AnyTensor): AnyTensor {
    this.#requireInitialized()
    const shape = [...this.#outerShape(keys), ...this.options.valueShape]
    const own = this.#keysOf(keys)
    this.#refuseReserved(own)
    const rows = newData('int32', [own.count])
    for (let i = 0; i < own.count; i++) {
      const row = this.#index.find(own, i)
      rows[i] = this.#dead.has(row) ? -1 : row
    }
    return this.#values.gather(rows, shape, this.#fallback(fallback, shape))
  }

  /** Gives a static table its contents: once, for a second time must say the same. */
  initialize(keys: AnyTensor, values: AnyTensor): void {
    if (this.#isInitialized) {
      this.#checkSame(keys, values)
      return
    }
    const index = new KeyIndex()
    const column = createColumn(this.options.valueDtype, this.options.valueShape)
    const own = this.#keysOf(keys)
    for (let i = 0; i < own.count; i++) {
      const count = index.count
      const row = index.add(own, i)
      if (row === count) column.set(row, values, i)
      else if (!column.isSame(row, values, i)) this.#refuseSecond(row, { column, keys, values, i })
    }
    this.#replace(index, column)
    this.#isInitialized = true
  }

  /** Whether the one key is the reserved one of that name. */
  isReserved(key: AnyTensor, name: string): boolean {
    const own = this.#keysOf(key)
    return this.#reservedNames(own, 0).includes(name)
  }

  insert(keys: AnyTensor, values: AnyTensor): void {
    this.#checkValues(keys, values)
    const own = this.#keysOf(keys)
    this.#refuseReserved(own)
    for (let i = 0; i < own.count; i++) this.#put(own, i, values)
  }

  /** Replaces all contents. Keys that are reserved stand for free places, and are passed over. */
  replaceAll(keys: AnyTensor, values: AnyTensor): void {
    const own = this.#keysOf(keys)
    if (own.count * sizeOf(this.options.valueShape) !== sizeOf(values.shape)) {
      throw invalid(`Expected shape ${shapeText([own.count])} for value, got ${shapeText(values.shape)}`)
    }
    this.#replace(new KeyIndex(), createColumn(this.options.valueDtype, this.options.valueShape))
    for (let i = 0; i < own.count; i++)
      if (this.#reservedNames(own, i).length === 0) this.#put(own, i, values)
  }

  remove(keys: AnyTensor): void {
    const own = this.#keysOf(keys)
    this.#refuseReserved(own)
    for (let i = 0; i < own.count; i++) {
      const row = this.#index.find(own, i)
      if (row >= 0) this.#dead.add(row)
    }
    if (this.#dead.size > Math.max(minDeadRows, this.size)) this.#compact()
  }

  /** Keys and values in the order in which the keys came. */
  contents(): { readonly keys: AnyTensor; readonly values: AnyTensor } {
    const rows = newData('int32', [this.size])
    let count = 0
    for (let row = 0; row < this.#index.count; row++) if (!this.#dead.has(row)) rows[count++] = row
    const { keyDtype, keyShape, valueShape } = this.options
    const keys = toKeyTensor(
      Array.from(rows, (row) => this.#index.key(row)),
      keyDtype,
      [this.size, ...keyShape],
    )
    return { keys, values: this.#values.gather(rows, [this.size, ...valueShape]) }
  }

  #put(keys: Keys, i: number, values: AnyTensor): void {
    const { count } = this.#index
    const row = this.#index.add(keys, i)
    // Until the value is there: the run may end before.
    if (row === count) this.#dead.add(row)
    this.#values.set(row, values, i)
    this.#dead.delete(row)
  }

  #replace(index: KeyIndex, values: Column): void {
    this.#index = index
    this.#values = values
    this.#dead = new Set()
  }

  #compact(): void {
    const { keys, values } = this.contents()
    this.replaceAll(keys, values)
  }

  #keysOf(keys: AnyTensor): Keys {
    const { keyShape } = this.options
    return keysOf(keys, sizeOf(keyShape))
  }

  /** A tensor of keys has their own shape at its end. */
  #outerShape({ shape }: AnyTensor): readonly number[] {
    const { keyShape } = this.options
    const outer = shape.slice(0, Math.max(shape.length - keyShape.length, 0))
    if (sameShape([...outer, ...keyShape], shape)) return outer
    throw invalid(
      `Input key shape ${shapeText(shape)} must end with the table's key shape ${shapeText(keyShape)}`,
    )
  }

  #requireInitialized(): void {
    if (!this.options.isStatic || this.#isInitialized) return
    throw new RecserveError('failed_precondition', 'Table not initialized.')
  }

  #fallback(value: AnyTensor, shape: readonly number[]): Fallback {
    const { isStatic, valueShape } = this.options
    const isPerKey = !isStatic && sameShape(value.shape, shape) && !sameShape(value.shape, valueShape)
    const isEnough = isStatic ? sizeOf(value.shape) > 0 : isPerKey || sameShape(value.shape, valueShape)
    if (isEnough) return { value, isPerKey }
    const expected = isStatic ? shapeText(valueShape) : `${shapeText(valueShape)} or ${shapeText(shape)}`
    throw invalid(`Expected shape ${expected} for default value, got ${shapeText(value.shape)}`)
  }

  #checkValues(keys: AnyTensor, values: AnyTensor): void {
    const expected = [...this.#outerShape(keys), ...this.options.valueShape]
    if (sameShape(values.shape, expected)) return
    throw invalid(`Expected shape ${shapeText(expected)} for value, got ${shapeText(values.shape)}`)
  }

  #checkSame(keys: AnyTensor, values: AnyTensor): void {
    const own = this.#keysOf(keys)
    let isSame = own.count === this.size
    for (let i = 0; i < own.count && isSame; i++) {
      const row = this.#index.find(own, i)
      isSame = row >= 0 && this.#values.isSame(row, values, i)
    }
    if (isSame) return
    throw new RecserveError('failed_precondition', 'Table was already initialized with different data.')
  }

  #refuseSecond(
    row: number,
    { column, keys, values, i }: { column: Column; keys: AnyTensor; values: AnyTensor; i: number },
  ): never {
    const second = createColumn(this.options.valueDtype, this.options.valueShape)
    second.set(0, values, i)
    const texts = `Key ${keyText(keys, i)} has ${column.textOf(row)} and trying to add value ${second.textOf(0)}`
    throw new RecserveError('failed_precondition', `HashTable has different value for same key. ${texts}`)
  }

  #refuseReserved(keys: Keys): void {
    if (this.options.reserved.length === 0) return
    for (let i = 0; i < keys.count; i++) {
      const [name] = this.#reservedNames(keys, i)
      if (name) throw invalid(`Using the ${name} as a table key is not allowed`)
    }
  }

  #reservedNames(keys: Keys, i: number): readonly string[] {
    const bytes = keys.bytes.subarray(keys.start(i), keys.end(i))
    const isSame = (key: AnyTensor) => {
      const own = this.#keysOf(key)
      return Buffer.compare(own.bytes.subarray(own.start(0), own.end(0)), bytes) === 0
    }
    return this.options.reserved.filter(({ key }) => isSame(key)).map(({ name }) => name)
  }
}

function keyText({ data }: AnyTensor, i: number): string {
  if (!('bytes' in data)) return String(data[i])
  return textOf(data.bytes.subarray(data.offsets[i], data.offsets[i + 1]))
}

export function tableOf(value: Value | undefined): Table {
  if (value && 'target' in value && value.target instanceof Table) return value.target
  throw invalid(`a lookup table was expected, got ${value?.dtype ?? 'nothing'}`)
}
