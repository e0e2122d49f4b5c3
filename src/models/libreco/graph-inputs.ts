/** What each input of an exported graph means: the user's part of a row and the item's part (libreco/tfops/..., libserving's exporters). */
import { RecserveError } from '../../core/errors.js'
import type { SignatureSpec, TensorSpec } from '../../core/signature.js'
import { type Counts, type FeatureRow, type FeatureSide, type Features, maxSequence } from './features.js'
import { padSequence, type SequenceForm, splitHistory, toInteractions } from './sequences.js'

export type Numbers = Int32Array | Float32Array

/** One user, as a graph is told of them. */
export interface UserSide {
  /** Row in the user table; the row after the last for an unknown user. */
  readonly user: number
  /** Values of the users' sparse and dense columns. */
  readonly sparse: Int32Array
  readonly dense: Float32Array
  /** Catalog rows, oldest first, -1 for an item that the model does not know. */
  readonly history: Int32Array
}

/** An input with a row per item, or one row where it is of the user alone. */
export interface RowInput {
  /** Numbers in a row. */
  readonly width: number
  /** Item side, the same for every request: values of these columns for each item. */
  readonly item?: FeatureSide<Numbers>
  /** User side: values of these columns, the same in every row; all columns without them. */
  readonly user?: {
    readonly reads: 'user' | 'history'
    readonly columns?: Int32Array
    toValues(user: UserSide): Numbers
  }
}

/** An input that is not made of rows. */
export interface WholeInput {
  toWhole(user: UserSide): { readonly shape: readonly number[]; readonly values: Int32Array }
}

export interface GraphInputs {
  readonly byAlias: ReadonlyMap<string, (RowInput | WholeInput) & { readonly spec: TensorSpec }>
  /** Whether a run scores the items that it is given, not always the whole catalogue. */
  readonly scoresGiven: boolean
  /** Whether inputs of the user alone have a row per item all the same. */
  readonly tilesUser: boolean
  /** Whether it matters which user asks, their history apart. */
  readonly readsUser: boolean
  /** Absent for a model that reads no history. */
  readonly sequence: SequenceForm | undefined
}

export interface InputsOptions {
  readonly algorithm: string
  readonly features: Features
  readonly counts: Counts
}

/** Its user and item sides meet in an inner product: one row of the user's stands for all items. */
const towers = 'TwoTower'

/**
 * @throws RecserveError `failed_precondition` for an input that is not one of LibRecommender's, or that the folder's other files
 * have nothing for
 */
export function toGraphInputs({ inputs }: SignatureSpec, options: InputsOptions): GraphInputs {
  const { algorithm, features } = options
  const sequence = toSequenceForm(inputs, features)
  const known = knownInputs(options, sequence)
  const byAlias = new Map(
    [...inputs].map(([alias, spec]) => {
      const input = known.get(alias)
      if (input === undefined) throw unfit(whyUnknown(alias, known))
      checkShape(alias, spec, input)
      return [alias, { ...input, spec }] as const
    }),
  )
  const scoresGiven = inputs.has('item_indices')
  return {
    byAlias,
    scoresGiven,
    tilesUser: scoresGiven && algorithm !== towers,
    readsUser: [...byAlias.values()].some((input) => 'width' in input && input.user?.reads === 'user'),
    sequence,
  }
}

/** Undefined where no input takes a history. */
function toSequenceForm(inputs: SignatureSpec['inputs'], { maxLength }: Features): SequenceForm | undefined {
  const lengthOf = (alias: string): number => {
    const declared = inputs.get(alias)?.shape?.[1] ?? -1
    const length = declared > 0 ? declared : maxLength
    if (length !== undefined && length > maxSequence)
      throw unfit(`the graph takes ${length} items in '${alias}', expected at most ${maxSequence}`)
    if (length !== undefined) return length
    throw unfit(`neither features.json ("max_seq_len") nor the graph tells how long '${alias}' is`)
  }
  if (inputs.has('user_interacted_seq')) return { kind: 'last', length: lengthOf('user_interacted_seq') }
  if (inputs.has('long_seqs') && inputs.has('short_seqs')) {
    return { kind: 'long_short', long: lengthOf('long_seqs'), short: lengthOf('short_seqs') }
  }
  if (!inputs.has('item_interaction_values')) return undefined
  // Its second axis is not the sequence's.
  if (maxLength !== undefined) return { kind: 'interactions', length: maxLength }
  throw unfit('features.json has no "max_seq_len"')
}

function knownInputs(
  { features: { sparse, dense }, counts }: InputsOptions,
  sequence: SequenceForm | undefined,
): ReadonlyMap<string, RowInput | WholeInput> {
  const sparseOf = (user: UserSide) => user.sparse
  const denseOf = (user: UserSide) => user.dense
  const one = Int32Array.of(0)
  const known: (readonly [string, RowInput | WholeInput | undefined])[] = [
    ['user_indices', { width: 1, user: { reads: 'user', toValues: ({ user }) => Int32Array.of(user) } }],
    [
      'item_indices',
      { width: 1, item: { columns: one, values: Int32Array.from({ length: counts.items }, (_, i) => i) } },
    ],
    ['sparse_indices', mixed(sparse, sparseOf)],
    ['dense_values', mixed(dense, denseOf)],
    ['user_sparse_indices', ofUser(sparse, sparseOf)],
    ['user_dense_values', ofUser(dense, denseOf)],
    ['item_sparse_indices', ofItem(sparse)],
    ['item_dense_values', ofItem(dense)],
    // Nothing is asked for that depends on it: scores, not the places of the best.
    ['k', { toWhole: () => ({ shape: [], values: Int32Array.of(1) }) }],
    ...(sequence ? sequenceInputs(sequence, counts.items) : []),
  ]
  return new Map(known.flatMap(([alias, input]) => (input ? [[alias, input] as const] : [])))
}

function mixed(row: FeatureRow, toValues: (user: UserSide) => Numbers): RowInput | undefined {
  if (row.width === 0) return undefined
  return {
    width: row.width,
    ...(row.item && { item: row.item }),
    ...(row.user && { user: { reads: 'user' as const, columns: row.user.columns, toValues } }),
  }
}

function ofUser({ user }: FeatureRow, toValues: (user: UserSide) => Numbers): RowInput | undefined {
  return user && { width: user.columns.length, user: { reads: 'user', toValues } }
}

/** The item tower's columns are the items' alone, in the order of their values. */
function ofItem({ item }: FeatureRow): RowInput | undefined {
  if (item === undefined) return undefined
  const columns = Int32Array.from(item.columns.keys())
  return { width: columns.length, item: { columns, values: item.values } }
}

const ofHistory = (width: number, toValues: (user: UserSide) => Numbers): RowInput => ({
  width,
  user: { reads: 'history', toValues },
})

function sequenceInputs(
  sequence: SequenceForm,
  padding: number,
): readonly (readonly [string, RowInput | WholeInput])[] {
  const padded = (
    [items, lengths]: readonly [string, string],
    size: number,
    select: (history: Int32Array) => Int32Array = (history) => history,
  ) => {
    const pad = ({ history }: UserSide) => padSequence(select(history), { size, padding })
    return [
      [items, ofHistory(size, (user) => pad(user).items)],
      [lengths, ofHistory(1, (user) => Int32Array.of(pad(user).length))],
    ] as const
  }
  switch (sequence.kind) {
    case 'last':
      return padded(['user_interacted_seq', 'user_interacted_len'], sequence.length)
    case 'long_short':
      return [
        ...padded(
          ['long_seqs', 'long_seq_lens'],
          sequence.long,
          (history) => splitHistory(history, sequence).long,
        ),
        ...padded(
          ['short_seqs', 'short_seq_lens'],
          sequence.short,
          (history) => splitHistory(history, sequence).short,
        ),
      ]
    case 'interactions': {
      const entries = ({ history }: UserSide) => toInteractions(history, sequence.length)
      return [
        [
          'item_interaction_values',
          {
            toWhole: (user) => {
              const values = entries(user)
              return { shape: [values.length], values }
            },
          },
        ],
        [
          'item_interaction_indices',
          {
            toWhole: (user) => {
              const { length } = entries(user)
              return { shape: [length, 2], values: new Int32Array(2 * length) }
            },
          },
        ],
        ['modified_batch_size', { toWhole: () => ({ shape: [], values: Int32Array.of(1) }) }],
      ]
    }
  }
}

/** @throws RecserveError where the graph was trained with other columns, or takes numbers of another kind */
function checkShape(alias: string, { dtype, shape }: TensorSpec, input: RowInput | WholeInput): void {
  const isFloat = alias.endsWith('dense_values')
  if (!(isFloat ? ['float32'] : ['int32', 'int64']).includes(dtype)) {
    throw unfit(`the graph takes '${alias}' as ${dtype}, expected ${isFloat ? 'float32' : 'int32 or int64'}`)
  }
  if (!('width' in input)) return
  const declared = shape?.length === 2 ? shape[1]! : 1
  if (shape !== undefined && declared >= 0 && declared !== input.width) {
    throw unfit(
      `the graph takes rows of ${declared} in '${alias}', features.json has ${input.width}: they are not of one export`,
    )
  }
}

function whyUnknown(alias: string, known: ReadonlyMap<string, unknown>): string {
  return `the graph takes '${alias}', for which this folder has nothing (it has: ${[...known.keys()].join(', ')})`
}

function unfit(message: string): RecserveError {
  return new RecserveError('failed_precondition', message)
}
