/** The settings of RecBole's Softmax-CPR models, checked against each other. */
import { RecserveError } from '../../../core/errors.js'
import type { ArchitectureContext, Settings } from '../architecture.js'
import { integerWithin } from './integer-within.js'

export interface CprSettings {
  /** Softmaxes over all items. */
  readonly facets: number
  /** Of the facets, how many have a context partition. */
  readonly contexts: number
  /** Of the facets, how many have rerankers. */
  readonly rerankers: number
  /** How many items each reranker of a facet takes, in their order. */
  readonly candidates: readonly number[]
  readonly pointers: boolean
  /** Size of the layer over several hidden states, in hidden sizes; 0 for none. */
  readonly mlp: number
  /** Layers it reads, from the top. */
  readonly layers: number
  /** Earlier positions it reads. */
  readonly window: number
  readonly weighting: string
  readonly addsReranked: boolean
  /** Whether pointers to an item that recurs are averaged; otherwise they are summed. */
  readonly averagesPointers: boolean
  readonly removesContext: boolean
  readonly projectionBias: boolean
}

/** Each earlier position is a copy of the hidden states. */
const maxWindow = 256
const maxMlp = 64

/**
 * @param layers hidden states there are
 * @throws RecserveError `failed_precondition` for numbers RecBole could not have trained with
 */
export function cprSettings(context: ArchitectureContext, layers: number): CprSettings {
  const { settings, weights, itemCount } = context
  const facets = integerWithin(settings, 'n_facet', { least: 1 })
  return {
    facets,
    contexts: integerWithin(settings, 'n_facet_context', { least: 0, most: facets }),
    rerankers: integerWithin(settings, 'n_facet_reranker', { least: 0, most: facets }),
    candidates: candidateCounts(settings, itemCount),
    pointers: integerWithin(settings, 'n_facet_emb', { least: 0, most: 2 }) > 0,
    mlp: -integerWithin(settings, 'n_facet_MLP', { least: -maxMlp, most: 0 }),
    layers: Math.min(integerWithin(settings, 'n_facet_hidden', { least: 1 }), layers),
    window: -integerWithin(settings, 'n_facet_window', { least: -maxWindow, most: 0 }),
    weighting: settings.text('weight_mode'),
    addsReranked: settings.text('reranker_merging_mode') === 'add',
    averagesPointers: settings.isTruthy('context_norm'),
    removesContext: settings.isTruthy('post_remove_context'),
    projectionBias: weights.has('project_arr.0.bias'),
  }
}

/** `100` or `"500,100,20"`. */
function candidateCounts(settings: Settings, itemCount: number): readonly number[] {
  const text = settings.textOrNumber('reranker_CAN_NUM')
  const counts = text.split(',').map(Number)
  if (counts.every((count) => Number.isInteger(count) && count >= 1 && count <= itemCount)) return counts
  throw new RecserveError(
    'failed_precondition',
    `the model's reranker_CAN_NUM is ${JSON.stringify(text.slice(0, 80))}; expected numbers from 1 to ${itemCount}, the number of items with padding`,
  )
}
