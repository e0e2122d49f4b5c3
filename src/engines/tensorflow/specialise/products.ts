/** Products with a constant matrix: of each part with its rows of the matrix, of each term alone. */
import { isEqual, isOne, literal, rowCount } from '../row-wise/size.js'
import type { Builder } from './builder.js'
import { joinPairProducts, type Multiplied } from './pair-products.js'
import type { Rewrite, RewriteTable } from './rewrite.js'
import { isConstant, isOnce, rowAxisOf, type Shape, type Split, type Terms, type Whole } from './value.js'

interface Matrix {
  readonly whole: Whole
  readonly isTransposed: boolean
  readonly builder: Builder
}

const matMul: Rewrite = ({ inputs: [left, right], attrs, shape, builder }) => {
  if (left === undefined || right === undefined || left.kind === 'count' || left.shape === undefined)
    return undefined
  if (isConstant(left) || !isConstant(right) || attrs.bool('transpose_a', false)) return undefined
  if (attrs.type('T', 'float32') !== 'float32' || rowAxisOf(left.shape) !== 0) return undefined
  const matrix = { whole: right, isTransposed: attrs.bool('transpose_b', false), builder }
  if (left.kind !== 'flat') return multiply(left, matrix, shape)
  const inner = multiply(left.inner, matrix, [...left.inner.shape!.slice(0, -1), shape.at(-1)!])
  return { kind: 'flat', inner, shape }
}

function multiply(
  value: Exclude<Split, { readonly kind: 'flat' | 'count' }>,
  matrix: Matrix,
  shape: Shape,
): Whole | Terms {
  switch (value.kind) {
    case 'whole':
      return multiplyWhole(value, matrix, shape)
    case 'terms':
      return matrix.builder.addTerms(
        value.terms.map((term) => multiplyWhole(term, matrix, shape)),
        shape,
      )
    case 'parts': {
      if (value.axis !== value.shape.length - 1)
        return multiplyWhole(matrix.builder.toWhole(value), matrix, shape)
      const addends = value.parts.flatMap((part) => {
        const own = matrix.builder.pick(matrix.whole, part.places, matrix.isTransposed ? 1 : 0)
        const wholes = part.value.kind === 'terms' ? part.value.terms : [part.value]
        return wholes.map((each) => ({ value: each, matrix: own, isTransposed: matrix.isTransposed }))
      })
      return addProducts(addends, matrix.builder, shape)
    }
  }
}

function addProducts(addends: readonly Multiplied[], builder: Builder, shape: Shape): Whole | Terms {
  const joined = joinPairProducts(addends, shape, builder)
  const products = (joined?.rest ?? addends).map(({ value, matrix: whole, isTransposed }) =>
    multiplyWhole(value, { whole, isTransposed, builder }, shape),
  )
  return builder.addTerms(joined ? [joined.sum, ...products] : products, shape)
}

/** What is repeated along other axes than the last is multiplied once. */
function multiplyWhole(value: Whole, { whole, isTransposed, builder }: Matrix, shape: Shape): Whole {
  const last = value.shape!.length - 1
  const left = value.stretched.has(last) ? builder.toFull(value) : value
  const isMatrix = value.shape!.length === 2
  const attr = isMatrix
    ? { transpose_a: { b: false }, transpose_b: { b: isTransposed }, T: { type: 'float32' as const } }
    : { adj_x: { b: false }, adj_y: { b: isTransposed }, T: { type: 'float32' as const } }
  const edge = builder.emit(isMatrix ? 'MatMul' : 'BatchMatMulV2', [left.edge, whole.edge], value.side, attr)
  return { kind: 'whole', edge, side: value.side, shape, stretched: left.stretched }
}

/** Where the right matrix is the user's, one for all items, the left ones are rows of one matrix. */
const batchMatMul: Rewrite = ({ inputs: [left, right], attrs, shape, builder }) => {
  if (!left || !right || left.kind === 'count' || right.kind === 'count' || shape.length !== 3)
    return undefined
  const [a, b] = [builder.toFull(left), builder.toFull(right)]
  if (attrs.type('T') !== 'float32' || attrs.bool('adj_x', false) || !isOnce(b) || isOnce(a)) return undefined
  if (a.shape?.length !== 3 || b.shape?.length !== 3) return undefined
  if (!isEqual(b.shape[0]!, rowCount) || !isEqual(a.shape[0]!, rowCount) || !isOne(a.shape[1]!))
    return undefined
  const rows = builder.reshape(a, [rowCount, a.shape[2]!])
  const [height, width] = b.shape.slice(1)
  const matrix = builder.emit(
    'Reshape',
    [b.edge, builder.draft.integers([sizeOf(height), sizeOf(width)])],
    b.side,
    {},
  )
  const attr = {
    transpose_a: { b: false },
    transpose_b: { b: attrs.bool('adj_y', false) },
    T: { type: 'float32' as const },
  }
  const edge = builder.emit('MatMul', [rows.edge, matrix], 'pair', attr)
  const product: Whole = {
    kind: 'whole',
    edge,
    side: 'pair',
    shape: [rowCount, shape[2]!],
    stretched: new Set(),
  }
  return builder.reshape(product, [rowCount, literal(1), shape[2]!])
}

const sizeOf = (size: Shape[number] | undefined): number =>
  size && size.symbols.length === 0 ? size.factor : -1

export const productRewrites: RewriteTable = {
  MatMul: matMul,
  BatchMatMulV2: batchMatMul,
  BatchMatMul: batchMatMul,
}
