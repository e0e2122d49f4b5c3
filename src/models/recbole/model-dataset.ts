/** Chooses what a model's ids, histories and features are taken from: the first source that fits its weights. */
import { RecserveError } from '../../core/errors.js'
import { disagreement, type IdFieldNames, type ModelCounts } from './counts.js'
import type { RecBoleDataset } from './dataset.js'
import type { DatasetSource } from './dataset-sources.js'

export interface ChosenDataset {
  /** Its ids. */
  readonly ids: RecBoleDataset
  /** What else is known under the same ids, in order of preference, the first one included. */
  readonly known: readonly RecBoleDataset[]
  /** Sources that were passed over, and why. */
  readonly passed: readonly string[]
}

export interface Fit {
  readonly counts: ModelCounts
  readonly fields: IdFieldNames
}

/** What has to be known besides the ids, for which further sources are read. */
export interface Wanted {
  readonly itemFeatures: boolean
  readonly relationVectors: boolean
}

/**
 * @param sources in order of preference
 * @throws RecserveError `not_found` where there are none; `failed_precondition` where none fits, with what each one gives
 */
export async function chooseDataset(
  sources: readonly DatasetSource[],
  { counts, fields, wanted }: Fit & { readonly wanted: Wanted },
): Promise<ChosenDataset> {
  const passed: string[] = []
  const fitting: RecBoleDataset[] = []
  const carried = sources.find(({ kind }) => kind === 'checkpoint')
  const own = await carried?.read()
  for (const source of sources) {
    const dataset = source === carried ? own : await readOr(source, passed)
    if (!dataset) continue
    const problem =
      missingIds(dataset, fields) ??
      disagreement(dataset, counts, fields) ??
      (own && difference(dataset, own, fields))
    if (problem !== undefined) passed.push(problem)
    else fitting.push(dataset)
    if (isEnough(fitting, wanted)) break
  }
  const [ids] = fitting
  if (!ids) throw passed.length > 0 ? nothingFits(passed) : nothingFound()
  // A second source that gives other ids is of other data.
  const known = fitting.filter((dataset) => difference(dataset, ids, fields) === undefined)
  return { ids, known: known.sort((a, b) => Number(a.isTrainingPart) - Number(b.isTrainingPart)), passed }
}

/** A source that cannot be read is no reason to refuse while another one can. */
async function readOr(source: DatasetSource, passed: string[]): Promise<RecBoleDataset | undefined> {
  try {
    return await source.read()
  } catch (error) {
    if (!(error instanceof RecserveError) || error.code === 'cancelled') throw error
    passed.push(error.message)
    return undefined
  }
}

const isEnough = (found: readonly RecBoleDataset[], wanted: Wanted): boolean =>
  found.some(({ interactions, isTrainingPart }) => interactions && !isTrainingPart) &&
  (!wanted.itemFeatures || found.some(({ itemFeatures }) => itemFeatures)) &&
  (!wanted.relationVectors || found.some(({ relationVectors }) => relationVectors))

/** @throws RecserveError `failed_precondition` where ids do not fit a model, with both numbers */
export function refuseUnfit(dataset: RecBoleDataset, { counts, fields }: Fit): void {
  const problem = missingIds(dataset, fields) ?? disagreement(dataset, counts, fields)
  if (problem !== undefined) throw nothingFits([problem])
}

function missingIds({ tokens, source }: RecBoleDataset, { itemField }: IdFieldNames): string | undefined {
  return tokens.has(itemField) ? undefined : `${source} has no tokens of ${itemField}`
}

/** The first id at which two sources differ. */
function difference(
  one: RecBoleDataset,
  other: RecBoleDataset,
  { userField, itemField }: IdFieldNames,
): string | undefined {
  for (const field of [itemField, userField]) {
    const [a, b] = [one.tokens.get(field), other.tokens.get(field)]
    if (!a || !b) continue
    const id = a.findIndex((token, index) => token !== b[index])
    if (id !== -1 || a.length !== b.length) {
      const at = id === -1 ? Math.min(a.length, b.length) : id
      return `${one.source} calls ${field} ${at} ${quoted(a[at])}, ${other.source} ${quoted(b[at])}: they are not of one training`
    }
  }
  return undefined
}

const quoted = (token: string | undefined) =>
  token === undefined ? 'nothing' : JSON.stringify(token.slice(0, 40))

function nothingFits(problems: readonly string[]): RecserveError {
  return new RecserveError(
    'failed_precondition',
    `the ids do not fit the model: ${problems.join('; ')}. Which ids there are depends on the files that training loaded and on its filters: give those of that very training, RecBole's data set file (save_dataset) or a tokens file`,
  )
}

function nothingFound(): RecserveError {
  return new RecserveError(
    'not_found',
    'the checkpoint does not hold the ids, and nothing beside it or in dataset/ tells them: a *.tokens.json file, the data set file that RecBole saves (save_dataset: True), or the atomic files (.inter, .user, .item) of the training; tools/python/recserve_export.py writes all in one folder',
  )
}
