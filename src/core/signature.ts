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
  /** Whether asking it may change what the model answers later; absent: no. */
  readonly writes?: boolean
  /**
   * Whether row i of every output is a function of row i of the inputs alone, for inputs of the declared shapes with one first
   * size: then the rows of several requests can be answered together; absent: not known.
   */
  readonly rowWise?: boolean
  /**
   * Aliases of outputs that are not declared, so that nobody who asks for all outputs gets them, and that a run may name:
   * `scores`, what the places in a declared output were chosen by.
   */
  readonly derived?: readonly string[]
}
