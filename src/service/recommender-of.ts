import { RecserveError } from '../core/errors.js'
import type { ServableId } from '../core/servable.js'
import type { LoadedModel } from '../models/loaded-model.js'
import type { Recommender } from '../models/recommender.js'

/** @throws RecserveError `failed_precondition` for a model that knows no users and items. */
export function recommenderOf({ model }: ServableId, { recommender, summary }: LoadedModel): Recommender {
  if (recommender) return recommender
  throw new RecserveError(
    'failed_precondition',
    `model '${model}' (${summary.kind}) knows no users and items; ask it for tensors: POST /v1/models/{model}:predict`,
  )
}
