import { RecserveError } from '../../core/errors.js'
import type { TypedArray } from '../../tensor/dtype.js'
import type { AnyTensor, TfDataType, Value } from './op.js'

/** A variable of a loaded version, TensorFlow 1's (`VariableV2`) or 2's (`VarHandleOp`). */
export class Variable {
  readonly name: string
  readonly dtype: TfDataType
  /** As declared; undefined: unknown rank, -1: unknown size. */
  readonly shape: readonly number[] | undefined
  #value: AnyTensor | undefined
  /** Whether anyone else may hold the value: then a change makes a copy. */
  #isShared = false

  constructor({ name, dtype, shape }: Pick<Variable, 'name' | 'dtype' | 'shape'>) {
    this.name = name
    this.dtype = dtype
    this.shape = shape
  }

  get isInitialized(): boolean {
    return this.#value !== undefined
  }

  /** The value at this moment: it does not change when the variable does. */
  read(): AnyTensor {
    this.#isShared = true
    return this.peek()
  }

  /** The value, for one who does not keep it. */
  peek(): AnyTensor {
    if (this.#value !== undefined) return this.#value
    const text = `Could not find variable ${this.name}. This could mean that the variable has been deleted or was never initialized.`
    throw new RecserveError('failed_precondition', text)
  }

  /** @param value that nobody changes from now on; the variable may be its only holder or not */
  assign(value: AnyTensor, options: { readonly anyShape?: boolean } = {}): void {
    if (value.dtype !== this.dtype) {
      const text = `Trying to assign variable with wrong dtype. Expected ${this.dtype} got ${value.dtype} (variable '${this.name}')`
      throw new RecserveError('invalid_argument', text)
    }
    if (!options.anyShape && !fits(value.shape, this.shape)) {
      const declared = this.shape!.map((size) => (size < 0 ? '?' : size)).join(',')
      const text = `variable '${this.name}' is declared with the shape [${declared}], but its value has the shape [${value.shape}]`
      throw new RecserveError('invalid_argument', text)
    }
    this.#value = value
    this.#isShared = true
  }

  /** The variable's own numbers, to be changed in place. */
  writableData(): TypedArray {
    const value = this.peek()
    if (value.dtype === 'string')
      throw new RecserveError('unimplemented', `strings of '${this.name}' cannot be changed in place`)
    if (!this.#isShared) return value.data
    const copy = { ...value, data: value.data.slice() } as Exclude<AnyTensor, { dtype: 'string' }>
    this.#value = copy
    this.#isShared = false
    return copy.data
  }
}

function fits(shape: readonly number[], declared: readonly number[] | undefined): boolean {
  if (declared === undefined) return true
  return (
    shape.length === declared.length && shape.every((size, d) => declared[d]! < 0 || declared[d] === size)
  )
}

/** What the variables among some resources hold. */
export function* valuesOfVariables(resources: Iterable<object>): Iterable<AnyTensor> {
  for (const resource of resources)
    if (resource instanceof Variable && resource.isInitialized) yield resource.peek()
}

/** @throws RecserveError `invalid_argument` for what is no handle of a variable */
export function variableOf(value: Value | undefined): Variable {
  if (value?.dtype === 'resource' && value.target instanceof Variable) return value.target
  throw new RecserveError('invalid_argument', `a variable was expected, got ${value?.dtype ?? 'nothing'}`)
}
