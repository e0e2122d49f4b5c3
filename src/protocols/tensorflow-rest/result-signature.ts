/** What a signature must be to be classified or regressed with (servables/tensorflow/{classifier,regressor}.cc, PreProcess...). */
import { RecserveError } from '../../core/errors.js'
import type { SignatureSpec } from '../../core/signature.js'

/** The alias of serialized tf.Examples. */
export const examplesInput = 'inputs'

/**
 * Checks inputs and outputs, not the method's name: the original does so only by a flag (`--enable_signature_method_name_check`).
 *
 * @returns the outputs to ask for
 */
export function outputsOf(signature: SignatureSpec, method: 'classify' | 'regress'): readonly string[] {
  const { inputs, outputs } = signature
  const isClassify = method === 'classify'
  if (inputs.size !== 1) throw new RecserveError('invalid_argument', 'Expected one input Tensor.')
  if (isClassify && (outputs.size < 1 || outputs.size > 2)) {
    throw new RecserveError('invalid_argument', `Expected one or two output Tensors, found ${outputs.size}`)
  }
  if (!isClassify && outputs.size !== 1) {
    throw new RecserveError('invalid_argument', 'Expected one output Tensor.')
  }
  const kind = isClassify ? 'classification' : 'regression'
  if (!inputs.has(examplesInput)) {
    refuse(`No ${kind} inputs found in SignatureDef: ${described(signature)}`)
  }
  const found = (isClassify ? ['classes', 'scores'] : ['outputs']).filter((name) => outputs.has(name))
  if (found.length > 0) return found
  refuse(
    isClassify
      ? `Expected classification signature outputs to contain at least one of "classes" or "scores". Signature was: ${described(signature)}`
      : `No regression outputs found in SignatureDef: ${described(signature)}`,
  )
}

/** Short of the original, which prints the whole message. */
function described({ name, methodName, inputs, outputs }: SignatureSpec): string {
  return `${name} (${methodName}) with inputs ${[...inputs.keys()]} and outputs ${[...outputs.keys()]}`
}

function refuse(message: string): never {
  throw new RecserveError('failed_precondition', message)
}
