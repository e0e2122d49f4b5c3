/** Field numbers of a SavedModel's messages: tensorflow/core/protobuf/{saved_model,meta_graph,saver}.proto. */
import type * as proto from './graph.js'
import { graphType, shapeType, tensorType } from './graph-types.js'
import { createMessageType, many, map, one, optional } from './message-type.js'

const metaInfoType = createMessageType<proto.MetaInfo>('MetaInfoDef', {
  tags: many(4, 'string'),
  tensorflowVersion: one(5, 'string', 'tensorflow_version'),
  functionAliases: map(8, 'string', 'function_aliases'),
})

const saverType = createMessageType<proto.SaverDef>('SaverDef', {
  filenameTensorName: one(1, 'string', 'filename_tensor_name'),
  saveTensorName: one(2, 'string', 'save_tensor_name'),
  restoreOpName: one(3, 'string', 'restore_op_name'),
})

type List<K extends keyof proto.CollectionDef> = NonNullable<proto.CollectionDef[K]>

const nodeListType = createMessageType<List<'nodeList'>>('NodeList', { values: many(1, 'string', 'value') })
const bytesListType = createMessageType<List<'bytesList'>>('BytesList', { values: many(1, 'bytes', 'value') })
const int64ListType = createMessageType<List<'int64List'>>('Int64List', { values: many(1, 'int64', 'value') })
const floatListType = createMessageType<List<'floatList'>>('FloatList', { values: many(1, 'float', 'value') })
const anyListType = createMessageType<List<'anyList'>>('AnyList', {
  values: many(1, () => anyType, 'value'),
})
// google/protobuf/any.proto
const anyType = createMessageType<proto.AnyProto>('Any', {
  typeUrl: one(1, 'string', 'type_url'),
  value: one(2, 'bytes'),
})

const collectionType = createMessageType<proto.CollectionDef>(
  'CollectionDef',
  {
    nodeList: optional(1, () => nodeListType, 'node_list'),
    bytesList: optional(2, () => bytesListType, 'bytes_list'),
    int64List: optional(3, () => int64ListType, 'int64_list'),
    floatList: optional(4, () => floatListType, 'float_list'),
    anyList: optional(5, () => anyListType, 'any_list'),
  },
  { isOneof: true },
)

const cooSparseType = createMessageType<proto.CooSparse>('CooSparse', {
  values: one(1, 'string', 'values_tensor_name'),
  indices: one(2, 'string', 'indices_tensor_name'),
  denseShape: one(3, 'string', 'dense_shape_tensor_name'),
})

const tensorInfoType = createMessageType<proto.TensorInfo>('TensorInfo', {
  name: one(1, 'string'),
  dtype: one(2, 'dataType'),
  shape: optional(3, () => shapeType, 'tensor_shape'),
  cooSparse: optional(4, () => cooSparseType, 'coo_sparse'),
})

const signatureType = createMessageType<proto.SignatureDef>('SignatureDef', {
  inputs: map(1, () => tensorInfoType),
  outputs: map(2, () => tensorInfoType),
  methodName: one(3, 'string', 'method_name'),
  defaults: map(4, () => tensorType),
})

const assetFileType = createMessageType<proto.AssetFileDef>('AssetFileDef', {
  tensorInfo: optional(1, () => tensorInfoType, 'tensor_info'),
  filename: one(2, 'string'),
})

const metaGraphType = createMessageType<proto.MetaGraph>('MetaGraphDef', {
  metaInfo: optional(1, () => metaInfoType, 'meta_info_def'),
  graph: optional(2, () => graphType, 'graph_def'),
  saver: optional(3, () => saverType, 'saver_def'),
  collections: map(4, () => collectionType, 'collection_def'),
  signatures: map(5, () => signatureType, 'signature_def'),
  assetFiles: many(6, () => assetFileType, 'asset_file_def'),
})

export const savedModelType = createMessageType<proto.SavedModelProto>('SavedModel', {
  schemaVersion: one(1, 'int64', 'saved_model_schema_version'),
  metaGraphs: many(2, () => metaGraphType, 'meta_graphs'),
})
