import { spend } from '../../run-limits.js'
import { newScratch } from '../new-data.js'
import type { FloatArray, MatrixView } from './matrix-view.js'

/** Rows and columns of a tile: eight sums and six factors fit the processor's registers. */
const tileRows = 2
const tileColumns = 4

export interface TiledProduct {
  readonly rows: number
  readonly inner: number
  readonly columns: number
  readonly a: MatrixView
  readonly b: MatrixView
  readonly out: FloatArray
  readonly outAt: number
}

/**
 * The product of matrices of several rows, in double precision: every factor that is loaded serves two or four sums. Four
 * times as fast as row by row from 16 rows on (bench of 64 x 256 x 256: 2.0 against 7.9 ms).
 */
export function multiplyTiles({ rows, inner, columns, a, b, out, outAt }: TiledProduct): void {
  const left = packRows(a, rows, inner)
  const panel = newScratch(inner * tileColumns)
  const sums = new Float64Array(tileRows * tileColumns)
  for (let c = 0; c < columns; c += tileColumns) {
    const width = Math.min(tileColumns, columns - c)
    packPanel(panel, b, c, width)
    for (let r = 0; r < rows; r += tileRows) {
      spend(inner * tileRows * tileColumns)
      multiplyTile(left, r * inner, panel, sums)
      for (let i = 0; i < Math.min(tileRows, rows - r); i++) {
        const to = outAt + (r + i) * columns + c
        for (let j = 0; j < width; j++) out[to + j] = sums[i * tileColumns + j]!
      }
    }
  }
}

/** Pairs of rows, element by element side by side; an odd one beside zeros. */
function packRows({ data, at, rowStep, columnStep }: MatrixView, rows: number, inner: number): Float64Array {
  const from = data as FloatArray
  const packed = newScratch(Math.ceil(rows / tileRows) * tileRows * inner)
  for (let r = 0; r < rows; r++) {
    spend(inner)
    const first = (r - (r % tileRows)) * inner + (r % tileRows)
    for (let k = 0, source = at + r * rowStep; k < inner; k++, source += columnStep) {
      packed[first + k * tileRows] = from[source]!
    }
  }
  return packed
}

/** Up to four columns side by side. */
function packPanel(
  panel: Float64Array,
  { data, at, rowStep, columnStep }: MatrixView,
  column: number,
  width: number,
): void {
  const from = data as FloatArray
  const inner = panel.length / tileColumns
  if (width < tileColumns) panel.fill(0)
  for (let j = 0; j < width; j++) {
    for (let k = 0, source = at + (column + j) * columnStep; k < inner; k++, source += rowStep) {
      panel[k * tileColumns + j] = from[source]!
    }
  }
}

function multiplyTile(left: Float64Array, leftAt: number, panel: Float64Array, sums: Float64Array): void {
  let a0 = 0
  let a1 = 0
  let a2 = 0
  let a3 = 0
  let b0 = 0
  let b1 = 0
  let b2 = 0
  let b3 = 0
  for (let at = 0, k = leftAt; at < panel.length; at += 4, k += 2) {
    const x = left[k]!
    const y = left[k + 1]!
    const p0 = panel[at]!
    const p1 = panel[at + 1]!
    const p2 = panel[at + 2]!
    const p3 = panel[at + 3]!
    a0 += x * p0
    a1 += x * p1
    a2 += x * p2
    a3 += x * p3
    b0 += y * p0
    b1 += y * p1
    b2 += y * p2
    b3 += y * p3
  }
  sums[0] = a0
  sums[1] = a1
  sums[2] = a2
  sums[3] = a3
  sums[4] = b0
  sums[5] = b1
  sums[6] = b2
  sums[7] = b3
}
