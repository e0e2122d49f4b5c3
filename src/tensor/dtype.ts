/**
 * Typed array class by numeric dtype name. 16-bit floats are kept as float32 values that have been rounded to them;
 * complex numbers as pairs, real part first.
 */
export const typedArrays = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Float32Array,
  bfloat16: Float32Array,
  complex64: Float32Array,
  complex128: Float64Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
} as const

export type DataType = keyof typeof typedArrays
export type TypedArray = InstanceType<(typeof typedArrays)[DataType]>
export type TypedArrayOf<D extends DataType> = InstanceType<(typeof typedArrays)[D]>
