/** The optional second entry of an op's row: how it is said in ONNX. The kernel in `ops/` is the truth. */
import type { Attributes, TfDataType } from '../op.js'
import type { GraphBuilder } from './graph-builder.js'
import type { Observed, Operand } from './operand.js'

export type { Operand }

export interface LoweringCall {
  readonly op: string
  readonly attrs: Attributes
  readonly inputs: readonly Operand[]
  /** As many as are read. */
  readonly outputs: readonly Observed[]
  readonly graph: GraphBuilder
}

/**
 * Emits nodes and gives the names of the outputs; undefined: not this one, it stays on its kernel. Inputs that TensorFlow
 * refuses must be refused by the runtime too: then the kernels run and say so in TensorFlow's words.
 */
export type Lowering = (call: LoweringCall) => readonly string[] | undefined

export type LoweringTable = Readonly<Record<string, Lowering>>

export const floats: readonly TfDataType[] = ['float32']
export const numbers: readonly TfDataType[] = ['float32', 'int32', 'int64']
/** Dtypes that go through ONNX Runtime at all. */
export const movable: readonly TfDataType[] = ['float32', 'int32', 'int64', 'bool']

export function areOf(operands: readonly Observed[], dtypes: readonly TfDataType[]): boolean {
  return operands.every(({ dtype }) => dtypes.includes(dtype))
}

/** Elements of a constant of integers. */
export function constantInts(operand: Operand | undefined): readonly number[] | undefined {
  if (operand?.value === undefined || !['int32', 'int64'].includes(operand.dtype)) return undefined
  return Array.from(operand.value.data as ArrayLike<number | bigint>, Number)
}

/** Element of a constant scalar of integers. */
export function constantInt(operand: Operand | undefined): number | undefined {
  const values = constantInts(operand)
  return values?.length === 1 ? values[0] : undefined
}
