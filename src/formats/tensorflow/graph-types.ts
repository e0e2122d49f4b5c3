/** Field numbers of a graph's messages: tensorflow/core/framework/*.proto (named at each table). */
import type * as proto from './graph.js'
import { createMessageType, type MessageType, many, map, one, optional } from './message-type.js'

// tensor_shape.proto
const dimType = createMessageType<proto.TensorShapeProto['dims'][number]>('Dim', { size: one(1, 'int64') })

export const shapeType = createMessageType<proto.TensorShapeProto>('TensorShapeProto', {
  dims: many(2, () => dimType, 'dim'),
  unknownRank: one(3, 'bool', 'unknown_rank'),
})

// tensor.proto
export const tensorType = createMessageType<proto.TensorProto>('TensorProto', {
  dtype: one(1, 'dataType'),
  shape: optional(2, () => shapeType, 'tensor_shape'),
  content: one(4, 'bytes', 'tensor_content'),
  halfVal: many(13, 'int32', 'half_val'),
  floatVal: many(5, 'float', 'float_val'),
  doubleVal: many(6, 'double', 'double_val'),
  intVal: many(7, 'int32', 'int_val'),
  stringVal: many(8, 'bytes', 'string_val'),
  scomplexVal: many(9, 'float', 'scomplex_val'),
  int64Val: many(10, 'int64', 'int64_val'),
  boolVal: many(11, 'bool', 'bool_val'),
  dcomplexVal: many(12, 'double', 'dcomplex_val'),
  uint32Val: many(16, 'uint32', 'uint32_val'),
  uint64Val: many(17, 'uint64', 'uint64_val'),
})

// attr_value.proto
const listType: MessageType<proto.AttrList> = createMessageType<proto.AttrList>('ListValue', {
  s: many(2, 'bytes'),
  i: many(3, 'int64'),
  f: many(4, 'float'),
  b: many(5, 'bool'),
  type: many(6, 'dataType'),
  shape: many(7, () => shapeType),
  tensor: many(8, () => tensorType),
  func: many(9, () => funcType),
})

export const attrType: MessageType<proto.AttrValue> = createMessageType<proto.AttrValue>(
  'AttrValue',
  {
    list: optional(1, () => listType),
    s: optional(2, 'bytes'),
    i: optional(3, 'int64'),
    f: optional(4, 'float'),
    b: optional(5, 'bool'),
    type: optional(6, 'dataType'),
    shape: optional(7, () => shapeType),
    tensor: optional(8, () => tensorType),
    placeholder: optional(9, 'string'),
    func: optional(10, () => funcType),
  },
  { isOneof: true },
)

const funcType: MessageType<proto.NameAttrList> = createMessageType<proto.NameAttrList>('NameAttrList', {
  name: one(1, 'string'),
  attr: map(2, () => attrType),
})

// node_def.proto
const nodeType = createMessageType<proto.NodeDef>('NodeDef', {
  name: one(1, 'string'),
  op: one(2, 'string'),
  inputs: many(3, 'string', 'input'),
  device: one(4, 'string'),
  attr: map(5, () => attrType),
})

// op_def.proto
const argType = createMessageType<proto.ArgDef>('ArgDef', {
  name: one(1, 'string'),
  type: one(3, 'dataType'),
  typeAttr: one(4, 'string', 'type_attr'),
  numberAttr: one(5, 'string', 'number_attr'),
  typeListAttr: one(6, 'string', 'type_list_attr'),
})

const opType = createMessageType<proto.OpDef>('OpDef', {
  name: one(1, 'string'),
  inputs: many(2, () => argType, 'input_arg'),
  outputs: many(3, () => argType, 'output_arg'),
  controlOutputs: many(20, 'string', 'control_output'),
  isStateful: one(17, 'bool', 'is_stateful'),
})

// function.proto
const functionType = createMessageType<proto.FunctionDef>('FunctionDef', {
  signature: one(1, () => opType),
  nodes: many(3, () => nodeType, 'node_def'),
  ret: map(4, 'string'),
  attr: map(5, () => attrType),
  controlRet: map(6, 'string', 'control_ret'),
})

const libraryType = createMessageType<proto.FunctionDefLibrary>('FunctionDefLibrary', {
  functions: many(1, () => functionType, 'function'),
})

// versions.proto
const versionsType = createMessageType<proto.VersionDef>('VersionDef', {
  producer: one(1, 'int32'),
  minConsumer: one(2, 'int32', 'min_consumer'),
})

// graph.proto
export const graphType = createMessageType<proto.GraphDef>('GraphDef', {
  nodes: many(1, () => nodeType, 'node'),
  library: optional(2, () => libraryType),
  versions: optional(4, () => versionsType),
})
