/** Inverse, determinant and solutions of small square matrices, batched over leading dimensions; computed in double precision. */

import { tryBroadcastShape } from '../../../../tensor/broadcast.js'
import type { AnyTensor, Kernel, OpContext } from '../../op.js'
import { spend } from '../../run-limits.js'
import { newScratch } from '../new-data.js'
import { determinantOf, type Factors, factorize, type Square, solve, solveTriangular } from './factors.js'
import { expectSameType, type FloatTensor, floatArray, floatInput, refuse, rounded } from './inputs.js'
import { offsetsOf, stepsOf } from './strided.js'

export const matrixInverse: Kernel = (inputs, context) => {
  const input = squareInput(inputs, context)
  const { dtype, shape, data } = input
  const size = shape.at(-1)!
  const out = floatArray(dtype, data.length)
  const adjoint = context.attrs.bool('adjoint', false)
  for (let at = 0; at < data.length; at += size * size) {
    const factors = invertible(factorize(squareAt(input, at, adjoint)), 'Input is not invertible.', context)
    const identity = newScratch(size * size)
    for (let i = 0; i < size; i++) identity[i * size + i] = 1
    solve(factors, identity, size)
    out.set(identity, at)
  }
  return [rounded(dtype, shape, out)]
}

export const matrixDeterminant: Kernel = (inputs, context) => {
  const { dtype, shape, determinants } = determinantsOf(inputs, context)
  const out = floatArray(dtype, determinants.length)
  for (const [i, { product }] of determinants.entries()) out[i] = product
  return [rounded(dtype, shape, out)]
}

/** Sign and logarithm of the absolute value. */
export const logMatrixDeterminant: Kernel = (inputs, context) => {
  const { dtype, shape, determinants } = determinantsOf(inputs, context)
  const sign = floatArray(dtype, determinants.length)
  const logarithm = floatArray(dtype, determinants.length)
  for (const [i, determinant] of determinants.entries()) {
    sign[i] = determinant.sign
    logarithm[i] = determinant.logAbsolute
  }
  return [rounded(dtype, shape, sign), rounded(dtype, shape, logarithm)]
}

function determinantsOf(inputs: readonly AnyTensor[], context: OpContext) {
  const input = squareInput(inputs, context)
  const size = input.shape.at(-1)!
  const shape = input.shape.slice(0, -2)
  const count = shape.reduce((product, n) => product * n, 1)
  const determinants = Array.from({ length: count }, (_, i) =>
    determinantOf(factorize(squareAt(input, i * size * size, false))),
  )
  return { dtype: input.dtype, shape, determinants }
}

/** The lower triangular matrix whose product with its transpose is the input; only the input's lower triangle is read. */
export const cholesky: Kernel = (inputs, context) => {
  const { dtype, shape, data } = squareInput(inputs, context)
  const size = shape.at(-1)!
  const out = floatArray(dtype, data.length)
  for (let at = 0; at < data.length; at += size * size) {
    const lower = newScratch(size * size)
    for (let i = 0; i < size; i++) {
      for (let j = 0; j <= i; j++) {
        let rest = data[at + i * size + j]!
        spend(j)
        for (let k = 0; k < j; k++) rest -= lower[i * size + k]! * lower[j * size + k]!
        if (i === j && !(rest > 0)) {
          refuse(context, 'Cholesky decomposition was not successful. The input might not be valid.')
        }
        lower[i * size + j] = i === j ? Math.sqrt(rest) : rest / lower[j * size + j]!
      }
    }
    out.set(lower, at)
  }
  return [rounded(dtype, shape, out)]
}

export const matrixSolve: Kernel = (inputs, context) => {
  const adjoint = context.attrs.bool('adjoint', false)
  return solveEach(inputs, context, (matrix, at, right, columns) => {
    const factors = factorize(squareAt(matrix, at, adjoint))
    solve(invertible(factors, 'Input matrix is not invertible.', context), right, columns)
  })
}

export const matrixTriangularSolve: Kernel = (inputs, context) => {
  const adjoint = context.attrs.bool('adjoint', false)
  const lower = context.attrs.bool('lower', true) !== adjoint
  return solveEach(inputs, context, (matrix, at, right, columns) => {
    const square = squareAt(matrix, at, adjoint)
    for (let i = 0; i < square.size; i++) {
      if (square.data[i * square.size + i] === 0) refuse(context, 'Input matrix is not invertible.')
    }
    solveTriangular(square, right, { columns, lower })
  })
}

/** Lets `visit` turn each right side into the solution. Batch dimensions broadcast. */
function solveEach(
  inputs: readonly AnyTensor[],
  context: OpContext,
  visit: (matrix: FloatTensor, at: number, right: Float64Array, columns: number) => void,
): readonly AnyTensor[] {
  const matrix = squareInput(inputs, context)
  const right = floatInput(inputs, 1, context)
  expectSameType(matrix, right, context)
  const size = matrix.shape.at(-1)!
  if (right.shape.length < 2 || right.shape.at(-2) !== size) {
    refuse(context, `Input matrix and rhs are incompatible: [${matrix.shape}] and [${right.shape}]`)
  }
  const columns = right.shape.at(-1)!
  const batch = tryBroadcastShape(matrix.shape.slice(0, -2), right.shape.slice(0, -2))
  if (batch === undefined)
    return refuse(context, `batch dimensions do not fit: [${matrix.shape}] and [${right.shape}]`)
  const matrixOffsets = batchOffsets(matrix.shape, batch)
  const rightOffsets = batchOffsets(right.shape, batch)
  const out = floatArray(matrix.dtype, matrixOffsets.length * size * columns)
  for (const [i, at] of matrixOffsets.entries()) {
    const from = rightOffsets[i]!
    const solution = newScratch(size * columns)
    solution.set(right.data.subarray(from, from + size * columns))
    visit(matrix, at, solution, columns)
    out.set(solution, i * size * columns)
  }
  return [rounded(matrix.dtype, [...batch, size, columns], out)]
}

function batchOffsets(shape: readonly number[], batch: readonly number[]): Float64Array {
  const steps = stepsOf(shape)
  const lead = batch.length - (shape.length - 2)
  return offsetsOf(
    batch,
    batch.map((_, axis) => (axis < lead || shape[axis - lead] === 1 ? 0 : steps[axis - lead]!)),
  )
}

function squareInput(inputs: readonly AnyTensor[], context: OpContext): FloatTensor {
  const input = floatInput(inputs, 0, context)
  if (input.shape.length < 2) refuse(context, `Input must have rank >= 2, got ${input.shape.length}`)
  if (input.shape.at(-1) !== input.shape.at(-2))
    refuse(context, `Input matrix must be square: [${input.shape}]`)
  return input
}

/** A copy of one matrix, transposed if so wanted. */
function squareAt({ shape, data }: FloatTensor, at: number, transposed: boolean): Square {
  const size = shape.at(-1)!
  spend(size * size)
  const copy = newScratch(size * size)
  copy.set(data.subarray(at, at + size * size))
  if (!transposed) return { size, data: copy }
  return { size, data: copy.map((_, i) => data[at + (i % size) * size + Math.floor(i / size)]!) }
}

function invertible(factors: Factors, text: string, context: OpContext): Factors {
  for (let i = 0; i < factors.size; i++) if (factors.data[i * factors.size + i] === 0) refuse(context, text)
  return factors
}
