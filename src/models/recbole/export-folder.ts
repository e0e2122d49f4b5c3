/** Reads what tools/python/recserve_export.py writes: `model.safetensors` and `recserve.json`, complete in themselves. */
import { join } from 'node:path'
import { RecserveError } from '../../core/errors.js'
import { readSafetensors, type Safetensors } from '../../formats/safetensors.js'
import type { NumericType } from '../../tensor/dtype.js'
import type { Tensor } from '../../tensor/tensor.js'
import type { Feature } from './architecture.js'
import { assemble, type CheckpointOptions, type RecBoleCheckpoint } from './checkpoint.js'
import { countsOf } from './counts.js'
import type { Interactions, RecBoleDataset } from './dataset.js'
import { type DatasetSettings, toDatasetSettings } from './dataset-settings.js'
import {
  type Description,
  descriptionFile,
  type FeatureDescription,
  readDescription,
} from './export-description.js'
import { refuseUnfit } from './model-dataset.js'
import { createSettings } from './settings.js'
import { readWeights } from './weights.js'

const weightsPrefix = 'weights.'

/** @throws RecserveError `data_loss` naming what is not as the exporter writes it; `unimplemented` for a later version */
export async function readExportFolder(
  directory: string,
  options: CheckpointOptions = {},
): Promise<RecBoleCheckpoint> {
  const described = await readDescription(directory)
  const file = await readSafetensors(join(directory, described.weights))
  const stored = new Map(
    [...file.tensors].flatMap(([name, tensor]) =>
      name.startsWith(weightsPrefix) ? [[name.slice(weightsPrefix.length), tensor] as const] : [],
    ),
  )
  const settings = createSettings(described.settings)
  const model = { className: described.className, modelType: described.modelType }
  const datasetSettings = toDatasetSettings(settings, model)
  const dataset = await readDataset(file, described, datasetSettings)
  const counts = countsOf({
    className: described.className,
    shapeOf: (name) => stored.get(name)?.shape,
    otherShapeOf: (name) => file.tensors.get(`other.${name}`)?.shape,
  })
  refuseUnfit(dataset, {
    counts,
    fields: { ...datasetSettings, entityField: datasetSettings.knowledge?.entity ?? 'entity_id' },
  })
  const weights = await readWeights(stored, () => options.signal?.throwIfAborted())
  return assemble({
    className: described.className,
    settings,
    datasetSettings,
    weights,
    otherParameter: new Map(),
    counts,
    ids: dataset,
    known: [dataset],
    passed: [],
  })
}

async function readDataset(
  file: Safetensors,
  described: Description,
  { itemField, userField }: DatasetSettings,
): Promise<RecBoleDataset> {
  const itemCount = described.tokens.get(itemField)?.length ?? 0
  const userCount = described.tokens.get(userField)?.length ?? 0
  const itemFeatures = await readFeatures(file, described.itemFeatures, { suffix: 'item', count: itemCount })
  const userFeatures = await readFeatures(file, described.userFeatures, { suffix: 'user', count: userCount })
  const vectors = file.tensors.has('relation_vectors')
    ? await take(file, 'relation_vectors', 'float32')
    : undefined
  const [rows = 0, columns = 0] = vectors?.shape ?? []
  return {
    source: descriptionFile,
    tokens: described.tokens,
    interactions: await readInteractions(file, { users: userCount, items: itemCount }),
    isTrainingPart: false,
    itemFeatures: () => itemFeatures,
    userFeatures: () => userFeatures,
    relationVectors: vectors && { rows, columns, values: vectors.data },
  }
}

interface Side {
  readonly suffix: 'item' | 'user'
  /** How many ids there are. */
  readonly count: number
}

async function readFeatures(
  file: Safetensors,
  described: readonly FeatureDescription[],
  side: Side,
): Promise<readonly Feature[]> {
  const features: Feature[] = []
  for (const feature of described) features.push(await readFeature(file, feature, side))
  return features
}

async function readFeature(
  file: Safetensors,
  { field, kind, size }: FeatureDescription,
  { suffix, count }: Side,
): Promise<Feature> {
  const name = `${suffix}_feature.${field}`
  const isToken = kind === 'token' || kind === 'token_seq'
  const isSequence = kind === 'token_seq' || kind === 'float_seq'
  const tensor = isToken ? await take(file, name, 'int32') : await take(file, name, 'float32')
  const [rows, width = 0] = tensor.shape
  if (tensor.shape.length !== (isSequence ? 2 : 1) || rows !== count) {
    throw new RecserveError(
      'data_loss',
      `${file.name}: ${name} is of shape [${tensor.shape}]; expected ${count} rows${isSequence ? ' of sequences' : ''}`,
    )
  }
  if (tensor.dtype === 'float32') {
    const values = tensor.data as Float32Array
    return kind === 'float_seq' ? { kind, field, width, values } : { kind: 'float', field, values }
  }
  const values = tensor.data as Int32Array
  if (values.some((id) => id < 0 || id >= size)) {
    throw new RecserveError('data_loss', `${file.name}: ${name} has an id outside its ${size} tokens`)
  }
  return kind === 'token_seq' ? { kind, field, size, width, values } : { kind: 'token', field, size, values }
}

/** Rows of (user, item), users rising, each user's oldest first. */
async function readInteractions(
  file: Safetensors,
  counts: { readonly users: number; readonly items: number },
): Promise<Interactions | undefined> {
  if (!file.tensors.has('history.offsets')) return undefined
  const { data: offsets } = await take(file, 'history.offsets', 'int32')
  const { data: items } = await take(file, 'history.items', 'int32')
  const isRising = offsets.every((offset, user) => user === 0 || offset >= offsets[user - 1]!)
  if (offsets[0] !== 0 || offsets.at(-1) !== items.length || !isRising) {
    throw new RecserveError(
      'data_loss',
      `${file.name}: history.offsets do not divide the ${items.length} history.items`,
    )
  }
  if (offsets.length !== counts.users + 1) {
    throw new RecserveError(
      'data_loss',
      `${file.name}: history.offsets are of ${offsets.length - 1} users, there are ${counts.users}`,
    )
  }
  if (items.some((item) => item < 0 || item >= counts.items)) {
    throw new RecserveError(
      'data_loss',
      `${file.name}: history.items has an id outside the ${counts.items} items`,
    )
  }
  const users = new Int32Array(items.length)
  for (let user = 0; user + 1 < offsets.length; user++) users.fill(user, offsets[user], offsets[user + 1])
  return { users, items, times: undefined }
}

async function take<T extends NumericType>(file: Safetensors, name: string, dtype: T): Promise<Tensor<T>> {
  const stored = file.tensors.get(name)
  if (stored?.dtype === dtype) return (await stored.read()) as Tensor<T>
  throw new RecserveError(
    'data_loss',
    `${file.name}: ${stored ? `${name} is ${stored.dtype}` : `has no ${name}`}; expected ${dtype}`,
  )
}
