/** How diagonals of matrices are packed into rows (TensorFlow's matrix_diag_op.cc). */

import type { AnyTensor, OpContext } from '../../op.js'
import { invalid, shapeText, toList } from './arguments.js'

/** Diagonals `lower` to `upper` of the matrix; 0 is the main one, positive ones lie above it. */
export interface Band {
  readonly lower: number
  readonly upper: number
}

export interface MatrixSize {
  readonly rows: number
  readonly columns: number
}

/** Where a packed diagonal begins when it is shorter than the longest one. */
export interface Alignment {
  readonly upperLeft: boolean
  readonly lowerLeft: boolean
}

/** One diagonal, and its place in its packed row. */
interface Diagonal {
  readonly length: number
  readonly row: number
  readonly column: number
  readonly offset: number
}

export function readBand(k: AnyTensor): Band {
  const values = toList(k)
  if (k.shape.length > 1 || values.length < 1 || values.length > 2) {
    throw invalid(
      `diag_index must be a scalar or vector of one or two elements, received shape: ${shapeText(k.shape)}`,
    )
  }
  const lower = values[0]!
  const upper = values[1] ?? lower
  if (lower > upper) {
    throw invalid(`lower_diag_index must not be larger than upper_diag_index: ${lower} > ${upper}`)
  }
  return { lower, upper }
}

export function checkBand({ lower, upper }: Band, { rows, columns }: MatrixSize): void {
  for (const [name, index] of [
    ['lower', lower],
    ['upper', upper],
  ] as const) {
    if (index === 0 || (index > -rows && index < columns)) continue
    throw invalid(`${name}_diag_index is out of bound: ${index}. It must be between ${-rows} and ${columns}`)
  }
}

/** V1 and V2 pack to the left, V3 says. */
export function readAlignment({ op, attrs }: OpContext): Alignment {
  if (!op.endsWith('V3')) return { upperLeft: true, lowerLeft: true }
  const [upper, lower] = attrs.string('align', 'RIGHT_LEFT').split('_')
  return { upperLeft: upper === 'LEFT', lowerLeft: lower === 'LEFT' }
}

export function longestDiagonal({ lower, upper }: Band, { rows, columns }: MatrixSize): number {
  return Math.min(rows + Math.min(upper, 0), columns - Math.max(lower, 0))
}

/** The sizes packed diagonals take: the axis of diagonals is left out where there is one. */
export function packedShape(band: Band, longest: number): number[] {
  return band.lower === band.upper ? [longest] : [band.upper - band.lower + 1, longest]
}

/** Diagonals in packed order: the uppermost first. */
export function diagonalsOf(
  band: Band,
  matrix: MatrixSize,
  { longest, alignment }: { readonly longest: number; readonly alignment: Alignment },
): Diagonal[] {
  return Array.from({ length: band.upper - band.lower + 1 }, (_, m) => {
    const index = band.upper - m
    const length = Math.max(
      0,
      Math.min(matrix.rows + Math.min(0, index), matrix.columns - Math.max(0, index)),
    )
    const left = (index >= 0 && alignment.upperLeft) || (index <= 0 && alignment.lowerLeft)
    return {
      length,
      row: Math.max(0, -index),
      column: Math.max(0, index),
      offset: left ? 0 : longest - length,
    }
  })
}
