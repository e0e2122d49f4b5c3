/** What a lowering is told of an op's inputs and outputs. */
import type { Tensor } from '../../../tensor/tensor.js'
import type { TfDataType } from '../op.js'

/** What a slot held in the run that was watched. */
export interface Observed {
  readonly dtype: TfDataType
  readonly shape: readonly number[]
}

export interface Operand extends Observed {
  /** In the ONNX graph. */
  readonly name: string
  /** Undefined where another run may see another rank. `shape` holds for the watched run only, but for constants. */
  readonly rank: number | undefined
  /** Of a constant. */
  readonly value: Tensor | undefined
}
