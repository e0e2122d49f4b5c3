/** One trained RecBole model with everything that serving it needs: what architectures are built of. */
import type { IdTable } from '../../core/catalog.js'
import { RecserveError } from '../../core/errors.js'
import type { PickleDict } from '../../formats/pickle/value.js'
import type { RaggedInt32 } from '../../tensor/ragged.js'
import type { ArchitectureContext } from './architecture.js'
import { type CheckpointFile, readCheckpointFile } from './checkpoint-file.js'
import { countsOf, type ModelCounts, shapeOfValue } from './counts.js'
import type { RecBoleDataset } from './dataset.js'
import { type DatasetSettings, toDatasetSettings } from './dataset-settings.js'
import { findDatasetSources } from './dataset-sources.js'
import { toHistory } from './history.js'
import { toIdTable } from './id-table.js'
import { chooseDataset } from './model-dataset.js'
import type { RecBoleSettings } from './settings.js'
import { type RecBoleWeights, readWeights } from './weights.js'

export interface RecBoleCheckpoint extends ArchitectureContext {
  /** RecBole's class, e.g. `SASRec`. */
  readonly className: string
  readonly settings: RecBoleSettings
  readonly weights: RecBoleWeights
  /** What the model keeps besides its weights, its tensors not yet read; empty for an exported folder. */
  readonly otherParameter: PickleDict
  /** By internal id; `[PAD]` is no id. Users are undefined where only the items' tokens are known. */
  readonly ids: { readonly users: IdTable | undefined; readonly items: IdTable }
  /** Row = internal user id, values = internal item ids, oldest first, the last interaction included. */
  readonly history: RaggedInt32 | undefined
  /** Where ids and history come from, and what was passed over: for `inspect` and the log. */
  readonly provenance: Provenance
}

export interface Provenance {
  readonly ids: string
  readonly history: string | undefined
  /** What a person should know, e.g. that the history lacks the last items. */
  readonly warnings: readonly string[]
}

/** Classes that read the items' features when they are asked. */
const withItemFeatures = ['GRU4RecF', 'SASRecF', 'FDSA', 'DIN', 'DIEN']

export interface CheckpointOptions {
  /** Folders to look for ids in, instead of those beside the checkpoint. */
  readonly folders?: readonly string[]
  readonly signal?: AbortSignal
  /** Bytes of weights read so far, of all. */
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void
}

/**
 * Reads a `.pth` file of RecBole's trainer and finds its ids. Of its tensors only the state_dict's are read: not the
 * optimizer's, which are twice as large.
 *
 * @throws RecserveError `failed_precondition` where the ids do not fit the weights, with both numbers; `not_found` where
 * there are none; `data_loss` for a damaged file
 */
export async function readRecBoleCheckpoint(
  path: string,
  options: CheckpointOptions = {},
): Promise<RecBoleCheckpoint> {
  const checkpoint = await readCheckpointFile(path, options.signal)
  const settings = toDatasetSettings(checkpoint.settings, checkpoint)
  const counts = countsOf({
    className: checkpoint.className,
    shapeOf: (name) => checkpoint.stateDict.get(name)?.shape,
    otherShapeOf: (name) => shapeOfValue(checkpoint.otherParameter.get(name)),
  })
  const { folders, signal } = options
  const sources = await findDatasetSources({ path, checkpoint, settings, folders, signal })
  const chosen = await chooseDataset(sources, {
    counts,
    fields: { ...settings, entityField: settings.knowledge?.entity ?? 'entity_id' },
    wanted: {
      itemFeatures: withItemFeatures.includes(checkpoint.className),
      relationVectors: checkpoint.className === 'KSR',
    },
  })
  const weights = await readStateDict(checkpoint, options)
  return assemble({ ...checkpoint, weights, datasetSettings: settings, counts, ...chosen })
}

async function readStateDict(
  { stateDict }: CheckpointFile,
  options: CheckpointOptions,
): Promise<RecBoleWeights> {
  const bytesOf = ({ shape }: { readonly shape: readonly number[] }) => 4 * shape.reduce((a, b) => a * b, 1)
  const total = [...stateDict.values()].reduce((sum, tensor) => sum + bytesOf(tensor), 0)
  let done = 0
  return readWeights(stateDict, (tensor) => {
    options.signal?.throwIfAborted()
    done += bytesOf(tensor)
    options.onProgress?.(done, total)
  })
}

/** What a checkpoint is made of, whatever form it had on disk. */
export interface CheckpointParts {
  readonly className: string
  readonly settings: RecBoleSettings
  readonly datasetSettings: DatasetSettings
  readonly weights: RecBoleWeights
  readonly otherParameter: PickleDict
  readonly counts: ModelCounts
  readonly ids: RecBoleDataset
  /** What is known under these ids, in order of preference. */
  readonly known: readonly RecBoleDataset[]
  readonly passed: readonly string[]
}

export function assemble(parts: CheckpointParts): RecBoleCheckpoint {
  const { ids, known, counts, datasetSettings, className } = parts
  const { userField, itemField } = datasetSettings
  const userTokens = ids.tokens.get(userField)
  const items = toIdTable(ids.tokens.get(itemField)!, itemField)
  const userCount = userTokens?.length ?? counts.users?.count ?? 0
  const historySource = known.find(({ interactions }) => interactions)
  const itemFeatures = known.find((dataset) => dataset.itemFeatures)?.itemFeatures
  const userFeatures = known.find((dataset) => dataset.userFeatures)?.userFeatures
  const vectors = known.find(({ relationVectors }) => relationVectors)?.relationVectors
  return {
    className,
    settings: parts.settings,
    weights: parts.weights,
    otherParameter: parts.otherParameter,
    ids: { users: userTokens && toIdTable(userTokens, userField), items },
    userCount,
    itemCount: items.size,
    maxLength: parts.settings.has('MAX_ITEM_LIST_LENGTH')
      ? parts.settings.integer('MAX_ITEM_LIST_LENGTH')
      : 50,
    history: historySource?.interactions && toHistory(historySource.interactions, userCount),
    itemFeatures: itemFeatures ?? (() => refuseMissing(className, missingFeatures('item'))),
    userFeatures: userFeatures ?? (() => refuseMissing(className, missingFeatures('user'))),
    relationVectors: () => vectors ?? refuseMissing(className, missingRelations),
    provenance: {
      ids: ids.source,
      history: historySource?.source,
      warnings: warningsOf(parts.passed, historySource),
    },
  }
}

const missingFeatures = (suffix: 'item' | 'user') =>
  `the features of each ${suffix}, and nothing beside the checkpoint tells them: give RecBole's data set file or the .${suffix} file of the training`
const missingRelations =
  "the relations' vectors, which its checkpoint does not hold: give RecBole's data set file or the atomic files with .rel"

function refuseMissing(className: string, what: string): never {
  throw new RecserveError('failed_precondition', `${className} needs ${what}`)
}

function warningsOf(passed: readonly string[], history: RecBoleDataset | undefined): readonly string[] {
  return history?.isTrainingPart
    ? [
        ...passed,
        `${history.source} holds the interactions of training only: the histories lack what was kept back for validation and test`,
      ]
    : passed
}
