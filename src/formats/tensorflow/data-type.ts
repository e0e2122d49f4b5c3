/** TensorFlow's dtypes by number and name: tensorflow/core/framework/types.proto, names as `tf.DType.name` has them. */
import type { AnyTensor } from '../../tensor/any-tensor.js'
import type { NumericType } from '../../tensor/dtype.js'

/** Dtypes that no kernel here takes; they may be named in a graph nevertheless. */
const foreignTypes = [
  'invalid',
  'qint8',
  'quint8',
  'qint16',
  'quint16',
  'qint32',
  'float8_e5m2',
  'float8_e4m3fn',
  'int4',
  'uint4',
] as const

export type ForeignTypeName = (typeof foreignTypes)[number]
export type DataTypeName = NumericType | 'string' | 'resource' | 'variant' | ForeignTypeName

/** By DataType number. */
const names: readonly DataTypeName[] = [
  'invalid',
  'float32',
  'float64',
  'int32',
  'uint8',
  'int16',
  'int8',
  'string',
  'complex64',
  'int64',
  'bool',
  'qint8',
  'quint8',
  'qint32',
  'bfloat16',
  'qint16',
  'quint16',
  'uint16',
  'complex128',
  'float16',
  'resource',
  'variant',
  'uint32',
  'uint64',
  'float8_e5m2',
  'float8_e4m3fn',
  // 26 to 28: further 8-bit floats, which TensorFlow cannot compute with.
  'invalid',
  'invalid',
  'invalid',
  'int4',
  'uint4',
]

/** Names in protobuf text where they differ from `DT_` and the upper-cased name. */
const textNames: Readonly<Record<string, DataTypeName>> = {
  FLOAT: 'float32',
  DOUBLE: 'float64',
  HALF: 'float16',
}

/** A `_REF` type (number + 100) is named as what it refers to; a number that no version of TensorFlow has is `invalid`. */
export function dataTypeOf(number: number): DataTypeName {
  return names[number > 100 ? number - 100 : number] ?? 'invalid'
}

/** Its number; 0 for a name that has none. */
export function dataTypeNumber(name: DataTypeName): number {
  return Math.max(0, names.indexOf(name))
}

/** From `DT_FLOAT`, `DT_INT64_REF` and so on; undefined where that is no DataType. */
export function dataTypeOfText(text: string): DataTypeName | undefined {
  const match = /^DT_(\w+?)(?:_REF)?$/.exec(text)
  if (!match) return undefined
  const upper = match[1]!
  const name = Object.hasOwn(textNames, upper) ? textNames[upper] : upper.toLowerCase()
  return names.find((known) => known === name)
}

export function isForeign(name: DataTypeName): name is ForeignTypeName {
  return foreignTypes.some((foreign) => foreign === name)
}

/** Whether tensors of it have values in files. */
export function isReadable(name: DataTypeName): name is AnyTensor['dtype'] {
  return name !== 'resource' && name !== 'variant' && !isForeign(name)
}
