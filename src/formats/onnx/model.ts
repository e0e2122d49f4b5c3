/** An ONNX model as plain data (github.com/onnx/onnx/blob/main/docs/IR.md); `encodeModel` turns it into bytes. */
import type { DataType } from '../../tensor/dtype.js'
import type { NamedTensors, Tensor } from '../../tensor/tensor.js'

export interface OnnxModel {
  readonly graph: OnnxGraph
  /** Version of the default operator set the nodes are written for; 21 unless given. */
  readonly opset?: number
}

export interface OnnxGraph {
  readonly name: string
  /** In an order in which every input is written before it is read. */
  readonly nodes: readonly OnnxNode[]
  readonly inputs: readonly OnnxValueInfo[]
  readonly outputs: readonly OnnxValueInfo[]
  /** Constants by name: weights. */
  readonly initialisers?: NamedTensors
  /** Constants by name whose bytes are not in the model. */
  readonly external?: Readonly<Record<string, ExternalTensor>>
}

/** A weight whose bytes, little-endian, lie outside of the model (github.com/onnx/onnx/blob/main/docs/ExternalData.md). */
export interface ExternalTensor {
  readonly dtype: DataType
  readonly shape: readonly number[]
  /** A file beside the model, or a name under which the runtime is given the bytes. */
  readonly location: string
  /** In bytes. */
  readonly offset: number
  readonly length: number
}

export interface OnnxNode {
  /** Operator name, e.g. `Gemm`. */
  readonly op: string
  /** Value names; '' leaves an optional input out. */
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>
  /** Shown in the runtime's errors. */
  readonly name?: string
  /** Operator set other than the default one, e.g. `com.microsoft`. */
  readonly domain?: string
}

/** One value, keyed by its type: `{ int: 1 }`, `{ graph: loopBody }`. */
export type OnnxAttribute =
  | { readonly int: number }
  | { readonly ints: readonly number[] }
  | { readonly float: number }
  | { readonly floats: readonly number[] }
  | { readonly string: string }
  | { readonly strings: readonly string[] }
  | { readonly tensor: Tensor }
  | { readonly graph: OnnxGraph }

export interface OnnxValueInfo {
  readonly name: string
  readonly dtype: DataType
  /** A number is fixed, a name is any size but the same wherever it occurs. Absent: any rank. */
  readonly shape?: readonly (number | string)[]
}

/** TensorProto.DataType by dtype name. */
export const onnxTypes: Readonly<Record<DataType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  bool: 9,
  float64: 11,
  uint32: 12,
  uint64: 13,
}
