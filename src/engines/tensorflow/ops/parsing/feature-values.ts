/** Values of features, one list after another, as the data of one tensor. */
import type { WireCursor } from '../../../../formats/tensorflow/example.js'
import {
  copyFloats,
  copyInt64s,
  type FeatureType,
  forEachString,
} from '../../../../formats/tensorflow/feature-list.js'
import { type Strings, stringAt } from '../../../../tensor/strings.js'
import { tensor } from '../../../../tensor/tensor.js'
import type { AnyTensor } from '../../op.js'
import { spend } from '../../run-limits.js'
import { newData } from '../new-data.js'
import { StringsBuilder } from '../string/strings-builder.js'

/** Filled from its beginning to its end. */
export interface FeatureValues {
  /** Appends the list of the Feature that the cursor stands at, which has been counted. */
  append(cursor: WireCursor): void
  /** Appends a tensor of the same dtype, element by element, so many times. */
  fill(filling: AnyTensor, times: number): void
  finish(): AnyTensor
}

/** @throws RecserveError `resource_exhausted` where the run would hold too much */
export function newValues(dtype: FeatureType, shape: readonly number[]): FeatureValues {
  if (dtype === 'string') return new StringValues(shape)
  return dtype === 'float32' ? new FloatValues(shape) : new Int64Values(shape)
}

class FloatValues implements FeatureValues {
  readonly #shape: readonly number[]
  readonly #data
  #length = 0

  constructor(shape: readonly number[]) {
    this.#shape = shape
    this.#data = newData('float32', shape)
  }

  append(cursor: WireCursor): void {
    this.#length = copyFloats(cursor, this.#data, this.#length)
  }

  fill({ data }: AnyTensor, times: number): void {
    this.#length = fillWith(this.#data, data as Float32Array, { from: this.#length, times })
  }

  finish(): AnyTensor {
    return tensor('float32', this.#shape, this.#data)
  }
}

class Int64Values implements FeatureValues {
  readonly #shape: readonly number[]
  readonly #data
  #length = 0

  constructor(shape: readonly number[]) {
    this.#shape = shape
    this.#data = newData('int64', shape)
  }

  append(cursor: WireCursor): void {
    this.#length = copyInt64s(cursor, this.#data, this.#length)
  }

  fill({ data }: AnyTensor, times: number): void {
    this.#length = fillWith(this.#data, data as BigInt64Array, { from: this.#length, times })
  }

  finish(): AnyTensor {
    return tensor('int64', this.#shape, this.#data)
  }
}

interface Filling {
  readonly from: number
  readonly times: number
}

/** @returns the index after what was written */
function fillWith<A extends Float32Array | BigInt64Array>(
  target: A,
  data: A,
  { from, times }: Filling,
): number {
  const end = from + data.length * times
  spend(end - from)
  if (data.length === 1) target.fill(data[0]! as never, from, end)
  else for (let at = from; at < end; at += data.length) target.set(data as never, at)
  return end
}

class StringValues implements FeatureValues {
  readonly #shape: readonly number[]
  readonly #out: StringsBuilder

  constructor(shape: readonly number[]) {
    this.#shape = shape
    this.#out = new StringsBuilder({ elements: shape.reduce((product, size) => product * size, 1) })
  }

  append(cursor: WireCursor): void {
    forEachString(cursor, (bytes) => this.#out.add(bytes))
  }

  fill({ data }: AnyTensor, times: number): void {
    const strings = data as Strings
    for (let time = 0; time < times; time++) {
      for (let i = 0; i < strings.length; i++) {
        spend(1)
        this.#out.add(stringAt(strings, i))
      }
    }
  }

  finish(): AnyTensor {
    return this.#out.finish(this.#shape)
  }
}
