import { createPredict } from './predict.js'
import { createRecommend } from './recommend.js'
import type { Service, ServiceOptions } from './service.js'
import { createSimilar } from './similar.js'
import { createStatus } from './status.js'

export function createService(options: ServiceOptions): Service {
  return {
    recommend: createRecommend(options),
    similar: createSimilar(options),
    ...createPredict(options),
    ...createStatus(options),
  }
}
