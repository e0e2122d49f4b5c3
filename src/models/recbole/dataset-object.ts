/**
 * RecBole's Dataset objects in pickles: the file that `save_dataset` writes (before the data are split), and the one that
 * the feature layers of some models carry into their checkpoints (after: only the part for training).
 */
import { RecserveError } from '../../core/errors.js'
import { NumpyArray } from '../../formats/pickle/numpy-array.js'
import { type PickleDict, PickleObject, type PickleValue } from '../../formats/pickle/value.js'
import type { Matrix } from '../../tensor/matrix.js'
import type { Feature } from './architecture.js'
import type { Interactions, RecBoleDataset } from './dataset.js'
import type { DatasetSettings } from './dataset-settings.js'
import { named, type PickledTable, toPickledTable } from './pickled-columns.js'

/** Whether a value of a pickle is a Dataset, of whatever class. */
export function isDatasetObject(value: PickleValue | undefined): value is PickleObject {
  return value instanceof PickleObject && value.attributes?.get('field2id_token') instanceof Map
}

/** The Dataset in a checkpoint's `other_parameter`: an attribute of one of the layers there. */
export function embeddedDataset(otherParameter: PickleDict): PickleObject | undefined {
  for (const layer of otherParameter.values()) {
    const dataset = layer instanceof PickleObject ? layer.attributes?.get('dataset') : undefined
    if (isDatasetObject(dataset)) return dataset
  }
  return undefined
}

export interface DatasetObjectOptions {
  /** Where it is from, for messages. */
  readonly source: string
  readonly settings: DatasetSettings
  /** The checkpoint's `numerical_features`. */
  readonly paired: readonly string[]
}

/** @throws RecserveError `data_loss` naming the field that is not as RecBole writes it */
export async function toDataset(
  object: PickleObject,
  options: DatasetObjectOptions,
): Promise<RecBoleDataset> {
  const { source, settings, paired } = options
  const attributes = object.attributes!
  const tokens = tokensOf(attributes, source)
  const itemFeatures = await featuresOf('item', tokens, { ...options, attributes })
  const userFeatures = await featuresOf('user', tokens, { ...options, attributes })
  const inter = toPickledTable(attributes.get('inter_feat'), source)
  const isBuilt = inter?.fields.includes(settings.itemField + settings.listSuffix) ?? false
  const interactions =
    inter &&
    (isBuilt
      ? await fromSequences(inter, settings)
      : await interactionsOf(
          inter,
          settings,
          settings.timeField !== undefined && paired.includes(settings.timeField),
        ))
  if (interactions) checkIds(interactions, tokens, options)
  return {
    source,
    tokens,
    interactions,
    isTrainingPart: isBuilt && !settings.benchmarkParts,
    itemFeatures,
    userFeatures,
    relationVectors: relationVectors(attributes, settings, source),
  }
}

function tokensOf(attributes: PickleDict, source: string): ReadonlyMap<string, readonly string[]> {
  const tokens = new Map<string, readonly string[]>()
  for (const [field, list] of attributes.get('field2id_token') as PickleDict) {
    const values = list instanceof NumpyArray ? named(source, () => list.toValues()) : list
    if (
      typeof field !== 'string' ||
      !Array.isArray(values) ||
      !values.every((token) => typeof token === 'string')
    ) {
      throw new RecserveError('data_loss', `${source}: the tokens of ${String(field)} are no array of texts`)
    }
    tokens.set(field, values)
  }
  return tokens
}

async function interactionsOf(
  inter: PickledTable,
  { userField, itemField, timeField, discretized }: DatasetSettings,
  isPaired: boolean,
): Promise<Interactions> {
  const hasTime = timeField !== undefined && inter.fields.includes(timeField) && !discretized.has(timeField)
  return {
    users: Int32Array.from((await inter.read(userField)).values),
    items: Int32Array.from((await inter.read(itemField)).values),
    times: hasTime ? (await inter.read(timeField, isPaired)).values : undefined,
  }
}

/** Rows of (user, what came before, next item), each user's in order: what came before the first, then every next item. */
async function fromSequences(
  inter: PickledTable,
  { userField, itemField, listSuffix }: DatasetSettings,
): Promise<Interactions> {
  const targets = await inter.read(itemField)
  const rowUsers = await inter.read(userField)
  const lists = await inter.read(itemField + listSuffix)
  const width = lists.width ?? 0
  const seen = new Set<number>()
  const users: number[] = []
  const items: number[] = []
  for (let row = 0; row < targets.rows; row++) {
    const user = rowUsers.values[row]!
    const earlier = seen.has(user)
      ? []
      : lists.values.subarray(row * width, (row + 1) * width).filter((item) => item !== 0)
    seen.add(user)
    for (const item of [...earlier, targets.values[row]!]) {
      users.push(user)
      items.push(item)
    }
  }
  return { users: Int32Array.from(users), items: Int32Array.from(items), times: undefined }
}

function checkIds(
  { users, items }: Interactions,
  tokens: ReadonlyMap<string, readonly string[]>,
  { source, settings }: DatasetObjectOptions,
): void {
  for (const [field, ids] of [
    [settings.userField, users],
    [settings.itemField, items],
  ] as const) {
    const count = tokens.get(field)?.length ?? 0
    const wrong = ids.find((id) => id < 0 || id >= count)
    if (wrong !== undefined) {
      throw new RecserveError(
        'data_loss',
        `${source}: an interaction has ${field} ${wrong}, there are ${count} tokens`,
      )
    }
  }
}

/** Read at once, refused when they are asked for; none where RecBole had no file of them. */
async function featuresOf(
  suffix: 'item' | 'user',
  tokens: ReadonlyMap<string, readonly string[]>,
  { attributes, source, settings, paired }: DatasetObjectOptions & { readonly attributes: PickleDict },
): Promise<() => readonly Feature[]> {
  const table = toPickledTable(attributes.get(`${suffix}_feat`), source)
  const idField = suffix === 'item' ? settings.itemField : settings.userField
  const count = tokens.get(idField)?.length ?? 0
  const unused = [idField, ...settings.unusedFields[suffix]]
  const fields = (table?.fields ?? []).filter((field) => !unused.includes(field))
  const discretized = fields.find((field) => settings.discretized.has(field))
  if (discretized !== undefined) {
    return () => {
      throw new RecserveError(
        'unimplemented',
        `${suffix} field ${discretized} is discretised, which is not served`,
      )
    }
  }
  const features: Feature[] = []
  for (const field of fields) {
    const { rows, width, values } = await table!.read(field, paired.includes(field))
    const place = `${source}: ${suffix} field ${field}`
    if (rows !== count)
      throw new RecserveError('data_loss', `${place} has ${rows} rows, there are ${count} ids`)
    const size = tokens.get(field)?.length
    if (size !== undefined && values.some((id) => !(id >= 0 && id < size))) {
      throw new RecserveError('data_loss', `${place} has an id outside its ${size} tokens`)
    }
    features.push(toFeature({ field, size, width, values }))
  }
  return () => features
}

interface FeatureValues {
  readonly field: string
  readonly size: number | undefined
  readonly width: number | undefined
  readonly values: Float64Array
}

function toFeature({ field, size, width, values }: FeatureValues): Feature {
  if (size !== undefined) {
    const ids = Int32Array.from(values)
    return width === undefined
      ? { kind: 'token', field, size, values: ids }
      : { kind: 'token_seq', field, size, width, values: ids }
  }
  const floats = Float32Array.from(values)
  return width === undefined
    ? { kind: 'float', field, values: floats }
    : { kind: 'float_seq', field, width, values: floats }
}

function relationVectors(
  attributes: PickleDict,
  { aliases }: DatasetSettings,
  source: string,
): Matrix | undefined {
  const preloaded = attributes.get('_preloaded_weight')
  const fields = aliases.find(({ name }) => name === 'relation_id')?.fields ?? []
  const array =
    preloaded instanceof Map ? fields.map((field) => preloaded.get(field)).find(Boolean) : undefined
  if (!(array instanceof NumpyArray) || array.shape.length !== 2) return undefined
  const [rows, columns] = array.shape as [number, number]
  const tensor = named(source, () => array.toTensor())
  if (tensor.dtype === 'string')
    throw new RecserveError('data_loss', `${source}: the relations' vectors are text`)
  return { rows, columns, values: Float32Array.from(tensor.data as Iterable<number>) }
}
