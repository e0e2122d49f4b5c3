/** Ops on the diagonals of matrices, and of tensors. */

import { sizeOf } from '../../../../tensor/tensor.js'
import type { AnyTensor, Kernel, OpContext, OpTable } from '../../op.js'
import { spend } from '../../run-limits.js'
import { inputAt, invalid, requireScalar, sameShape, shapeText, toInteger } from './arguments.js'
import {
  type Band,
  checkBand,
  diagonalsOf,
  longestDiagonal,
  type MatrixSize,
  packedShape,
  readAlignment,
  readBand,
} from './diagonals.js'
import { openElements, type Words } from './elements.js'
import { copyWords, fillElement, moveBlocks } from './moves.js'

const mainDiagonal: Band = { lower: 0, upper: 0 }

/** What moves between matrices and packed diagonals. */
interface Packing {
  readonly band: Band
  readonly matrix: MatrixSize
  readonly longest: number
  readonly batches: number
  readonly unit: number
  readonly context: OpContext
}

/** Copies every diagonal, to packed rows or from them. */
function moveDiagonals(matrices: Words, packed: Words, packing: Packing & { readonly pack: boolean }): void {
  const { band, matrix, longest, batches, unit, pack } = packing
  const alignment = readAlignment(packing.context)
  const diagonals = diagonalsOf(band, matrix, { longest, alignment })
  const matrixSize = matrix.rows * matrix.columns
  for (let batch = 0; batch < batches; batch++) {
    for (const [m, { length, row, column, offset }] of diagonals.entries()) {
      const matrixView = {
        words: matrices,
        start: batch * matrixSize + row * matrix.columns + column,
        strides: [matrix.columns + 1],
      }
      const packedView = {
        words: packed,
        start: (batch * diagonals.length + m) * longest + offset,
        strides: [1],
      }
      if (pack) moveBlocks([length], matrixView, packedView, unit)
      else moveBlocks([length], packedView, matrixView, unit)
    }
  }
}

/** The last two sizes, and how many matrices there are. */
function matricesOf({ shape }: AnyTensor): {
  readonly matrix: MatrixSize
  readonly batch: readonly number[]
} {
  if (shape.length < 2) throw invalid(`input must be at least 2-dim, received shape: ${shapeText(shape)}`)
  return { matrix: { rows: shape.at(-2)!, columns: shape.at(-1)! }, batch: shape.slice(0, -2) }
}

const matrixDiagPart: Kernel = (inputs, context) => {
  const input = inputAt(inputs, 0)
  const { matrix, batch } = matricesOf(input)
  const [, k, padding] = inputs
  const band = k === undefined ? mainDiagonal : readBand(k)
  if (k !== undefined) checkBand(band, matrix)
  const longest = longestDiagonal(band, matrix)
  const shape = [...batch, ...packedShape(band, longest)]
  const elements = openElements(
    padding === undefined ? [input] : [input, requireScalar(padding, 'padding_value')],
  )
  const out = elements.create(shape)
  if (padding !== undefined) fillElement(elements.sources[1]!, out, 0, sizeOf(shape))
  const packing = { band, matrix, longest, batches: sizeOf(batch), unit: elements.unit, context, pack: true }
  moveDiagonals(elements.sources[0]!, out, packing)
  return [elements.toTensor(shape, out)]
}

const matrixDiag: Kernel = (inputs, context) => {
  const diagonal = inputAt(inputs, 0)
  const [, k, rowsInput, columnsInput, padding] = inputs
  const band = k === undefined ? mainDiagonal : readBand(k)
  const { longest, batch } = readPacked(diagonal, band)
  const rows = rowsInput === undefined ? -1 : toInteger(rowsInput, 'num_rows')
  const columns = columnsInput === undefined ? -1 : toInteger(columnsInput, 'num_cols')
  const matrix = inferMatrix(band, longest, { rows, columns })
  const shape = [...batch, matrix.rows, matrix.columns]
  const elements = openElements(
    padding === undefined ? [diagonal] : [diagonal, requireScalar(padding, 'padding_value')],
  )
  const out = elements.create(shape)
  if (padding !== undefined) fillElement(elements.sources[1]!, out, 0, sizeOf(shape))
  const packing = { band, matrix, longest, batches: sizeOf(batch), unit: elements.unit, context, pack: false }
  moveDiagonals(out, elements.sources[0]!, packing)
  return [elements.toTensor(shape, out)]
}

function readPacked({ shape }: AnyTensor, band: Band) {
  const count = band.upper - band.lower + 1
  const axes = count === 1 ? 1 : 2
  if (shape.length < axes)
    throw invalid(`diagonal must be at least ${axes}-dim, received shape: ${shapeText(shape)}`)
  if (axes === 2 && shape.at(-2) !== count) {
    throw invalid(
      'The number of diagonals provided in the input does not match the lower_diag_index and upper_diag_index range.',
    )
  }
  return { longest: shape.at(-1)!, batch: shape.slice(0, -axes) }
}

/** Sizes of -1 become the smallest matrix that the diagonals fit. */
function inferMatrix({ lower, upper }: Band, longest: number, { rows, columns }: MatrixSize): MatrixSize {
  const least = { rows: longest - Math.min(upper, 0), columns: longest + Math.max(lower, 0) }
  const square = Math.max(least.rows, least.columns)
  const both = rows === -1 && columns === -1
  const full = {
    rows: rows === -1 ? (both ? square : least.rows) : rows,
    columns: columns === -1 ? (both ? square : least.columns) : columns,
  }
  if (full.rows < least.rows) throw invalid('The number of rows is too small.')
  if (full.columns < least.columns) throw invalid('The number of columns is too small.')
  if (full.rows !== least.rows && full.columns !== least.columns) {
    throw invalid(
      'The number of rows or columns is not consistent with the specified d_lower, d_upper, and diagonal.',
    )
  }
  return full
}

const matrixSetDiag: Kernel = (inputs, context) => {
  const [input, diagonal] = [inputAt(inputs, 0), inputAt(inputs, 1)]
  const { matrix, batch } = matricesOf(input)
  const band = inputs[2] === undefined ? mainDiagonal : readBand(inputs[2])
  checkBand(band, matrix)
  const longest = longestDiagonal(band, matrix)
  const expected = [...batch, ...packedShape(band, longest)]
  if (!sameShape(diagonal.shape, expected)) {
    throw invalid(
      `Either first dimensions of diagonal don't match input.shape[:-2], or diagonal.shape[:-1] is not equal to the longests diagonal in range [lower_diag_index:upper_diag_index].\nInput shape: ${shapeText(input.shape)}\nDiagonal shape: ${shapeText(diagonal.shape)}\nExpected diagonal shape: ${shapeText(expected)}`,
    )
  }
  const elements = openElements([input, diagonal])
  const out = elements.create(input.shape)
  out.set(elements.sources[0]!)
  const packing = { band, matrix, longest, batches: sizeOf(batch), unit: elements.unit, context, pack: false }
  moveDiagonals(out, elements.sources[1]!, packing)
  return [elements.toTensor(input.shape, out)]
}

/** Keeps a band around the main diagonal, the rest zero; a negative number keeps that whole side. */
const matrixBandPart: Kernel = (inputs) => {
  const input = inputAt(inputs, 0)
  const { matrix, batch } = matricesOf(input)
  const { rows, columns } = matrix
  const below = toInteger(inputAt(inputs, 1), 'num_lower')
  const above = toInteger(inputAt(inputs, 2), 'num_upper')
  if (below > rows)
    throw invalid(`num_lower must be negative or less or equal to number of rows (${rows}) got: ${below}`)
  if (above > columns) {
    throw invalid(
      `num_upper must be negative or less or equal to number of columns (${columns}) got: ${above}`,
    )
  }
  const elements = openElements([input])
  const { unit } = elements
  const out = elements.create(input.shape)
  for (let i = 0; i < sizeOf(batch) * rows; i++) {
    spend(columns)
    const row = i % rows
    const from = below < 0 ? 0 : Math.min(columns, Math.max(0, row - below))
    const to = above < 0 ? columns : Math.min(columns, row + above + 1)
    const at = (i * columns + from) * unit
    copyWords(elements.sources[0]!, at, out, at, Math.max(0, to - from) * unit)
  }
  return [elements.toTensor(input.shape, out)]
}

/** A tensor of any rank on the diagonal of one of twice that rank: with flat indices, a vector on a matrix. */
const diag: Kernel = (inputs) => {
  const input = inputAt(inputs, 0)
  if (input.shape.length === 0) throw invalid('Input must be at least rank 1, got 0')
  const count = sizeOf(input.shape)
  const elements = openElements([input])
  const out = elements.create([count, count])
  const to = { words: out, strides: [count + 1] }
  moveBlocks([count], { words: elements.sources[0]!, strides: [1] }, to, elements.unit)
  return [elements.toTensor([...input.shape, ...input.shape], out)]
}

const diagPart: Kernel = (inputs) => {
  const input = inputAt(inputs, 0)
  const half = input.shape.length / 2
  if (half < 1 || !Number.isInteger(half)) {
    throw invalid(`The rank of the tensor should be even and positive, got shape ${shapeText(input.shape)}`)
  }
  const shape = input.shape.slice(0, half)
  if (!sameShape(shape, input.shape.slice(half))) {
    throw invalid(`Invalid shape ${shapeText(input.shape)}: both halves should match`)
  }
  const count = sizeOf(shape)
  const elements = openElements([input])
  const out = elements.create(shape)
  const from = { words: elements.sources[0]!, strides: [count + 1] }
  moveBlocks([count], from, { words: out, strides: [1] }, elements.unit)
  return [elements.toTensor(shape, out)]
}

export const matrixDiagOps: OpTable = {
  MatrixDiag: { kernel: matrixDiag },
  MatrixDiagV2: { kernel: matrixDiag },
  MatrixDiagV3: { kernel: matrixDiag },
  MatrixDiagPart: { kernel: matrixDiagPart },
  MatrixDiagPartV2: { kernel: matrixDiagPart },
  MatrixDiagPartV3: { kernel: matrixDiagPart },
  MatrixSetDiag: { kernel: matrixSetDiag },
  MatrixSetDiagV2: { kernel: matrixSetDiag },
  MatrixSetDiagV3: { kernel: matrixSetDiag },
  MatrixBandPart: { kernel: matrixBandPart },
  Diag: { kernel: diag },
  DiagPart: { kernel: diagPart },
}
