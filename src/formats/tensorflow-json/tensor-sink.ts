/** Where the leaves of one tensor go: a typed array that grows with the text, never an array per row. */
import { RecserveError } from '../../core/errors.js'
import type { AnyTensor } from '../../tensor/any-tensor.js'
import { debugText } from './debug-text.js'
import type { JsonText } from './json-text.js'

/** Takes scalars by the literal rules of one dtype (json_tensor.cc, AddValueToTensor). */
export interface TensorSink {
  /** Leaves taken so far. */
  readonly length: number
  /** Takes the scalar at the place reached. @throws RecserveError, `text.at` left where the scalar begins */
  takeScalar(text: JsonText): void
  /** Takes that scalar and those that follow it after commas; stops before a comma that another kind of value follows. */
  takeScalars(text: JsonText): void
  /** Takes an object as a leaf: `{"b64": ...}` where the dtype is string. */
  takeObject(text: JsonText): void
  /** Forgets the leaves from `length` on. */
  truncate(length: number): void
  /** The tensor, which may share the sink's memory. */
  finish(shape: readonly number[]): AnyTensor
}

/** TensorFlow's own name (DataTypeString) of a dtype, where `tf.DType.name` is another. */
const typeNames: Readonly<Record<string, string>> = { float32: 'float', float64: 'double', float16: 'half' }

export const typeNameOf = (dtype: string): string => typeNames[dtype] ?? dtype

/** Refuses the value at the place reached because of its kind. */
export function refuseType(text: JsonText, dtype: string): never {
  const type = text.peekType()
  const value = debugText(text)
  throw new RecserveError(
    'invalid_argument',
    `JSON Value: ${value} Type: ${type} is not of expected type: ${typeNameOf(dtype)}`,
  )
}

interface Growable {
  readonly length: number
  set(from: never): void
}

/** The same values in an array of at least twice the size. */
export function grow<A extends Growable>(array: A, create: (length: number) => A, atLeast = 0): A {
  const grown = create(Math.max(2 * array.length, atLeast))
  grown.set(array as never)
  return grown
}

/** Stands in for a dtype that has no form in JSON: refuses its first leaf. */
export class UnknownSink implements TensorSink {
  readonly length = 0
  readonly #dtype: string

  constructor(dtype: string) {
    this.#dtype = dtype
  }

  takeScalar(text: JsonText): void {
    const message = `Conversion of JSON Value: ${debugText(text)} to type: ${typeNameOf(this.#dtype)}`
    throw new RecserveError('unimplemented', message)
  }

  takeScalars(text: JsonText): void {
    this.takeScalar(text)
  }

  takeObject(text: JsonText): void {
    refuseType(text, this.#dtype)
  }

  truncate(): void {}

  finish(): never {
    throw new RecserveError(
      'unimplemented',
      `no tensor of type ${typeNameOf(this.#dtype)} can be made of JSON`,
    )
  }
}
