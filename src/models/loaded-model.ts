/** One loaded model version, by what it can be asked. */

import type { GraphSession } from '../engines/engine.js'
import type { Predictor } from './predictor.js'
import type { ModelSummary, Recommender } from './recommender.js'

export interface LoadedModel {
  readonly summary: ModelSummary
  /** Which files gave what the model itself does not hold, by what it is: for `inspect`. */
  readonly provenance?: Readonly<Record<string, string>>
  /** Present where users and items are known. */
  readonly recommender?: Recommender
  /** Present where a graph can be asked for tensors. */
  readonly predictor?: Predictor
  close(): Promise<void>
}

/** A model that can be asked for tensors, and nothing else. */
export function asPredicting(kind: string, session: GraphSession): LoadedModel {
  const { signatures, unservable } = session
  return {
    summary: { kind, algorithm: 'graph', signatures: signatures.size },
    predictor: { signatures, unservable, predict: (request, call) => session.run(request, call) },
    close: () => session.close(),
  }
}

/** A model that recommends, and nothing else. */
export function asRecommending(recommender: Recommender): LoadedModel {
  return { summary: recommender.summary, recommender, close: () => recommender.close() }
}
