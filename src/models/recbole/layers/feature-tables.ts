/**
 * RecBole's FeatureSeqEmbLayer and ContextSeqEmbLayer (recbole/model/layers.py): vectors of the features of items or users.
 * A feature is the same in every request, so its vectors are computed once, on the host.
 */
import { RecserveError } from '../../../core/errors.js'
import { type Matrix, row } from '../../../tensor/matrix.js'
import type { Feature, Weights } from '../architecture.js'
import { tableOf } from './item-table.js'

export interface FeatureTableOptions {
  /** Of the layer: reads `key.token_embedding_table.item.embedding.weight` and so on. */
  readonly key: string
  readonly owner: 'item' | 'user'
  /** Items or users there are, padding included. */
  readonly rows: number
  /** Columns of each feature's vectors. */
  readonly size: number
  /** RecBole's `pooling_mode`: how the vectors of a list of values become one. */
  readonly pooling: string
}

type FeatureOf<Kind extends Feature['kind']> = Extract<Feature, { kind: Kind }>

/**
 * The vectors of each feature, [rows, size] each, in RecBole's order: tokens, lists of tokens, numbers.
 * @param features in the order of the fields
 * @throws RecserveError `unimplemented` for lists of numbers and unknown poolings
 */
export function featureTables(
  weights: Weights,
  features: readonly Feature[],
  options: FeatureTableOptions,
): readonly Matrix[] {
  refuseNumberLists(features)
  const tokens = features.filter((feature) => feature.kind === 'token')
  const lists = features.filter((feature) => feature.kind === 'token_seq')
  const numbers = features.filter((feature) => feature.kind === 'float')
  return [
    ...tokenTables(weights, tokens, options),
    ...lists.map((list, index) => pooledTable(weights, list, { ...options, index })),
    ...numberTables(weights, numbers, options),
  ]
}

function refuseNumberLists(features: readonly Feature[]): void {
  const list = features.find(({ kind }) => kind === 'float_seq')
  if (!list) return
  throw new RecserveError(
    'unimplemented',
    `the model reads field ${list.field}, a list of numbers (float_seq); features can be token, token_seq and float`,
  )
}

/** All token fields share one table, each with its own range of rows. */
function tokenTables(
  weights: Weights,
  tokens: readonly FeatureOf<'token'>[],
  { key, owner, rows, size }: FeatureTableOptions,
): readonly Matrix[] {
  if (tokens.length === 0) return []
  const total = tokens.reduce((sum, token) => sum + token.size, 0)
  const table = tableOf(weights, `${key}.token_embedding_table.${owner}.embedding.weight`, [total, size])
  let offset = 0
  return tokens.map((token) => {
    const first = offset
    offset += token.size
    return filled(rows, size, (vector, r) => vector.set(row(table, first + token.values[r]!)))
  })
}

function pooledTable(
  weights: Weights,
  { size: values, width, values: ids }: FeatureOf<'token_seq'>,
  { key, owner, rows, size, pooling, index }: FeatureTableOptions & { readonly index: number },
): Matrix {
  const pool = poolingOf(pooling)
  const table = tableOf(weights, `${key}.token_seq_embedding_table.${owner}.${index}.weight`, [values, size])
  return filled(rows, size, (vector, r) => pool(vector, table, ids.subarray(r * width, (r + 1) * width)))
}

/** A number scales the vector of its field: the second of two, as the first is for padding. */
function numberTables(
  weights: Weights,
  numbers: readonly FeatureOf<'float'>[],
  { key, owner, rows, size }: FeatureTableOptions,
): readonly Matrix[] {
  if (numbers.length === 0) return []
  const name = `${key}.float_embedding_table.${owner}.embedding.weight`
  const table = tableOf(weights, name, [2 * numbers.length, size])
  return numbers.map(({ values }, index) => {
    const unit = row(table, 2 * index + 1)
    return filled(rows, size, (vector, r) => vector.set(unit.map((value) => value * values[r]!)))
  })
}

function filled(rows: number, columns: number, fill: (vector: Float32Array, r: number) => void): Matrix {
  const table = { rows, columns, values: new Float32Array(rows * columns) }
  for (let r = 0; r < rows; r++) fill(row(table, r), r)
  return table
}

/** Writes one vector for the values of a list, which is filled up with 0. */
type Pooling = (vector: Float32Array, table: Matrix, ids: Int32Array) => void

function poolingOf(mode: string): Pooling {
  const poolings: Readonly<Record<string, Pooling>> = { sum, mean, max }
  if (Object.hasOwn(poolings, mode)) return poolings[mode]!
  throw new RecserveError(
    'unimplemented',
    `the model's pooling_mode is '${mode}'; it can be one of ${Object.keys(poolings).join(', ')}`,
  )
}

const sum: Pooling = (vector, table, ids) => {
  for (const id of ids) {
    if (id !== 0) add(vector, row(table, id))
  }
}

const mean: Pooling = (vector, table, ids) => {
  sum(vector, table, ids)
  const count = ids.reduce((found, id) => found + Number(id !== 0), 0)
  if (count > 0) vector.set(vector.map((value) => value / count))
}

/** Padding takes part, 1e9 lower: it is all that a list without values has. */
const max: Pooling = (vector, table, ids) => {
  vector.fill(-Infinity)
  for (const id of ids) {
    const values = row(table, id)
    for (let d = 0; d < vector.length; d++) {
      vector[d] = Math.max(vector[d]!, id === 0 ? values[d]! - 1e9 : values[d]!)
    }
  }
}

function add(vector: Float32Array, values: Float32Array): void {
  for (let d = 0; d < vector.length; d++) vector[d] = vector[d]! + values[d]!
}
