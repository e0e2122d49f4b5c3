/** A table's values, a row of so many elements for each key. */
import type { NumericType, TypedArray } from '../../../../tensor/dtype.js'
import { stringAt } from '../../../../tensor/strings.js'
import { isComplex, sizeOf } from '../../../../tensor/tensor.js'
import type { AnyTensor, TfDataType } from '../../op.js'
import { claimTensor, spend } from '../../run-limits.js'
import { invalid } from '../array/arguments.js'
import { arrayClasses, newData } from '../new-data.js'
import { StringsBuilder } from '../string/strings-builder.js'
import { ByteRows } from './byte-rows.js'

/** Where a row of the default lies for a key that is not known. */
export interface Fallback {
  readonly value: AnyTensor
  /** One row for all keys, or one for each. */
  readonly isPerKey: boolean
}

export interface Column {
  /** Writes row `from` of a tensor into a row of the column, which may be the next new one. */
  set(row: number, source: AnyTensor, from: number): void
  /** Whether a row of the column holds what row `from` of the tensor does. */
  isSame(row: number, source: AnyTensor, from: number): boolean
  /** @param rows -1: the default */
  gather(rows: Int32Array, shape: readonly number[], fallback?: Fallback): AnyTensor
  /** For messages. */
  textOf(row: number): string
}

export function createColumn(dtype: TfDataType, shape: readonly number[]): Column {
  if (dtype === 'string') return new TextColumn(sizeOf(shape))
  if (dtype in arrayClasses) return new NumberColumn(dtype as NumericType, sizeOf(shape))
  throw invalid(`a table cannot hold values of dtype ${dtype}`)
}

class NumberColumn implements Column {
  readonly #dtype: NumericType
  /** Words of a row. */
  readonly #width: number
  #data: TypedArray

  constructor(dtype: NumericType, width: number) {
    this.#dtype = dtype
    this.#width = isComplex(dtype) ? 2 * width : width
    this.#data = new arrayClasses[dtype](0)
  }

  set(row: number, source: AnyTensor, from: number): void {
    const width = this.#width
    if ((row + 1) * width > this.#data.length) this.#grow(2 * (row + 1) * width)
    const data = source.data as TypedArray
    for (let k = 0; k < width; k++) this.#data[row * width + k] = data[from * width + k]!
  }

  isSame(row: number, source: AnyTensor, from: number): boolean {
    const width = this.#width
    const data = source.data as TypedArray
    for (let k = 0; k < width; k++) if (this.#data[row * width + k] !== data[from * width + k]) return false
    return true
  }

  gather(rows: Int32Array, shape: readonly number[], fallback?: Fallback): AnyTensor {
    const width = this.#width
    const out = newData(this.#dtype, shape)
    spend(out.length)
    const other = fallback?.value.data as TypedArray
    for (let i = 0, at = 0; i < rows.length; i++) {
      const isKnown = rows[i]! >= 0
      const source = isKnown ? this.#data : other
      const unknown = fallback?.isPerKey ? i * width : 0
      const from = isKnown ? rows[i]! * width : unknown
      for (let k = 0; k < width; k++) out[at++] = source[from + k]!
    }
    return { dtype: this.#dtype, shape, data: out } as AnyTensor
  }

  textOf(row: number): string {
    return String(this.#data.subarray(row * this.#width, (row + 1) * this.#width))
  }

  #grow(length: number): void {
    const array = arrayClasses[this.#dtype]
    claimTensor(this.#dtype, [length], length * array.BYTES_PER_ELEMENT)
    const wider = new array(length)
    wider.set(this.#data as never)
    this.#data = wider
  }
}

class TextColumn implements Column {
  readonly #width: number
  readonly #texts = new ByteRows()

  constructor(width: number) {
    this.#width = width
  }

  set(row: number, { data }: AnyTensor, from: number): void {
    if (!('bytes' in data)) throw invalid('strings were expected')
    for (let k = 0; k < this.#width; k++) {
      const at = row * this.#width + k
      const text = stringAt(data, from * this.#width + k)
      if (at < this.#texts.length) this.#texts.set(at, text)
      else this.#texts.push(text)
    }
  }

  isSame(row: number, { data }: AnyTensor, from: number): boolean {
    if (!('bytes' in data)) return false
    for (let k = 0; k < this.#width; k++) {
      const own = this.#texts.slice(row * this.#width + k)
      if (Buffer.compare(own, stringAt(data, from * this.#width + k)) !== 0) return false
    }
    return true
  }

  gather(rows: Int32Array, shape: readonly number[], fallback?: Fallback): AnyTensor {
    const out = new StringsBuilder({ elements: rows.length * this.#width })
    const other = fallback?.value.data
    for (let i = 0; i < rows.length; i++) {
      spend(this.#width)
      for (let k = 0; k < this.#width; k++) {
        if (rows[i]! >= 0) out.add(this.#texts.slice(rows[i]! * this.#width + k))
        else if (other && 'bytes' in other)
          out.add(stringAt(other, (fallback?.isPerKey ? i * this.#width : 0) + k))
      }
    }
    return out.finish(shape)
  }

  textOf(row: number): string {
    return Buffer.from(this.#texts.slice(row * this.#width)).toString()
  }
}
