import { tryBroadcastShape } from '../../../../tensor/broadcast.js'
import type { NumericType } from '../../../../tensor/dtype.js'
import type { Tensor } from '../../../../tensor/tensor.js'
import type { AnyTensor, Kernel, OpContext } from '../../op.js'
import { expectSameType, numericInput, refuse, rounded, zeros } from './inputs.js'
import type { MatrixView } from './matrix-view.js'
import { multiply } from './multiply.js'
import { offsetsOf, stepsOf } from './strided.js'

interface Flags {
  readonly a: boolean
  readonly b: boolean
  /** Whether a transposed complex matrix is conjugated, too. */
  readonly conjugate?: boolean
}

/** MatMul and SparseMatMul: two matrices, each perhaps transposed. */
export const matMul: Kernel = (inputs, context) => {
  const { attrs } = context
  const flags = { a: attrs.bool('transpose_a', false), b: attrs.bool('transpose_b', false) }
  return [matrixProduct(inputs, flags, context)]
}

/** The product of the first two inputs. */
export function matrixProduct(
  inputs: readonly AnyTensor[],
  flags: Flags,
  context: OpContext,
): Tensor<NumericType> {
  const a = numericInput(inputs, 0, context)
  const b = numericInput(inputs, 1, context)
  if (a.shape.length !== 2 || b.shape.length !== 2) {
    refuse(context, `In[0] and In[1] must be matrices: [${a.shape}], [${b.shape}]`)
  }
  return batchProduct(a, b, flags, context)
}

/** BatchMatMul: equal batch dimensions. */
export const batchMatMul: Kernel = (inputs, context) => {
  const a = numericInput(inputs, 0, context)
  const b = numericInput(inputs, 1, context)
  const isSame =
    a.shape.length === b.shape.length && a.shape.slice(0, -2).every((size, i) => size === b.shape[i])
  if (!isSame) refuse(context, `batch dimensions must be equal: In[0]: [${a.shape}], In[1]: [${b.shape}]`)
  return batchMatMulV2(inputs, context)
}

/** BatchMatMulV2 and V3: batch dimensions broadcast. */
export const batchMatMulV2: Kernel = (inputs, context) => {
  const { attrs } = context
  const flags = { a: attrs.bool('adj_x', false), b: attrs.bool('adj_y', false), conjugate: true }
  return [batchProduct(numericInput(inputs, 0, context), numericInput(inputs, 1, context), flags, context)]
}

function batchProduct(
  a: Tensor<NumericType>,
  b: Tensor<NumericType>,
  flags: Flags,
  context: OpContext,
): Tensor<NumericType> {
  expectSameType(a, b, context)
  const { rows, inner, columns } = productSizes(a, b, flags, context)
  const batch = tryBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2))
  if (batch === undefined) {
    return refuse(
      context,
      `In[0] and In[1] must have compatible batch dimensions: [${a.shape}] vs. [${b.shape}]`,
    )
  }
  const out = zeros(a.dtype, [...batch, rows, columns])
  const aOffsets = batchOffsets(a.shape, batch)
  const bOffsets = batchOffsets(b.shape, batch)
  const conjugate = flags.conjugate ?? false
  for (let i = 0; i < aOffsets.length; i++) {
    multiply({
      dtype: a.dtype,
      rows,
      inner,
      columns,
      a: matrixAt(a, aOffsets[i]!, { transposed: flags.a, conjugate }),
      b: matrixAt(b, bOffsets[i]!, { transposed: flags.b, conjugate }),
      out: out.data,
      outAt: i * rows * columns,
    })
  }
  return rounded(out.dtype, out.shape, out.data)
}

function productSizes(a: Tensor<NumericType>, b: Tensor<NumericType>, flags: Flags, context: OpContext) {
  if (a.shape.length < 2 || b.shape.length < 2) {
    refuse(context, `In[0] and In[1] must have two dimensions at least: [${a.shape}], [${b.shape}]`)
  }
  const [aRows, aColumns] = a.shape.slice(-2) as [number, number]
  const [bRows, bColumns] = b.shape.slice(-2) as [number, number]
  const inner = flags.a ? aRows : aColumns
  if (inner !== (flags.b ? bColumns : bRows)) {
    refuse(context, `Matrix size-incompatible: In[0]: [${a.shape}], In[1]: [${b.shape}]`)
  }
  return { rows: flags.a ? aColumns : aRows, inner, columns: flags.b ? bRows : bColumns }
}

/** Where each matrix of a broadcast batch begins, in elements. */
function batchOffsets(shape: readonly number[], batch: readonly number[]): Float64Array {
  const steps = stepsOf(shape).slice(0, -2)
  const lead = batch.length - steps.length
  return offsetsOf(
    batch,
    batch.map((_, axis) => (axis < lead || shape[axis - lead] === 1 ? 0 : steps[axis - lead]!)),
  )
}

function matrixAt(
  { shape, data }: Tensor<NumericType>,
  at: number,
  { transposed, conjugate }: { transposed: boolean; conjugate: boolean },
): MatrixView {
  const columns = shape.at(-1)!
  return transposed
    ? { data, at, rowStep: 1, columnStep: columns, conjugate }
    : { data, at, rowStep: columns, columnStep: 1 }
}
