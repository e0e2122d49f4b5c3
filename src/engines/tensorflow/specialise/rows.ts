import type { AnyTensor, Value } from '../op.js'
import { Unsplittable } from './value.js'

/** Rows of a block: what is between the inputs and the scores stays in the processor's cache (row-blocks.ts). */
export const blockRows = 1024

/** A tensor of numbers by rows. */
export interface Rows {
  readonly dtype: AnyTensor['dtype']
  readonly data: Exclude<AnyTensor['data'], { readonly offsets: unknown }>
  readonly count: number
  /** Elements of a row. */
  readonly width: number
  /** Entries of a row along the first axis, 1 of most, and the sizes of the others. */
  readonly each: number
  readonly rest: readonly number[]
}

/** @throws Unsplittable for a value that is none of numbers in so many rows */
export function toRows(value: Value, count: number): Rows {
  const [first = 0, ...rest] = value.shape
  if (!('data' in value) || 'offsets' in value.data || value.shape.length === 0 || first % count !== 0)
    throw new Unsplittable(`a value of ${value.dtype} [${value.shape.join(', ')}] is not of ${count} rows`)
  return {
    dtype: value.dtype as AnyTensor['dtype'],
    data: value.data,
    count,
    width: value.data.length / count,
    each: first / count,
    rest,
  }
}

/** A view of rows that follow each other. */
export function sliceRows({ dtype, data, width, each, rest }: Rows, begin: number, end: number): AnyTensor {
  const part = (data as Float32Array).subarray(begin * width, end * width)
  return { dtype, shape: [(end - begin) * each, ...rest], data: part } as AnyTensor
}

/** A copy of the rows. */
export function pickRows({ dtype, data, width, each, rest }: Rows, rows: Int32Array): AnyTensor {
  const source = data as Float32Array
  const picked = new (source.constructor as Float32ArrayConstructor)(rows.length * width)
  for (let r = 0; r < rows.length; r++)
    picked.set(source.subarray(rows[r]! * width, (rows[r]! + 1) * width), r * width)
  return { dtype, shape: [rows.length * each, ...rest], data: picked } as AnyTensor
}
