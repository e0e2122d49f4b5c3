/**
 * What an op is: a TypeScript kernel that is the truth. Its row's second entry, which not every op has, is a lowering to ONNX
 * nodes in the tables of `lowering/` under the same name; where a graph uses it and where not is for `lowering/` to say.
 */

import type { AnyTensor } from '../../tensor/any-tensor.js'
import type { NumericType } from '../../tensor/dtype.js'
import type { State } from './state.js'

export type { AnyTensor }

/** A dtype of TensorFlow's, by its `tf.DType.name`. */
export type TfDataType = NumericType | 'string' | 'resource' | 'variant'

/** A handle to something that lives as long as the loaded version: a variable, a table, a TensorArray of one run. */
export interface Resource {
  readonly dtype: 'resource'
  readonly shape: readonly number[]
  /** What the handle stands for; each family that makes resources checks for its own class. */
  readonly target: object
}

/** A value of dtype variant: a TensorList, an encoded ragged tensor, an Optional. */
export interface Variant {
  readonly dtype: 'variant'
  readonly shape: readonly number[]
  readonly elements: readonly unknown[]
}

/** What flows along the edges of a graph. */
export type Value = AnyTensor | Resource | Variant

/** A NodeDef's attributes, defaults of the OpDef filled in by the kernel through `fallback`. Getters throw when an attribute is absent without one. */
export interface Attributes {
  has(name: string): boolean
  int(name: string, fallback?: number): number
  /** Where 64 bits are meant, not a count. */
  bigint(name: string): bigint
  float(name: string, fallback?: number): number
  bool(name: string, fallback?: boolean): boolean
  /** Bytes as UTF-8 text. */
  string(name: string, fallback?: string): string
  bytes(name: string): Uint8Array
  type(name: string, fallback?: TfDataType): TfDataType
  ints(name: string, fallback?: readonly number[]): readonly number[]
  bigints(name: string): readonly bigint[]
  floats(name: string, fallback?: readonly number[]): readonly number[]
  strings(name: string, fallback?: readonly string[]): readonly string[]
  types(name: string, fallback?: readonly TfDataType[]): readonly TfDataType[]
  /** Undefined: unknown rank; -1: unknown size. */
  shape(name: string): readonly number[] | undefined
  /** Each as `shape`. */
  shapes(
    name: string,
    fallback?: readonly (readonly number[] | undefined)[],
  ): readonly (readonly number[] | undefined)[]
  tensor(name: string): AnyTensor
}

export interface OpContext {
  /** The node's name, for errors. */
  readonly node: string
  readonly op: string
  readonly attrs: Attributes
}

/**
 * Inputs and outputs in the NodeDef's order, list arguments flattened. Pure: never writes into an input; an output may share
 * an input's data where nothing changes (Identity, Reshape). Takes memory through `ops/new-data.ts` or `claimTensor`, and tells
 * `spend` of every loop that is as long as a tensor, so that a run keeps to its limits (run-limits.ts).
 * @throws RecserveError with the code TensorFlow's kernel answers (`invalid_argument`, `out_of_range` ...) and a message that says what was found.
 */
export type Kernel = (inputs: readonly AnyTensor[], context: OpContext) => readonly AnyTensor[]

/** One row of an op table. */
export interface Op {
  readonly kernel: Kernel
}

/** A family of ops by TensorFlow's op name. */
export type OpTable = Readonly<Record<string, Op>>

/** What a kernel needs that holds or changes state, draws at random, or reads a file of the model. */
export interface StatefulContext extends OpContext {
  readonly state: State
}

export type StatefulKernel = (inputs: readonly Value[], context: StatefulContext) => readonly Value[]

/** A row for an op that is no function of its inputs alone, or that takes resources or variants. */
export interface StatefulOp {
  readonly stateful: StatefulKernel
  /** `write`: changes state that outlives the run; `report`: may end the run or print. Such nodes run though nobody reads them. */
  readonly effect?: 'write' | 'report'
  /** Inputs that are taken as references to a variable rather than as its value. */
  readonly refs?: readonly number[]
  /** Output 0 is a reference to a variable (the dtypes `*_REF`). */
  readonly givesRef?: boolean
  /** Without inputs, and the same handle for as long as the version is loaded. */
  readonly isHandle?: boolean
}

export type AnyOp = Op | StatefulOp

export type StatefulOpTable = Readonly<Record<string, StatefulOp>>

export function isStateful(op: AnyOp): op is StatefulOp {
  return 'stateful' in op
}
