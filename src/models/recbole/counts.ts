/**
 * How many internal ids a model was trained with, as the shapes of its weights tell, against how many there are tokens for.
 * Ids that come of other data than the model's are shifted without a sign; a count that differs is the sign.
 */
import type { PickleValue } from '../../formats/pickle/value.js'
import type { RecBoleDataset } from './dataset.js'

/** A number that ids have to agree with, and where it stands. */
export interface Count {
  readonly count: number
  /** For messages: `item_embedding.weight [251, 32]`. */
  readonly place: string
}

export interface ModelCounts {
  readonly users: Count | undefined
  readonly items: Count | undefined
  readonly entities: Count | undefined
  /** Rows of tables that hold several fields one below the other. */
  readonly joined: readonly (Count & { readonly holds: readonly ('users' | 'items')[] })[]
}

export interface CountedModel {
  readonly className: string
  shapeOf(name: string): readonly number[] | undefined
  /** Shapes of what the model keeps besides its weights. */
  otherShapeOf(name: string): readonly number[] | undefined
}

/** Where a count stands: a tensor, the axis, and how many of its rows are no ids. */
interface Place {
  readonly tensor: string
  readonly axis: number
  readonly extra: number
}

const at = (tensor: string, axis = 0, extra = 0): Place => ({ tensor, axis, extra })

/** Classes whose item table has one more row, for the mask token. */
const withMask = ['BERT4Rec', 'S3Rec']

/** The first that a checkpoint has is taken: RecBole's models name their tables in few ways. */
const itemPlaces = [
  at('item_embedding.weight'),
  at('item_matrix.weight'),
  at('IU_emb.weight'),
  at('item_emb.weight'),
  at('item_mf_embedding.weight'),
  at('item_mlp_embedding.weight'),
  at('item_src_embedding.weight'),
  at('out_layer.weight'),
  at('decoder.weight'),
  at('decoder.2.weight'),
  at('autoencoder.decoder.mlp_layers.1.weight'),
  at('user_linear.weight', 1),
]
const otherItemPlaces = [at('item_cnt'), at('pred_mat', 1), at('item_similarity'), at('restore_item_e')]
const userPlaces = [
  at('user_embedding.weight'),
  at('user_emb.weight'),
  at('UI_emb.weight'),
  at('user_embeddings_lookup.weight'),
  at('user_mf_embedding.weight'),
  at('user_mlp_embedding.weight'),
  at('user_lambda.weight'),
  at('h_user.weight'),
  at('user_bias'),
  at('item_linear.weight', 1),
]
const otherUserPlaces = [at('pred_mat'), at('interaction_matrix'), at('restore_user_e')]
const entityPlaces = [at('entity_embedding.weight'), at('entity_embeddings_lookup.weight')]

/** Context models: users, items and other fields in one table; DIN and DIEN: one for each side. */
const joinedPlaces = [
  { tensor: 'token_embedding_table.embedding.weight', holds: ['users', 'items'] },
  { tensor: 'embedding_layer.token_embedding_table.item.embedding.weight', holds: ['items'] },
  { tensor: 'embedding_layer.token_embedding_table.user.embedding.weight', holds: ['users'] },
] as const

export function countsOf(model: CountedModel): ModelCounts {
  const shapeOf = (name: string) => model.shapeOf(name)
  const otherShapeOf = (name: string) => model.otherShapeOf(name)
  const extra = withMask.includes(model.className) ? 1 : 0
  // KSR and GRU4RecKG keep one entity per item, not all entities.
  const isSequential = shapeOf('entity_embedding.weight')?.[0] === shapeOf('item_embedding.weight')?.[0]
  return {
    users: countAt(userPlaces, shapeOf) ?? countAt(otherUserPlaces, otherShapeOf),
    items:
      countAt(
        itemPlaces.map((place) => ({ ...place, extra })),
        shapeOf,
      ) ?? countAt(otherItemPlaces, otherShapeOf),
    entities: isSequential ? undefined : countAt(entityPlaces, shapeOf),
    joined: joinedPlaces.flatMap(({ tensor, holds }) => {
      const count = countAt([at(tensor)], shapeOf)
      return count ? [{ ...count, holds }] : []
    }),
  }
}

function countAt(
  places: readonly Place[],
  shapeOf: (name: string) => readonly number[] | undefined,
): Count | undefined {
  for (const { tensor, axis, extra } of places) {
    const shape = shapeOf(tensor)
    const size = shape?.[axis]
    if (size !== undefined) return { count: size - extra, place: `${tensor} [${shape!.join(', ')}]` }
  }
  return undefined
}

export interface IdFieldNames {
  readonly userField: string
  readonly itemField: string
  readonly entityField: string
}

/** What does not agree, with both numbers; undefined when everything that can be compared does. */
export function disagreement(
  { tokens, source }: Pick<RecBoleDataset, 'tokens' | 'source'>,
  counts: ModelCounts,
  { userField, itemField, entityField }: IdFieldNames,
): string | undefined {
  const sides = [
    ['item', itemField, counts.items],
    ['user', userField, counts.users],
    ['entity', entityField, counts.entities],
  ] as const
  for (const [what, field, expected] of sides) {
    const found = tokens.get(field)?.length
    if (expected && found !== undefined && found !== expected.count) {
      return `${source} gives ${found} ${what} ids ([PAD] among them), the model has ${expected.count} (${expected.place})`
    }
  }
  for (const { count, place, holds } of counts.joined) {
    const held = holds.map((side) => (side === 'users' ? userField : itemField))
    const sizes = [...tokens]
      .filter(([field]) => field !== userField && field !== itemField)
      .map(([, { length }]) => length)
    const least = held.reduce((sum, field) => sum + (tokens.get(field)?.length ?? 0), 0)
    if (!isSumOf(sizes, count - least)) {
      return `${source} gives ${least} ids of ${held.join(' and ')}, with which no choice of its other fields (${listed(sizes)}) makes the model's ${count} rows (${place})`
    }
  }
  return undefined
}

const listed = (sizes: readonly number[]): string =>
  `${sizes.slice(0, maxListed).join(', ') || 'none'}${sizes.length > maxListed ? ` and ${sizes.length - maxListed} more` : ''}`

/** For messages. */
const maxListed = 20

/** Most bits that are gone through to compare: a second's work. */
const maxSumBits = 2 ** 32

/**
 * Whether some of the sizes, each taken once, add up to a sum; true as well where it would take too long to tell.
 * Bit n of `reachable` says that some of them add up to n.
 */
export function isSumOf(sizes: readonly number[], sum: number): boolean {
  if (sum <= 0) return sum === 0
  const smaller = sizes.filter((size) => size > 0 && size <= sum)
  if (sum * smaller.length > maxSumBits || sum >= maxBits) return true
  let reachable = 1n
  for (const size of smaller) {
    reachable = BigInt.asUintN(sum + 1, reachable | (reachable << BigInt(size)))
  }
  return reachable >> BigInt(sum) === 1n
}

/** Half of what V8 lets an integer have. */
const maxBits = 2 ** 29

/** The shape of a value of a pickle, where it has one. */
export function shapeOfValue(value: PickleValue | undefined): readonly number[] | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if ('shape' in value && Array.isArray(value.shape)) return value.shape
  // SciPy's matrices keep it among their attributes.
  const state = 'attributes' in value && value.attributes instanceof Map ? value.attributes : undefined
  const shape = state?.get('_shape') ?? state?.get('shape')
  return Array.isArray(shape) && shape.every((size) => typeof size === 'number') ? shape : undefined
}
