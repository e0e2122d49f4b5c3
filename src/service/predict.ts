/** Raw calls of a graph. */
import { RecserveError } from '../core/errors.js'
import type { Lent } from '../lifecycle/manager.js'
import type { LoadedModel } from '../models/loaded-model.js'
import type { Predictor } from '../models/predictor.js'
import type { Service, ServiceOptions } from './service.js'

const defaultSignature = 'serving_default'

export function createPredict({
  manager,
  onEvent,
  now,
}: ServiceOptions): Pick<Service, 'signatures' | 'predict'> {
  return {
    signatures: (model) =>
      manager.use(model, (lent) => ({
        servable: lent.servable,
        signatures: [...predictorOf(lent).signatures.values()],
      })),

    predict: ({ model, signature = defaultSignature, inputs, outputFilter }, call) =>
      manager.use(model, async (lent) => {
        const request = {
          signature,
          inputs: Object.fromEntries(inputs),
          ...(outputFilter && { outputs: outputFilter }),
        }
        const started = now()
        const outputs = await predictorOf(lent).predict(request, call)
        onEvent({ type: 'stage', stage: 'run', model: lent.servable.model, durationMs: now() - started })
        return { servable: lent.servable, signature, outputs: new Map(Object.entries(outputs)) }
      }),
  }
}

function predictorOf({ servable, loaded }: Lent<LoadedModel>): Predictor {
  if (loaded.predictor) return loaded.predictor
  throw new RecserveError('unimplemented', `model '${servable.model}' has no signatures: it recommends`)
}
