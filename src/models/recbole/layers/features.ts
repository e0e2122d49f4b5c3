/** Which features a RecBole model reads, and their tables. */
import { RecserveError } from '../../../core/errors.js'
import type { Matrix } from '../../../tensor/matrix.js'
import type { ArchitectureContext, Feature } from '../architecture.js'
import { featureTables } from './feature-tables.js'
import { sideBySide } from './item-table.js'

/**
 * The vectors of the item features that a model was told to read (`selected_features`), [itemCount, size] each.
 * @throws RecserveError `failed_precondition` where a feature is not known
 */
export function selectedFeatureTables(context: ArchitectureContext, size: number): readonly Matrix[] {
  const { settings, weights, itemCount: rows } = context
  const selected = settings.texts('selected_features')
  const features = embedded(context, namedFeatures(context, selected))
  if (features.length === 0) {
    throw new RecserveError(
      'failed_precondition',
      `the model's selected_features [${selected}] have no vectors: numbers have them where numerical_features names them`,
    )
  }
  const pooling = settings.text('pooling_mode')
  return featureTables(weights, features, { key: 'feature_embed_layer', owner: 'item', rows, size, pooling })
}

/** Features of the items by name, among which the id may be. */
function namedFeatures(context: ArchitectureContext, names: readonly string[]): readonly Feature[] {
  const { settings, itemCount } = context
  const known = [idFeature(settings.text('ITEM_ID_FIELD'), itemCount), ...context.itemFeatures()]
  return names.map((name) => {
    const feature = known.find(({ field }) => field === name)
    if (feature) return feature
    const fields = known.map(({ field }) => field).join(', ')
    throw new RecserveError(
      'failed_precondition',
      `the model reads item field ${name}, which is not among the items' fields: ${fields}`,
    )
  })
}

/** The vectors of all features of items or users side by side, the id among them: [rows, features · size]. */
export function contextTable(context: ArchitectureContext, owner: 'item' | 'user', size: number): Matrix {
  const { settings, weights } = context
  const isItem = owner === 'item'
  const rows = isItem ? context.itemCount : context.userCount
  const options = { key: 'embedding_layer', owner, rows, size, pooling: settings.text('pooling_mode') }
  const id = idFeature(settings.text(isItem ? 'ITEM_ID_FIELD' : 'USER_ID_FIELD'), rows)
  const others = () => (isItem ? context.itemFeatures() : context.userFeatures())
  const features = hasIdAlone(context, options) ? [id] : [id, ...others()]
  return sideBySide(featureTables(weights, embedded(context, features), options))
}

/** Whether the tables have room for the id and no more: then nothing has to tell the features. */
function hasIdAlone(
  { weights }: ArchitectureContext,
  { key, owner, rows, size }: { key: string; owner: string; rows: number; size: number },
): boolean {
  const [tokens] = weights.get(`${key}.token_embedding_table.${owner}.embedding.weight`, [-1, size]).shape
  const others = [
    `${key}.token_seq_embedding_table.${owner}.0.weight`,
    `${key}.float_embedding_table.${owner}.embedding.weight`,
    `${key}.float_seq_embedding_table.${owner}.0.weight`,
  ]
  return tokens === rows && !others.some((name) => weights.has(name))
}

/** Numbers are read only where `numerical_features` names them. */
function embedded({ settings }: ArchitectureContext, features: readonly Feature[]): readonly Feature[] {
  const numerical = settings.has('numerical_features') ? settings.texts('numerical_features') : []
  const isNumber = ({ kind }: Feature) => kind === 'float' || kind === 'float_seq'
  return features.filter((feature) => !isNumber(feature) || numerical.includes(feature.field))
}

const idFeature = (field: string, rows: number): Feature => ({
  kind: 'token',
  field,
  size: rows,
  values: Int32Array.from({ length: rows }, (_, id) => id),
})
