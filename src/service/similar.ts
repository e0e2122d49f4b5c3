import { RecserveError } from '../core/errors.js'
import { toItems } from './items.js'
import { recommenderOf } from './recommender-of.js'
import type { Service, ServiceOptions } from './service.js'

export function createSimilar({ manager }: ServiceOptions): Service['similar'] {
  return (request, call = {}) =>
    manager.use(request.model, async ({ servable, loaded: model }) => {
      const loaded = recommenderOf(servable, model)
      const item = loaded.catalog.indexOf(request.item)
      if (item === -1)
        throw new RecserveError('not_found', `model '${servable.model}' does not know this item`)
      const excluded = Int32Array.of(item)
      const similar = await loaded.similar(item, { n: request.n, excluded, call })
      if (!similar) {
        throw new RecserveError(
          'failed_precondition',
          `model '${servable.model}' (${loaded.summary.algorithm}) has no similarity between items`,
        )
      }
      const items = toItems(loaded.catalog, similar)
      const shortfall = request.n - items.length
      return { servable, similarity: similar.similarity, items, ...(shortfall > 0 && { shortfall }) }
    })
}
