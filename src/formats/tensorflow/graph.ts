/**
 * A SavedModel as plain data, as far as running it needs: tensorflow/core/protobuf/{saved_model,meta_graph,saver}.proto,
 * tensorflow/core/framework/{graph,node_def,function,op_def,attr_value,tensor,tensor_shape}.proto. Names of types are
 * TensorFlow's; dtypes are names (`float32`), references (`DT_FLOAT_REF`) named as what they refer to.
 */
import type { DataTypeName } from './data-type.js'
import type { Int64 } from './message-type.js'

export interface SavedModelProto {
  readonly schemaVersion: Int64
  readonly metaGraphs: readonly MetaGraph[]
}

export interface MetaGraph {
  readonly metaInfo?: MetaInfo
  readonly graph?: GraphDef
  readonly saver?: SaverDef
  readonly collections: ReadonlyMap<string, CollectionDef>
  readonly signatures: ReadonlyMap<string, SignatureDef>
  readonly assetFiles: readonly AssetFileDef[]
}

export interface MetaInfo {
  readonly tags: readonly string[]
  readonly tensorflowVersion: string
  /** Name of a function in the graph to the name it had in Python. */
  readonly functionAliases: ReadonlyMap<string, string>
}

export interface SaverDef {
  readonly filenameTensorName: string
  readonly saveTensorName: string
  readonly restoreOpName: string
}

/** One of these. */
export interface CollectionDef {
  readonly nodeList?: { readonly values: readonly string[] }
  readonly bytesList?: { readonly values: readonly Uint8Array[] }
  readonly int64List?: { readonly values: readonly Int64[] }
  readonly floatList?: { readonly values: readonly number[] }
  readonly anyList?: { readonly values: readonly AnyProto[] }
}

export interface AnyProto {
  readonly typeUrl: string
  readonly value: Uint8Array
}

export interface SignatureDef {
  readonly inputs: ReadonlyMap<string, TensorInfo>
  readonly outputs: ReadonlyMap<string, TensorInfo>
  readonly methodName: string
  /** Values of inputs that a request may leave out. */
  readonly defaults: ReadonlyMap<string, TensorProto>
}

export interface TensorInfo {
  /** Tensor in the graph, `node:output`; '' where it is sparse. */
  readonly name: string
  readonly dtype: DataTypeName
  readonly shape?: TensorShapeProto
  readonly cooSparse?: CooSparse
}

/** Names of the three dense tensors that a sparse one is made of. */
export interface CooSparse {
  readonly values: string
  readonly indices: string
  readonly denseShape: string
}

export interface AssetFileDef {
  readonly tensorInfo?: TensorInfo
  /** Below the model's `assets/`. */
  readonly filename: string
}

export interface GraphDef {
  readonly nodes: readonly NodeDef[]
  readonly library?: FunctionDefLibrary
  readonly versions?: VersionDef
}

export interface VersionDef {
  readonly producer: number
  readonly minConsumer: number
}

export interface NodeDef {
  readonly name: string
  readonly op: string
  /** `node:output`, `node` for output 0, `^node` for control; in a function body `node:arg:index`. */
  readonly inputs: readonly string[]
  readonly device: string
  readonly attr: AttrMap
}

export type AttrMap = ReadonlyMap<string, AttrValue>

/** One of these. */
export interface AttrValue extends Partial<AttrScalars> {
  readonly list?: AttrList
  /** In a function body: the name of the function's attribute that stands here. */
  readonly placeholder?: string
}

interface AttrScalars {
  readonly s: Uint8Array
  readonly i: Int64
  readonly f: number
  readonly b: boolean
  readonly type: DataTypeName
  readonly shape: TensorShapeProto
  readonly tensor: TensorProto
  readonly func: NameAttrList
}

/** One of these is filled, or none. */
export type AttrList = { readonly [K in keyof AttrScalars]: readonly AttrScalars[K][] }

/** A function and the attributes it is instantiated with. */
export interface NameAttrList {
  readonly name: string
  readonly attr: AttrMap
}

export interface FunctionDefLibrary {
  readonly functions: readonly FunctionDef[]
}

export interface FunctionDef {
  readonly signature: OpDef
  readonly attr: AttrMap
  readonly nodes: readonly NodeDef[]
  /** Output argument to a tensor of the body, `node:arg:index`. */
  readonly ret: ReadonlyMap<string, string>
  readonly controlRet: ReadonlyMap<string, string>
}

export interface OpDef {
  readonly name: string
  readonly inputs: readonly ArgDef[]
  readonly outputs: readonly ArgDef[]
  readonly controlOutputs: readonly string[]
  readonly isStateful: boolean
}

export interface ArgDef {
  readonly name: string
  /** `invalid` where an attribute tells. */
  readonly type: DataTypeName
  readonly typeAttr: string
  readonly numberAttr: string
  readonly typeListAttr: string
}

export interface TensorShapeProto {
  readonly dims: readonly { readonly size: Int64 }[]
  readonly unknownRank: boolean
}

/** A tensor as it lies in the file; `toTensor` makes one of it. */
export interface TensorProto {
  readonly dtype: DataTypeName
  readonly shape?: TensorShapeProto
  readonly content: Uint8Array
  readonly halfVal: readonly number[]
  readonly floatVal: readonly number[]
  readonly doubleVal: readonly number[]
  readonly intVal: readonly number[]
  readonly stringVal: readonly Uint8Array[]
  readonly scomplexVal: readonly number[]
  readonly int64Val: readonly Int64[]
  readonly boolVal: readonly boolean[]
  readonly dcomplexVal: readonly number[]
  readonly uint32Val: readonly number[]
  readonly uint64Val: readonly Int64[]
}
