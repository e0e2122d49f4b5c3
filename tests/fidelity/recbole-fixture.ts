/** RecBole checkpoints with the library's own answers (shared/fixtures/recbole/README.md), as architectures are given them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { PickleDict, PickleObject, PickleValue } from '../../src/formats/pickle/value.js'
import { readTorchCheckpoint } from '../../src/formats/torch/checkpoint.js'
import { TorchTensor } from '../../src/formats/torch/torch-tensor.js'
import type { ArchitectureContext, EncoderQuery } from '../../src/models/recbole/architecture.js'
import { toDataset } from '../../src/models/recbole/dataset-object.js'
import { toDatasetSettings } from '../../src/models/recbole/dataset-settings.js'
import { createSettings } from '../../src/models/recbole/settings.js'
import { readWeights, type StoredTensor } from '../../src/models/recbole/weights.js'
import { fixturesRoot } from '../project.js'

export interface RecBoleCase {
  readonly request: {
    readonly sequence: readonly string[]
    readonly user?: string
    readonly candidates?: readonly string[]
  }
  /** The best items, history not masked. */
  readonly top?: readonly { readonly item: string; readonly score: number }[]
  /** By internal item id, or by place in the request's candidates. */
  readonly scores?: readonly (number | '-inf' | null)[]
}

export interface RecBoleAnswers {
  readonly name: string
  readonly model: string
  readonly type: string
  readonly n_users: number
  readonly n_items: number
  readonly dataset_file: string
  readonly tokens: string
  readonly config: { readonly MAX_ITEM_LIST_LENGTH: number }
  readonly cases: readonly RecBoleCase[]
}

const root = join(fixturesRoot, 'recbole')

/** Answers of the sequential models, by the folders' names. */
export function readAnswers(): readonly RecBoleAnswers[] {
  const hasAnswers = (folder: string) => existsSync(join(root, folder, 'answers.json'))
  return readdirSync(root)
    .filter(hasAnswers)

    .map((folder) => readJson<RecBoleAnswers>(join(folder, 'answers.json')))
    .filter(({ type }) => type === 'sequential')
}

const readJson = <T>(path: string): T => JSON.parse(readFileSync(join(root, path), 'utf8')) as T

export interface RecBoleFixture {
  readonly answers: RecBoleAnswers
  readonly context: ArchitectureContext
  /** Internal id of an item's token. */
  readonly itemIds: ReadonlyMap<string, number>
  /** The last items that the model reads, and the user. */
  toQuery(request: RecBoleCase['request']): EncoderQuery
}

export async function readFixture(answers: RecBoleAnswers): Promise<RecBoleFixture> {
  const checkpoint = await readTorchCheckpoint(join(root, answers.name, 'checkpoint.pth'))
  const content = checkpoint.root as PickleDict
  const config = (content.get('config') as PickleObject).attributes!
  const settings = createSettings(config.get('final_config_dict') as PickleDict)
  const weights = await readWeights(tensorsOf(content.get('state_dict')))
  const file = await readTorchCheckpoint(join(root, answers.dataset_file))
  const dataset = await toDataset(file.root as PickleObject, {
    source: answers.dataset_file,
    settings: toDatasetSettings(settings, { className: answers.model, modelType: undefined }),
    paired: settings.optionalTexts('numerical_features'),
  })
  const tokens = readJson<Record<string, readonly string[]>>(answers.tokens)
  const itemIds = byToken(tokens.item_id!)
  const userIds = byToken(tokens.user_id!)
  const maxLength = answers.config.MAX_ITEM_LIST_LENGTH
  return {
    answers,
    itemIds,
    context: {
      weights,
      settings,
      itemCount: answers.n_items,
      userCount: answers.n_users,
      maxLength,
      itemFeatures: () => dataset.itemFeatures?.() ?? [],
      userFeatures: () => dataset.userFeatures?.() ?? [],
      relationVectors: () => dataset.relationVectors!,
    },
    toQuery: ({ sequence, user }) => ({
      sequence: Int32Array.from(sequence.slice(-maxLength), (token) => itemIds.get(token)!),
      user: user === undefined ? 0 : userIds.get(user)!,
    }),
  }
}

const byToken = (tokens: readonly string[]) => new Map(tokens.map((token, id) => [token, id]))

function tensorsOf(state: PickleValue | undefined): ReadonlyMap<string, StoredTensor> {
  const tensors = [...(state as PickleDict)].filter(([, value]) => value instanceof TorchTensor)
  return new Map(tensors as [string, TorchTensor][])
}
