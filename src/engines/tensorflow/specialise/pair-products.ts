/**
 * Attention of a user's sequence to each item, without a tensor of all their pairs: with an item's vector x, a sequence's
 * vectors y_l and a matrix W, (x * y_l) W is x (diag(y_l) W), whose right side is the user's. So the products of all places
 * of the sequence are one matrix product of the items' vectors with [diag(y_1) W | ... | diag(y_L) W].
 */
import { literal, rowCount } from '../row-wise/size.js'
import type { Builder } from './builder.js'
import type { DraftEdge } from './draft.js'
import { isOnce, literals, type Shape, type Whole } from './value.js'

/** A factor of a sum of products, and the constant matrix that it is multiplied by. */
export interface Multiplied {
  readonly value: Whole
  readonly matrix: Whole
  readonly isTransposed: boolean
}

interface Sizes {
  readonly width: number
  readonly places: number
  readonly outputs: number
}

/**
 * The first product of pairs among the addends, with those addends that are products of the same items' vectors.
 *
 * @param shape of the sum: [items, places, outputs]
 */
export function joinPairProducts(
  addends: readonly Multiplied[],
  shape: Shape,
  builder: Builder,
): { readonly sum: Whole; readonly rest: readonly Multiplied[] } | undefined {
  const pair = addends.find(({ value }) => value.side === 'pair' && builder.factors.has(value.edge.node))
  const factors = pair && builder.factors.get(pair.value.edge.node)
  if (pair === undefined || factors === undefined) return undefined
  const { item, user } = factors
  const sizes = sizesOf(pair, factors, shape)
  if (sizes === undefined) return undefined
  const isOfItem = ({ value: { edge } }: Multiplied) =>
    edge.node === item.edge.node && edge.output === item.edge.output
  const matrices = addends.filter((addend) => addend !== pair && isOfItem(addend))
  const weights = weigh(user, { pair, matrices, sizes, builder })
  const vectors = builder.reshape({ ...item, stretched: new Set() }, [rowCount, literal(sizes.width)])
  const sum = multiply(vectors, weights, { shape, builder })
  builder.rowSums.set(sum.edge.node, (row) => addRow(row, { vectors, weights, sizes, shape, builder }))
  return { sum, rest: addends.filter((addend) => addend !== pair && !isOfItem(addend)) }
}

/** Undefined for what is no sequence of a user's against vectors of items. */
function sizesOf(
  { value }: Multiplied,
  { item, user }: { readonly item: Whole; readonly user: Whole },
  shape: Shape,
): Sizes | undefined {
  const [places, outputs] = literals(shape.slice(1)) ?? []
  const [own, width] = literals(value.shape!.slice(1)) ?? []
  if (shape.length !== 3 || places === undefined || outputs === undefined || width === undefined)
    return undefined
  const isSequence = isOnce(user) && user.shape?.length === 3 && user.stretched.size === 0 && own === places
  const isWide = [item, user].every((each) => literals(each.shape!.slice(2))?.[0] === width)
  const isVector =
    item.shape?.length === 3 && (item.stretched.has(1) || literals(item.shape.slice(1))?.[0] === 1)
  return isSequence && isWide && isVector && !item.stretched.has(2) ? { width, places, outputs } : undefined
}

interface Weighing {
  readonly pair: Multiplied
  /** Of the items' vectors alone, the same at every place. */
  readonly matrices: readonly Multiplied[]
  readonly sizes: Sizes
  readonly builder: Builder
}

/** The user's matrix [width, places * outputs]. */
function weigh(user: Whole, { pair, matrices, sizes, builder }: Weighing): DraftEdge {
  const { width, places, outputs } = sizes
  const { draft } = builder
  const emit = (op: string, inputs: readonly DraftEdge[]) => builder.emit(op, inputs, 'user', {})
  const turned = emit('Transpose', [user.edge, draft.integers([2, 1, 0])])
  const toWide = ({ matrix, isTransposed }: Multiplied): DraftEdge => {
    const upright = isTransposed
      ? builder.emit('Transpose', [matrix.edge, draft.integers([1, 0])], 'constant', {})
      : matrix.edge
    return builder.emit('Reshape', [upright, draft.integers([width, 1, outputs])], 'constant', {})
  }
  const scaled = emit('Mul', [turned, toWide(pair)])
  const all = matrices.reduce((sum, addend) => emit('AddV2', [sum, toWide(addend)]), scaled)
  return emit('Reshape', [all, draft.integers([width, places * outputs])])
}

function multiply(
  vectors: Whole,
  weights: DraftEdge,
  { shape, builder }: { readonly shape: Shape; readonly builder: Builder },
): Whole {
  const attr = { transpose_a: { b: false }, transpose_b: { b: false }, T: { type: 'float32' as const } }
  const edge = builder.emit('MatMul', [vectors.edge, weights], 'pair', attr)
  const [places, outputs] = literals(shape.slice(1))!
  const product = { ...vectors, edge, side: 'pair' as const, shape: [rowCount, literal(places! * outputs!)] }
  return builder.reshape(product, shape)
}

interface Sum {
  readonly vectors: Whole
  readonly weights: DraftEdge
  readonly sizes: Sizes
  readonly shape: Shape
  readonly builder: Builder
}

/** What the user adds to every item's row, as one more row of the matrix: the items' vectors end in 1. */
function addRow(row: Whole, { vectors, weights, sizes, shape, builder }: Sum): Whole {
  const { draft } = builder
  const { width, places, outputs } = sizes
  const axis = (at: number) => draft.integers([at], { isScalar: true })
  const own = builder.emit(
    'Reshape',
    [builder.toFull(row).edge, draft.integers([1, places * outputs])],
    'user',
    {},
  )
  const taller = builder.emit('ConcatV2', [weights, own, axis(0)], 'user', {})
  const one = builder.emit('Reshape', [draft.float(1), draft.integers([1, 1])], 'constant', {})
  const ones = builder.toEach(
    { ...vectors, edge: one, side: 'constant', shape: [rowCount, literal(1)] },
    'item',
  )
  const wider = builder.emit('ConcatV2', [vectors.edge, ones.edge, axis(1)], 'item', {})
  return multiply({ ...vectors, edge: wider, shape: [rowCount, literal(width + 1)] }, taller, {
    shape,
    builder,
  })
}
