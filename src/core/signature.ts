/** What a graph can be asked: named inputs and outputs. */

/** What a signature says of a tensor: a declaration, which requests are not checked against. */
export interface TensorSpec {
  /** The tensor's name in the graph. */
  readonly name: string
  /** TensorFlow's name of the dtype (`tf.DType.name`): float32, string ... */
  readonly dtype: string
  /** -1: unknown size; undefined: unknown rank. */
  readonly shape: readonly number[] | undefined
}

export interface SignatureSpec {
  readonly name: string
  /** `tensorflow/serving/predict`, `.../classify`, `.../regress` ... */
  readonly methodName: string
  readonly inputs: ReadonlyMap<string, TensorSpec>
  readonly outputs: ReadonlyMap<string, TensorSpec>
}
