/** Names and values by which requests give a user's features (`save_online`'s three files); step 5 of the walk. */
import { join } from 'node:path'
import { RecserveError } from '../../core/errors.js'
import type { UserFeatures } from '../../core/user.js'
import { readSmallJson } from '../../formats/json-arrays.js'
import { hasFile } from '../has-file.js'
import { featureNameFiles } from './graph-folder.js'

interface SparseFeature {
  /** Position among the user's sparse columns. */
  readonly column: number
  /** Embedding index by value as text. */
  readonly indices: ReadonlyMap<string, number>
}

export interface FeatureNames {
  readonly sparse: ReadonlyMap<string, SparseFeature>
  /** Position among the user's dense columns by name. */
  readonly dense: ReadonlyMap<string, number>
}

/** Values of a column with many of them, postcodes for one. */
const maxBytes = 64 * 2 ** 20

/**
 * Names of a model without such features are none.
 *
 * @param widths how many sparse and dense columns users have
 * @throws RecserveError `failed_precondition` where the files do not fit `features.json`
 */
export async function readFeatureNames(
  directory: string,
  widths: { readonly sparse: number; readonly dense: number },
): Promise<FeatureNames> {
  const { sparseFields, sparseValues, denseFields } = featureNameFiles
  const columns = await readTable(directory, sparseFields)
  const values = await readTable(directory, sparseValues)
  const sparse = new Map<string, SparseFeature>()
  for (const [name, column] of columns) {
    const indices = values.get(name)
    if (indices === undefined) {
      throw new RecserveError(
        'failed_precondition',
        `${sparseValues} has no values of '${name}', which ${sparseFields} names: they are not of one export`,
      )
    }
    sparse.set(name, {
      column: indexBelow(column, widths.sparse, sparseFields),
      indices: new Map(
        entriesOf(indices, sparseValues).map(([value, index]) => [
          value,
          indexBelow(index, 2 ** 31, sparseValues),
        ]),
      ),
    })
  }
  const dense = [...(await readTable(directory, denseFields))].map(
    ([name, column]) => [name, indexBelow(column, widths.dense, denseFields)] as const,
  )
  return { sparse, dense: new Map(dense) }
}

async function readTable(directory: string, file: string): Promise<ReadonlyMap<string, unknown>> {
  if (!(await hasFile(directory, file))) return new Map()
  return new Map(entriesOf(await readSmallJson(join(directory, file), maxBytes), file))
}

function entriesOf(value: unknown, file: string): readonly [string, unknown][] {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return Object.entries(value)
  throw new RecserveError('failed_precondition', `${file}: expected objects of numbers by name`)
}

function indexBelow(value: unknown, limit: number, file: string): number {
  if (Number.isInteger(value) && (value as number) >= 0 && (value as number) < limit) return value as number
  const found = typeof value === 'number' ? value : `a ${typeof value}`
  throw new RecserveError('failed_precondition', `${file}: found ${found}, expected an index below ${limit}`)
}

/** A user's own rows of features. */
export interface UserValues {
  readonly sparse: Int32Array
  readonly dense: Float32Array
}

/**
 * Writes what a request says of the user over what is stored, as `recommend_user(user_feats=...)` does
 * (libreco/prediction/preprocess.py `set_temp_feats`): a value never seen in training leaves what is stored, a number is taken
 * as it is.
 *
 * @returns what was not used, for the answer's warnings
 * @throws RecserveError `invalid_argument` for a dense feature that is no number
 */
export function overrideFeatures(
  { sparse, dense }: UserValues,
  names: FeatureNames,
  given: UserFeatures,
): readonly string[] {
  const warnings: string[] = []
  for (const [name, value] of Object.entries(given)) {
    const feature = names.sparse.get(name)
    const column = names.dense.get(name)
    if (feature) {
      const index = indexOf(feature, value)
      if (index === undefined) warnings.push(unseen(name, value))
      else sparse[feature.column] = index
    } else if (column !== undefined) dense[column] = toNumber(name, value)
    else warnings.push(unknown(name, names))
  }
  return warnings
}

/** The table's keys are Python's text of the values: 4 is `4`, and `4.0` where the column has floats. */
function indexOf({ indices }: SparseFeature, value: string | number): number | undefined {
  const index = indices.get(String(value))
  return index === undefined && Number.isInteger(value) ? indices.get(`${value}.0`) : index
}

/** Text is taken where it is a number, as libserving takes it. */
function toNumber(name: string, value: string | number): number {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  if (typeof number === 'number' && Number.isFinite(Math.fround(number))) return number
  throw new RecserveError(
    'invalid_argument',
    `user feature '${shown(name)}': expected a number that a float32 can hold, found ${typeof value === 'string' ? 'other text' : value}`,
  )
}

const unseen = (name: string, value: string | number) =>
  `user feature '${shown(name)}' is not used: the model was not trained with the value '${shown(String(value))}'`

function unknown(name: string, { sparse, dense }: FeatureNames): string {
  const known = [...sparse.keys(), ...dense.keys()]
  return `user feature '${shown(name)}' is not used: the model's user features are ${known.join(', ')}`
}

const maxShown = 64

const shown = (text: string): string => (text.length > maxShown ? `${text.slice(0, maxShown)}...` : text)
