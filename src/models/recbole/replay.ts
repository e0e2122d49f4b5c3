/**
 * Reads a data set's atomic files again as RecBole read them for training, to find the internal ids that a checkpoint does
 * not hold: the checkpoint's own settings say what was loaded and filtered (recbole/data/dataset/dataset.py
 * `_data_processing`). Ids are given in order of first appearance, so every filter counts.
 */
import { RecserveError } from '../../core/errors.js'
import type { Matrix } from '../../tensor/matrix.js'
import { codesOf, isTokenLike } from './atomic-table.js'
import type { Interactions, RecBoleDataset } from './dataset.js'
import type { DatasetSettings } from './dataset-settings.js'
import { filterInteractions, type TieOrder } from './filters.js'
import {
  type AtomicDataset,
  columnsOf,
  type Frame,
  type Frames,
  readAtomicDataset,
  toFrames,
  tokenColumn,
} from './frames.js'
import { entityTokens, filterKnowledge, type Links, linkedItemsLast, relationTokens } from './knowledge.js'
import { type Numbering, numberByAppearance } from './numbering.js'
import { PaddingBudget, widthOf } from './padded-rows.js'
import { replayedFeatures } from './replayed-features.js'
import { meanFilled, scaled } from './scaling.js'

/**
 * @param folder that holds `<name>.inter` and the others
 * @throws RecserveError naming file and line; `failed_precondition` where the ids do not follow from the files
 */
export async function replayAtomicFiles(
  folder: string,
  settings: DatasetSettings,
  signal?: AbortSignal,
): Promise<RecBoleDataset> {
  if (settings.benchmarkParts && settings.knowledge) {
    throw new RecserveError(
      'unimplemented',
      `${settings.name}: ids of a knowledge graph with benchmark_filename are not found from its files; give the data set file that RecBole saves (save_dataset) or a tokens file`,
    )
  }
  const files = await readAtomicDataset(folder, settings, signal)
  const replayed = replay(files, settings, 'file')
  if (settings.duplicates && !hasSameIds(replayed, replay(files, settings, 'reversed'))) {
    throw new RecserveError(
      'failed_precondition',
      `${settings.name}.inter: with rm_dup_inter RecBole sorts by time in an order that is open for equal times, and here the ids depend on it; give the data set file that RecBole saves (save_dataset) or a tokens file`,
    )
  }
  return replayed
}

function replay(files: AtomicDataset, settings: DatasetSettings, ties: TieOrder): RecBoleDataset {
  const frames = toFrames(files, settings)
  if (!settings.benchmarkParts) filterInteractions(frames, settings, ties)
  const links = files.link && filterKnowledge(frames, files.link, settings)
  const numberings = numberFields(frames, settings)
  if (links) {
    const before = numberings.get(settings.itemField)!
    const items = linkedItemsLast(before, links)
    for (const [field, numbering] of numberings) if (numbering === before) numberings.set(field, items)
  }
  return {
    source: [...frames.values()].map(({ table }) => table.name).join(' + '),
    tokens: tokensOf(numberings, settings, links),
    interactions: interactionsOf(frames, settings, numberings),
    isTrainingPart: false,
    itemFeatures: () => replayedFeatures('item', { frames, settings, numberings }),
    userFeatures: () => replayedFeatures('user', { frames, settings, numberings }),
    relationVectors: relationVectors(frames, settings, numberings),
  }
}

const hasSameIds = (a: RecBoleDataset, b: RecBoleDataset) =>
  [...a.tokens].every(([field, tokens]) => {
    const others = b.tokens.get(field)
    return others?.length === tokens.length && tokens.every((token, id) => token === others[id])
  })

/** Fields that share ids are numbered together, the others each on its own. */
function numberFields(frames: Frames, settings: DatasetSettings): Map<string, Numbering> {
  const numberings = new Map<string, Numbering>()
  const number = (fields: readonly string[]) => {
    const places = fields.flatMap((field) => columnsOf(field, frames, settings))
    if (places.length === 0) return
    const appearances = places.map(({ frame, column }) => codesOf(column, frame.rows))
    const numbering = numberByAppearance(places[0]!.column.dictionary, appearances)
    for (const field of fields) numberings.set(field, numbering)
  }
  for (const { fields } of settings.aliases) number(fields)
  for (const { table } of frames.values()) {
    for (const [field, column] of table.columns) {
      if (isTokenLike(column) && !numberings.has(field)) number([field])
    }
  }
  return numberings
}

function tokensOf(
  numberings: ReadonlyMap<string, Numbering>,
  settings: DatasetSettings,
  links: Links | undefined,
): ReadonlyMap<string, readonly string[]> {
  const tokens = new Map([...numberings].map(([field, numbering]) => [field, numbering.tokens()]))
  const { knowledge, aliases, itemField } = settings
  if (!knowledge || !links) return tokens
  const entities = entityTokens(numberings.get(knowledge.head)!, numberings.get(itemField)!, links)
  const entityFields = aliases.find(({ name }) => name === 'entity_id')!.fields
  for (const field of [...entityFields, knowledge.entity]) tokens.set(field, entities)
  const relations = tokens.get(knowledge.relation)!
  return tokens.set(knowledge.relation, relationTokens(relations, knowledge.reversesRelations))
}

function interactionsOf(
  frames: Frames,
  settings: DatasetSettings,
  numberings: ReadonlyMap<string, Numbering>,
): Interactions {
  const inter = frames.get('inter')!
  const idsOf = (field: string) => {
    const numbering = numberings.get(field)!
    return codesOf(tokenColumn(inter.table, field), inter.rows).map((code) => numbering.idOf(code))
  }
  const users = idsOf(settings.userField)
  const items = idsOf(settings.itemField)
  return (
    listedInteractions(inter, settings, { users, items, numberings }) ?? {
      users,
      items,
      times: timesOf(inter, settings),
    }
  )
}

/** As float64, missing ones filled and all scaled where the settings say so. */
function timesOf(
  inter: Frame,
  { timeField, normalized, discretized }: DatasetSettings,
): Float64Array | undefined {
  const column = timeField === undefined ? undefined : inter.table.columns.get(timeField)
  // RecBole sorts by the first number of a pair, which for discretised fields is always 1.
  if (timeField === undefined || column?.kind !== 'float' || discretized.has(timeField)) return undefined
  const times = meanFilled(Float64Array.from(inter.rows, (row) => column.values[row]!))
  return normalized === 'all' || normalized.includes(timeField) ? scaled(times) : times
}

interface Listed {
  readonly users: Int32Array
  readonly items: Int32Array
  readonly numberings: ReadonlyMap<string, Numbering>
}

/** Benchmark files of sequential models name the history in every row: a user's last row tells it all. */
function listedInteractions(
  inter: Frame,
  settings: DatasetSettings,
  { users, items, numberings }: Listed,
): Interactions | undefined {
  const field = settings.itemField + settings.listSuffix
  const lists = inter.table.columns.get(field)
  if (!settings.benchmarkParts || lists?.kind !== 'token_seq') return undefined
  const numbering = numberings.get(field)!
  const lastRows = new Map<number, number>()
  for (const [index, user] of users.entries()) lastRows.set(user, index)
  const listOf = (index: number) => codesOf(lists, inter.rows.subarray(index, index + 1))
  let length = 0
  for (const index of lastRows.values()) length += listOf(index).length + 1
  const listed = { users: new Int32Array(length), items: new Int32Array(length), times: undefined }
  let at = 0
  for (const [user, index] of lastRows) {
    const earlier = listOf(index)
    listed.users.fill(user, at, at + earlier.length + 1)
    listed.items.set(
      earlier.map((code) => numbering.idOf(code)),
      at,
    )
    at += earlier.length + 1
    listed.items[at - 1] = items[index]!
  }
  return listed
}

/** [relations, width]: vectors preloaded for a field that shares the relations' ids, cut to the relations of the graph. */
function relationVectors(
  frames: Frames,
  settings: DatasetSettings,
  numberings: ReadonlyMap<string, Numbering>,
): Matrix | undefined {
  const fields = settings.aliases.find(({ name }) => name === 'relation_id')?.fields ?? []
  const idField = fields.find((field) => settings.preloaded.has(field))
  if (idField === undefined) return undefined
  const frame = columnsOf(idField, frames, settings)[0]?.frame
  const vectors = frame?.table.columns.get(settings.preloaded.get(idField)!)
  if (!frame || vectors?.kind !== 'float_seq') return undefined
  const { offsets, values } = vectors
  const { rows: taken } = frame
  const columns = widthOf(taken.length, (index) => offsets[taken[index]! + 1]! - offsets[taken[index]!]!)
  const numbering = numberings.get(idField)!
  const rows = numbering.codes.length + 1
  new PaddingBudget().claim(`${frame.table.name}: field ${settings.preloaded.get(idField)!}`, rows, columns)
  const matrix = { rows, columns, values: new Float32Array(rows * columns) }
  const { codes } = tokenColumn(frame.table, idField)
  for (const row of frame.rows) {
    matrix.values.set(values.subarray(offsets[row], offsets[row + 1]), numbering.idOf(codes[row]!) * columns)
  }
  return matrix
}
