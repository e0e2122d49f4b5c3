/** A graph that can be asked for tensors. */
import type { Call } from '../core/call.js'
import type { SignatureSpec } from '../core/signature.js'
import type { NamedAnyTensors } from '../tensor/any-tensor.js'

export interface PredictorRequest {
  readonly signature: string
  readonly inputs: NamedAnyTensors
  /** Aliases of the outputs that are wanted; all of the signature's without it. */
  readonly outputs?: readonly string[]
}

export interface Predictor {
  /** What can be asked, by name. */
  readonly signatures: ReadonlyMap<string, SignatureSpec>
  /** Why the other signatures of the model cannot be asked, by name. */
  readonly unservable: ReadonlyMap<string, string>
  /**
   * Outputs by alias.
   * @throws RecserveError `invalid_argument` for inputs that are not the signature's; whatever a kernel refuses
   */
  predict(request: PredictorRequest, call?: Call): Promise<NamedAnyTensors>
}
