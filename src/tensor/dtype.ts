/** Typed array class by dtype name, for dtypes that JavaScript's arrays store as they are. */
export const typedArrays = {
  float32: Float32Array,
  float64: Float64Array,
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

/**
 * Typed array class by dtype name, for dtypes kept in another form: 16-bit floats as float32 values that have been rounded
 * to them, complex numbers as pairs, real part first.
 */
export const wideArrays = {
  float16: Float32Array,
  bfloat16: Float32Array,
  complex64: Float32Array,
  complex128: Float64Array,
} as const

export type DataType = keyof typeof typedArrays
/** Every dtype of numbers. */
export type NumericType = DataType | keyof typeof wideArrays
export type TypedArrayOf<D extends NumericType> = InstanceType<(typeof typedArrays & typeof wideArrays)[D]>
export type TypedArray = TypedArrayOf<NumericType>
