import { RecserveError } from '../../core/errors.js'
import { createOneOffEngine } from '../../engines/one-off-engine.js'
import { encodePredictResponse } from '../../formats/tensorflow-json/predict-response.js'
import { findOneModel } from '../one-model.js'
import { readPredictInputs } from '../predict-inputs.js'
import { createServing, type Serving } from '../serving.js'
import type { Command } from './command.js'

const defaultSignature = 'serving_default'

export const predict: Command<'predict'> = {
  name: 'predict',
  summary: 'Ask a model directory for tensors once, without a server',
  arguments: [{ form: '<PATH>', help: 'a SavedModel or ONNX directory' }],
  examples: [
    {
      command: `recserve predict ./models/ncf --inputs '{"user_id": [1], "item_id": [7]}'`,
      what: "inputs by name; the answer is TensorFlow Serving's",
    },
    {
      command: `recserve predict ./models/ncf --inputs '{"instances": [{"user_id": 1, "item_id": 7}]}'`,
      what: "the body of any TensorFlow Serving request, rows ('instances') or columns ('inputs')",
    },
    {
      command: 'recserve predict ./models/ncf --signature rank --inputs @batch.npz --outputs scores',
      what: 'another signature, NumPy arrays from a file, and one of the outputs',
    },
  ],

  async run([path = ''], options, io) {
    if (options.inputs === undefined) {
      throw new RecserveError('invalid_argument', '--inputs is missing: JSON, or @FILE of .json or .npz')
    }
    const inputs = await readPredictInputs(options.inputs)
    const version = await findOneModel(path, (warning) => void io.stderr.write(`warning: ${warning}\n`))
    const { savedModelTags, outputs: outputFilter } = options
    const serving = createServing({
      engine: createOneOffEngine(),
      index: 'exact',
      fallback: 'none',
      onEvent: () => {},
      ...(savedModelTags && { savedModelTags }),
    })
    try {
      await serving.manager.apply([version])
      const { error } = serving.manager.statuses()[0]!
      if (error) throw error
      const { model } = version.servable
      const name = options.signature ?? inputs.signatureName ?? defaultSignature
      const decoded = inputs.decode(await signatureOf(serving, model, name))
      const { outputs } = await serving.service.predict({
        model: { model },
        signature: name,
        inputs: decoded.inputs,
        ...(outputFilter && { outputFilter }),
      })
      io.stdout.write(`${encodePredictResponse(outputs, decoded.format)}\n`)
      return 0
    } finally {
      await serving.close()
    }
  },
}

async function signatureOf({ manager, service }: Serving, model: string, name: string) {
  const { signatures } = await service.signatures({ model })
  const found = signatures.find((one) => one.name === name)
  if (found) return found
  const reason = manager.available()[0]?.loaded.predictor?.unservable.get(name)
  if (reason) throw new RecserveError('unimplemented', `signature '${name}' cannot be served: ${reason}`)
  const known = signatures.map((one) => `'${one.name}'`).join(', ')
  throw new RecserveError(
    'invalid_argument',
    `there is no signature '${name}'; --signature chooses one of ${known}`,
  )
}
