/** What a checkpoint's index holds: tensorflow/core/protobuf/tensor_bundle.proto, tensorflow/core/framework/tensor_slice.proto. */
import type { DataTypeName } from '../tensorflow/data-type.js'
import type { TensorShapeProto } from '../tensorflow/graph.js'
import { shapeType } from '../tensorflow/graph-types.js'
import { createMessageType, type Int64, many, one, optional } from '../tensorflow/message-type.js'

export interface BundleHeaderProto {
  readonly shardCount: number
  /** 0: little-endian, 1: big-endian. */
  readonly endianness: number
}

export const headerType = createMessageType<BundleHeaderProto>('BundleHeaderProto', {
  shardCount: one(1, 'int32', 'num_shards'),
  endianness: one(2, 'int32'),
})

export interface BundleEntryProto {
  readonly dtype: DataTypeName
  readonly shape?: TensorShapeProto
  readonly shard: number
  readonly offset: Int64
  readonly size: Int64
  /** Masked. */
  readonly crc32c: number
  /** Where there are some, the tensor's parts have entries of their own and this one has no bytes. */
  readonly slices: readonly TensorSliceProto[]
}

export interface TensorSliceProto {
  readonly extents: readonly ExtentProto[]
}

export interface ExtentProto {
  readonly start: Int64
  /** Absent: the whole dimension. */
  readonly length?: Int64
}

const extentType = createMessageType<ExtentProto>('Extent', {
  start: one(1, 'int64'),
  length: optional(2, 'int64'),
})

const sliceType = createMessageType<TensorSliceProto>('TensorSliceProto', {
  extents: many(1, () => extentType, 'extent'),
})

export const entryType = createMessageType<BundleEntryProto>('BundleEntryProto', {
  dtype: one(1, 'dataType'),
  shape: optional(2, () => shapeType),
  shard: one(3, 'int32', 'shard_id'),
  offset: one(4, 'int64'),
  size: one(5, 'int64'),
  crc32c: one(6, 'fixed32'),
  slices: many(7, () => sliceType),
})
