/** What a parsing op wants to know of each message, as its attributes and inputs say. */
import type { FeatureType } from '../../../../formats/tensorflow/feature-list.js'
import { sizeOf } from '../../../../tensor/tensor.js'
import type { AnyTensor, Attributes, TfDataType } from '../../op.js'
import { inputAt, invalid, sameShape, shapeText } from '../array/arguments.js'

export interface FeatureSpec {
  readonly key: Uint8Array
  readonly dtype: FeatureType
}

export interface DenseSpec extends FeatureSpec {
  /** Of one message's values; a first size of -1: as many as there are. */
  readonly shape: readonly number[]
  /** Stands for values that are missing: one message's, or none; where the shape begins with -1, one element. */
  readonly filling: AnyTensor
}

export interface RaggedSpec extends FeatureSpec {
  readonly splitType: TfDataType
}

type Keys = readonly Uint8Array[]

/** @param types the attribute with one dtype for each key */
export function featureSpecs(keys: Keys, attrs: Attributes, types: string): FeatureSpec[] {
  const dtypes = attrs.types(types, [])
  checkCount(types, dtypes.length, keys.length)
  return keys.map((key, i) => ({ key, dtype: toFeatureType(dtypes[i]!, types) }))
}

interface DenseArguments {
  /** Attributes with one dtype and one shape for each key. */
  readonly types: string
  readonly shapes: string
}

/** @param fillings one for each key, from input `first` on */
export function denseSpecs(
  keys: Keys,
  attrs: Attributes,
  {
    types,
    shapes,
    inputs,
    first,
  }: DenseArguments & { readonly inputs: readonly AnyTensor[]; readonly first: number },
): DenseSpec[] {
  const declared = attrs.shapes(shapes, [])
  checkCount(shapes, declared.length, keys.length)
  return featureSpecs(keys, attrs, types).map((spec, i) => {
    const shape = toDenseShape(declared[i], `${shapes}[${i}]`)
    const filling = inputAt(inputs, first + i)
    checkFilling(filling, { spec, shape, index: i })
    return { ...spec, shape, filling }
  })
}

/** Shapes of the frames of dense feature lists, which nothing fills in. */
export function frameSpecs(keys: Keys, attrs: Attributes, { types, shapes }: DenseArguments): DenseSpec[] {
  const declared = attrs.shapes(shapes, [])
  checkCount(shapes, declared.length, keys.length)
  return featureSpecs(keys, attrs, types).map((spec, i) => {
    const shape = declared[i]
    if (!shape || shape.includes(-1)) throw invalid(`Shape ${openShapeText(shape)} is not fully defined`)
    return { ...spec, shape, filling: zeroOf(spec.dtype) }
  })
}

export function raggedSpecs(
  keys: Keys,
  attrs: Attributes,
  { types, splitTypes }: { readonly types: string; readonly splitTypes: string },
): RaggedSpec[] {
  const splits = attrs.types(splitTypes, [])
  checkCount(splitTypes, splits.length, keys.length)
  return featureSpecs(keys, attrs, types).map((spec, i) => ({ ...spec, splitType: splits[i]! }))
}

function checkCount(attribute: string, found: number, expected: number): void {
  if (found !== expected) throw invalid(`len(${attribute}) is ${found}, but there are ${expected} keys`)
}

function toFeatureType(dtype: TfDataType, attribute: string): FeatureType {
  if (dtype === 'string' || dtype === 'float32' || dtype === 'int64') return dtype
  throw invalid(`${attribute}: a feature is float, int64 or string, not ${dtype}`)
}

function toDenseShape(shape: readonly number[] | undefined, what: string): readonly number[] {
  if (!shape?.slice(1).includes(-1) && shape) return shape
  throw invalid(`${what} has unknown rank or unknown inner dimensions: ${openShapeText(shape)}`)
}

const openShapeText = (shape: readonly number[] | undefined) =>
  shape ? `[${shape.map((size) => (size === -1 ? '?' : size))}]` : '<unknown>'

interface Filled {
  readonly spec: FeatureSpec
  readonly shape: readonly number[]
  readonly index: number
}

function checkFilling(filling: AnyTensor, { spec, shape, index }: Filled): void {
  if (filling.dtype !== spec.dtype) {
    throw invalid(`dense_defaults[${index}].dtype() == ${filling.dtype} != dense_types == ${spec.dtype}`)
  }
  const elements = sizeOf(filling.shape)
  if (shape[0] === -1) {
    if (elements === 1) return
    const rule = 'must contain a single element (the padding element)'
    throw invalid(
      `dense_shape[${index}] is a variable length shape: ${openShapeText(shape)}, therefore def_value[${index}] ${rule}.  But its shape is: ${shapeText(filling.shape)}`,
    )
  }
  if (elements > 0 && !sameShape(filling.shape, shape)) {
    const found = `def_value[${index}].shape() == ${shapeText(filling.shape)}`
    throw invalid(`${found} is not compatible with dense_shapes_[${index}] == ${shapeText(shape)}`)
  }
}

function zeroOf(dtype: FeatureType): AnyTensor {
  if (dtype === 'int64') return { dtype, shape: [], data: new BigInt64Array(1) }
  if (dtype === 'float32') return { dtype, shape: [], data: new Float32Array(1) }
  return { dtype, shape: [], data: { length: 1, bytes: new Uint8Array(0), offsets: new Uint32Array(2) } }
}
