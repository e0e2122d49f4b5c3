/** `:predict`: the walk from a body to a body. */
import type { Call } from '../../core/call.js'
import { RecserveError } from '../../core/errors.js'
import type { SignatureSpec } from '../../core/signature.js'
import { shortened } from '../../formats/tensorflow-json/debug-text.js'
import { PredictRequestBody } from '../../formats/tensorflow-json/predict-request.js'
import { encodePredictResponse } from '../../formats/tensorflow-json/predict-response.js'
import type { Service } from '../../service/service.js'
import { notServed, specOf } from './model-spec.js'
import type { ModelPath } from './path.js'
import { askOrSuccessor } from './successor.js'

export const defaultSignature = 'serving_default'

export interface PredictCall {
  readonly body: Buffer
  readonly call: Call
}

export interface Answer {
  readonly body: Buffer
  readonly version: number
}

/** @throws RecserveError in the original's order: the text, model and version, signature, tensors */
export async function predict(
  service: Service,
  path: ModelPath,
  { body: bytes, call }: PredictCall,
): Promise<Answer> {
  const body = new PredictRequestBody(bytes)
  return askOrSuccessor(path, () => predictOnce(service, path, { body, call }))
}

async function predictOnce(
  service: Service,
  path: ModelPath,
  { body, call }: { readonly body: PredictRequestBody; readonly call: Call },
): Promise<Answer> {
  const { servable, signatures } = await found(service, path, body)
  const name = body.signatureName ?? defaultSignature
  const signature = signatures.find((one) => one.name === name)
  if (!signature) {
    body.check()
    throw new RecserveError(
      'invalid_argument',
      `Serving signature name: "${shortened(name)}" not found in signature def`,
    )
  }
  const { format, inputs } = body.decode(typesOf(signature))
  const request = { model: servable, signature: name, inputs }
  const { outputs } = await service.predict(request, call).catch((thrown) => notServed(thrown, path))
  return { body: encodePredictResponse(outputs, format), version: servable.version }
}

/** What the model can be asked; faults of the body go before an unknown model. */
async function found(service: Service, path: ModelPath, body: PredictRequestBody) {
  try {
    return await service.signatures(specOf(path))
  } catch (thrown) {
    body.check()
    return notServed(thrown, path)
  }
}

const typesOf = ({ inputs }: SignatureSpec): ReadonlyMap<string, string> =>
  new Map([...inputs].map(([name, { dtype }]) => [name, dtype]))
