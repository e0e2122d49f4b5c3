/** Ops that reduce rows picked by index: the embedding bags of sparse features. */

import { type DataType, type NumericType, typedArrays } from '../../../../tensor/dtype.js'
import { type Tensor, tensor } from '../../../../tensor/tensor.js'
import { MappedTensor } from '../../mapped-tensor.js'
import type { AnyTensor, Kernel, OpTable } from '../../op.js'
import { claimTensor, spend } from '../../run-limits.js'
import { inputAt, invalid, shapeText, sizeBetween, toIntegers } from '../array/arguments.js'
import { roundingOf } from '../array/combine.js'
import { newData } from '../new-data.js'
import { readCount, readSortedIds, segmentCount } from './ids.js'
import { newFilled } from './limits.js'

type FloatTensor = Tensor<'float16' | 'bfloat16' | 'float32' | 'float64'>

const floats: readonly string[] = ['float16', 'bfloat16', 'float32', 'float64']

function requireFloats(input: AnyTensor): FloatTensor {
  if (floats.includes(input.dtype)) return input as FloatTensor
  throw invalid(`sparse segments are of floats, got ${input.dtype}`)
}

/** By what the sum of n rows is divided. */
type Divisor = (n: number) => number

const one: Divisor = () => 1
const byCount: Divisor = (n) => n
const byRoot: Divisor = (n) => Math.sqrt(n)

/** @param counted whether the number of segments is the fourth input. */
function sparseSegments(divisor: Divisor, counted: boolean): Kernel {
  return (inputs) => {
    const data = requireFloats(inputAt(inputs, 0))
    const indices = inputAt(inputs, 1)
    if (indices.shape.length !== 1)
      throw invalid(`indices should be a vector, got ${shapeText(indices.shape)}`)
    if (data.shape.length === 0) throw invalid('input must be at least rank 1')
    const rows = toIntegers(indices)
    const ids = readSortedIds(inputAt(inputs, 2), rows.length)
    const count = counted ? readCount(inputAt(inputs, 3)) : segmentCount(ids)
    if (segmentCount(ids) > count) throw invalid('segment ids must be < num_segments')
    const limit = data.shape[0]!
    for (let i = 0; i < rows.length; i++) {
      if (rows[i]! >= 0 && rows[i]! < limit) continue
      throw invalid(`Bad: indices[${i}] == ${rows[i]} out of range [0, ${limit})`)
    }
    const shape = [count, ...data.shape.slice(1)]
    const out = newFilled(data.dtype, shape, 0) as Float32Array | Float64Array
    const block = sizeBetween(shape, 1)
    addRows(out, wantedRows(data, rows), { ids, block })
    divideSums(out, { ids, block, divisor })
    roundAll(data.dtype, out)
    return [tensor(data.dtype, shape, out as Float32Array & Float64Array)]
  }
}

interface Wanted {
  readonly data: Float32Array | Float64Array
  /** Which row of `data` is added when. */
  readonly rows: ArrayLike<number>
}

const isMapped = (table: AnyTensor): table is MappedTensor<DataType> => table instanceof MappedTensor

/** Of a table that stays in its file only the rows that are added. */
function wantedRows(table: FloatTensor, rows: ArrayLike<number>): Wanted {
  if (!isMapped(table)) return { data: table.data, rows }
  const shape = [rows.length, ...table.shape.slice(1)]
  const bytes = sizeBetween(shape, 0) * typedArrays[table.dtype].BYTES_PER_ELEMENT
  claimTensor(table.dtype, shape, bytes)
  const data = table.rows(rows) as Wanted['data']
  return { data, rows: newData('int32', [rows.length]).map((_, i) => i) }
}

function addRows(
  out: Float32Array | Float64Array,
  { data, rows }: Wanted,
  { ids, block }: { readonly ids: ArrayLike<number>; readonly block: number },
): void {
  for (let i = 0; i < rows.length; i++) {
    spend(block)
    const from = rows[i]! * block
    const to = ids[i]! * block
    for (let j = 0; j < block; j++) out[to + j]! += data[from + j]!
  }
}

/** Ids are sorted: a run of equal ones is a segment. */
function divideSums(
  out: Float32Array | Float64Array,
  {
    ids,
    block,
    divisor,
  }: { readonly ids: ArrayLike<number>; readonly block: number; readonly divisor: Divisor },
): void {
  if (divisor === one) return
  for (let i = 0; i < ids.length; ) {
    let end = i + 1
    while (end < ids.length && ids[end] === ids[i]) end++
    const by = divisor(end - i)
    for (let j = ids[i]! * block; by !== 1 && j < (ids[i]! + 1) * block; j++) out[j]! /= by
    i = end
  }
}

/** 16-bit floats are summed in 32 bits and rounded once, as TensorFlow does. */
function roundAll(dtype: NumericType, out: Float32Array | Float64Array): void {
  if (dtype !== 'float16' && dtype !== 'bfloat16') return
  const round = roundingOf(dtype)
  for (let i = 0; i < out.length; i++) out[i] = round(out[i]!)
}

export const sparseSegmentOps: OpTable = {
  SparseSegmentSum: { kernel: sparseSegments(one, false) },
  SparseSegmentMean: { kernel: sparseSegments(byCount, false) },
  SparseSegmentSqrtN: { kernel: sparseSegments(byRoot, false) },
  SparseSegmentSumWithNumSegments: { kernel: sparseSegments(one, true) },
  SparseSegmentMeanWithNumSegments: { kernel: sparseSegments(byCount, true) },
  SparseSegmentSqrtNWithNumSegments: { kernel: sparseSegments(byRoot, true) },
}
