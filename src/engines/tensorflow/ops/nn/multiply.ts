/** Matrix products of every dtype on typed arrays: what MatMul, BatchMatMul, Einsum and the convolutions come down to. */

import type { NumericType, TypedArray } from '../../../../tensor/dtype.js'
import { toFloat16 } from '../../../../tensor/float16.js'
import { blockElements, spend } from '../../run-limits.js'
import { newScratch } from '../new-data.js'
import type { FloatArray, MatrixView } from './matrix-view.js'
import { multiplyTiles } from './tiles.js'

/** `out = a b`, with `a` of rows x inner and `b` of inner x columns; `out` is contiguous from `outAt` on, and zeros before. */
export interface Product {
  readonly dtype: NumericType
  readonly rows: number
  readonly inner: number
  readonly columns: number
  readonly a: MatrixView
  readonly b: MatrixView
  readonly out: TypedArray
  readonly outAt: number
}

export function multiply(product: Product): void {
  switch (product.dtype) {
    case 'float16':
      addInPieces(product, addHalves)
      break
    case 'bfloat16':
    case 'float32':
    case 'float64':
      multiplyFloats(product)
      break
    case 'int64':
    case 'uint64':
      addInPieces(product, addBigInts)
      break
    case 'complex64':
    case 'complex128':
      addInPieces(product, addComplex)
      break
    default:
      addInPieces(product, addIntegers)
  }
}

/** Pieces of the inner axis one after another, each short enough that the clock is looked at between them. */
function addInPieces(product: Product, add: (piece: Product) => void): void {
  const { inner, a, b } = product
  for (let k = 0; k < inner; k += blockElements) {
    add({
      ...product,
      inner: Math.min(blockElements, inner - k),
      a: { ...a, at: a.at + k * a.columnStep },
      b: { ...b, at: b.at + k * b.rowStep },
    })
  }
}

/** Sums in double precision, rounded once when stored. */
function multiplyFloats(product: Product): void {
  const { rows, inner, columns, a, b, out, outAt } = product
  if (rows >= 4 && columns >= 4) {
    multiplyTiles({ ...product, out: out as FloatArray })
    return
  }
  const aData = a.data as FloatArray
  const bData = b.data as FloatArray
  const target = out as FloatArray
  const row = newScratch(inner)
  const sums = newScratch(columns)
  const byRows = b.columnStep === 1 && (columns > 1 || b.rowStep !== 1)
  for (let r = 0, to = outAt; r < rows; r++, to += columns) {
    spend(inner * columns)
    for (let k = 0, from = a.at + r * a.rowStep; k < inner; k++, from += a.columnStep) row[k] = aData[from]!
    if (byRows) {
      sums.fill(0)
      addWeightedRows(sums, 0, columns, row, 0, inner, bData, b.at, b.rowStep)
      target.set(sums, to)
    } else {
      for (let c = 0, from = b.at; c < columns; c++, from += b.columnStep) {
        target[to + c] =
          b.rowStep === 1 ? dot(row, 0, bData, from, inner) : dotSteps(row, bData, from, b.rowStep)
      }
    }
  }
}

/**
 * `sums[sumsAt + j] += sum over k of weights[weightsAt + k] * rows[rowsAt + k * rowStep + j]` for j below `width`. Four rows
 * at a time, so that each sum is loaded and stored a quarter as often.
 */
export function addWeightedRows(
  sums: Float64Array,
  sumsAt: number,
  width: number,
  weights: FloatArray,
  weightsAt: number,
  count: number,
  rows: FloatArray,
  rowsAt: number,
  rowStep: number,
): void {
  let k = 0
  let first = rowsAt
  for (; k + 4 <= count; k += 4, first += 4 * rowStep) {
    const second = first + rowStep
    const third = second + rowStep
    const fourth = third + rowStep
    const w0 = weights[weightsAt + k]!
    const w1 = weights[weightsAt + k + 1]!
    const w2 = weights[weightsAt + k + 2]!
    const w3 = weights[weightsAt + k + 3]!
    for (let j = 0; j < width; j++) {
      sums[sumsAt + j]! +=
        w0 * rows[first + j]! + w1 * rows[second + j]! + (w2 * rows[third + j]! + w3 * rows[fourth + j]!)
    }
  }
  for (; k < count; k++, first += rowStep) {
    const weight = weights[weightsAt + k]!
    for (let j = 0; j < width; j++) sums[sumsAt + j]! += weight * rows[first + j]!
  }
}

/** `sum of a[aAt + k] * b[bAt + k]` for k below `length`, in double precision and four strands. */
export function dot(a: FloatArray, aAt: number, b: FloatArray, bAt: number, length: number): number {
  let s0 = 0
  let s1 = 0
  let s2 = 0
  let s3 = 0
  let k = 0
  for (; k + 4 <= length; k += 4) {
    s0 += a[aAt + k]! * b[bAt + k]!
    s1 += a[aAt + k + 1]! * b[bAt + k + 1]!
    s2 += a[aAt + k + 2]! * b[bAt + k + 2]!
    s3 += a[aAt + k + 3]! * b[bAt + k + 3]!
  }
  for (; k < length; k++) s0 += a[aAt + k]! * b[bAt + k]!
  return s0 + s1 + (s2 + s3)
}

function dotSteps(row: Float64Array, b: FloatArray, at: number, step: number): number {
  let sum = 0
  for (let k = 0, from = at; k < row.length; k++, from += step) sum += row[k]! * b[from]!
  return sum
}

/** What a product costs that is rounded, of 64-bit integers or of complex numbers, in simple ones. */
const operationsPerStep = 8

/** TensorFlow's products of float16 round every step, not only the last: sums of many terms differ by more than one place. */
function addHalves({ rows, inner, columns, a, b, out, outAt }: Product): void {
  const aData = a.data as FloatArray
  const bData = b.data as FloatArray
  const target = out as FloatArray
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      spend(inner * operationsPerStep)
      let sum = target[outAt + r * columns + c]!
      let from = a.at + r * a.rowStep
      let other = b.at + c * b.columnStep
      for (let k = 0; k < inner; k++, from += a.columnStep, other += b.rowStep) {
        sum = toFloat16(sum + toFloat16(aData[from]! * bData[other]!))
      }
      target[outAt + r * columns + c] = sum
    }
  }
}

/** Modulo the width of the dtype, as the processor's integers are: the low 32 bits are right, and the store cuts them. */
function addIntegers({ rows, inner, columns, a, b, out, outAt }: Product): void {
  const aData = a.data as Int32Array
  const bData = b.data as Int32Array
  const target = out as Int32Array
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      spend(inner * operationsPerStep)
      let sum = target[outAt + r * columns + c]!
      let from = a.at + r * a.rowStep
      let other = b.at + c * b.columnStep
      for (let k = 0; k < inner; k++, from += a.columnStep, other += b.rowStep) {
        sum = (sum + Math.imul(aData[from]!, bData[other]!)) | 0
      }
      target[outAt + r * columns + c] = sum
    }
  }
}

/** The store takes the low 64 bits. */
function addBigInts({ rows, inner, columns, a, b, out, outAt }: Product): void {
  const aData = a.data as BigInt64Array
  const bData = b.data as BigInt64Array
  const target = out as BigInt64Array
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      spend(inner * operationsPerStep)
      let sum = target[outAt + r * columns + c]!
      let from = a.at + r * a.rowStep
      let other = b.at + c * b.columnStep
      for (let k = 0; k < inner; k++, from += a.columnStep, other += b.rowStep)
        sum += aData[from]! * bData[other]!
      target[outAt + r * columns + c] = sum
    }
  }
}

function addComplex({ rows, inner, columns, a, b, out, outAt }: Product): void {
  const aData = a.data as FloatArray
  const bData = b.data as FloatArray
  const target = out as FloatArray
  const aSign = a.conjugate ? -1 : 1
  const bSign = b.conjugate ? -1 : 1
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      spend(inner * operationsPerStep)
      const to = 2 * (outAt + r * columns + c)
      let real = target[to]!
      let imaginary = target[to + 1]!
      for (let k = 0; k < inner; k++) {
        const from = 2 * (a.at + r * a.rowStep + k * a.columnStep)
        const other = 2 * (b.at + k * b.rowStep + c * b.columnStep)
        const x = aData[from]!
        const y = aSign * aData[from + 1]!
        const u = bData[other]!
        const v = bSign * bData[other + 1]!
        real += x * u - y * v
        imaginary += x * v + y * u
      }
      target[to] = real
      target[to + 1] = imaginary
    }
  }
}
