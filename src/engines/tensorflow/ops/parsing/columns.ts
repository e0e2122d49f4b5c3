/** One feature of many messages, or frames of messages, as tensors: dense, sparse or ragged. */
import { type FeatureSpans, missing, WireCursor } from '../../../../formats/tensorflow/example.js'
import { countValues, featureTypeAt, malformed } from '../../../../formats/tensorflow/feature-list.js'
import { sizeOf, tensor } from '../../../../tensor/tensor.js'
import type { AnyTensor } from '../../op.js'
import { claimScratch, spend } from '../../run-limits.js'
import { fromIntegers, invalid } from '../array/arguments.js'
import { newData } from '../new-data.js'
import type { DenseSpec, FeatureSpec } from './feature-spec.js'
import { type FeatureValues, newValues } from './feature-values.js'
import type { Refusals } from './refusals.js'

/** A feature's lists, counted and checked, row by row. */
export class Column {
  readonly spec: FeatureSpec
  readonly rows: number
  /** How many values each row has. */
  readonly counts: Uint32Array
  total = 0
  /** Most values of one row. */
  largest = 0
  readonly #cursor: WireCursor
  readonly #starts: Uint32Array
  readonly #ends: Uint32Array

  /** @throws RecserveError `invalid_argument` for a list of another type, or none */
  constructor(
    spec: FeatureSpec,
    {
      spans: { bytes, rows, starts, ends },
      index,
      refusals,
    }: {
      readonly spans: FeatureSpans
      /** Of the feature among those of the spans. */
      readonly index: number
      readonly refusals: Pick<Refusals, 'type' | 'bytes'>
    },
  ) {
    this.spec = spec
    this.rows = rows
    this.#cursor = new WireCursor(bytes)
    this.#starts = starts.subarray(index * rows, (index + 1) * rows)
    this.#ends = ends.subarray(index * rows, (index + 1) * rows)
    claimScratch(4 * rows)
    this.counts = new Uint32Array(rows)
    for (let row = 0; row < rows; row++) this.#count(row, refusals)
  }

  has(row: number): boolean {
    return this.#starts[row] !== missing
  }

  /** Appends the values of a row, if it has any. */
  appendTo(values: FeatureValues, row: number): void {
    if (this.counts[row]! > 0) values.append(this.#cursor.begin(this.#starts[row]!, this.#ends[row]!))
  }

  #count(row: number, refusals: Pick<Refusals, 'type' | 'bytes'>): void {
    const [start, end] = [this.#starts[row]!, this.#ends[row]!]
    spend(1)
    if (start === missing || start === end) return
    const found = featureTypeAt(this.#cursor.bytes, start)
    if (found === undefined) throw invalid('Unsupported datatype.')
    if (found !== this.spec.dtype) throw refusals.type(row, found)
    spend(end - start)
    const count = countValues(this.#cursor.begin(start, end), found)
    if (count === malformed) throw refusals.bytes(row)
    this.counts[row] = count
    this.total += count
    if (count > this.largest) this.largest = count
  }
}

/** Whether results have a batch dimension: not those of one message given as a scalar. */
export interface Batching {
  readonly isSingle: boolean
}

/** Values of every row side by side, [rows, ...shape]. */
export function toDense(
  column: Column,
  spec: DenseSpec,
  { isSingle, refusals }: Batching & { readonly refusals: Refusals },
): AnyTensor {
  if (spec.shape[0] === -1) return toPadded(column, spec, { isSingle, refusals })
  const { rows, counts } = column
  const size = sizeOf(spec.shape)
  const values = newValues(spec.dtype, isSingle ? spec.shape : [rows, ...spec.shape])
  const isOptional = spec.filling.data.length > 0
  for (let row = 0; row < rows; row++) {
    if (column.has(row)) {
      if (counts[row] !== size) throw refusals.count(row, counts[row]!)
      column.appendTo(values, row)
    } else if (isOptional) values.fill(spec.filling, 1)
    else throw refusals.absent(row)
  }
  return values.finish()
}

/** As many as the largest row has, the others filled up. */
function toPadded(
  column: Column,
  { dtype, shape, filling }: DenseSpec,
  { isSingle, refusals }: Batching & { readonly refusals: Refusals },
): AnyTensor {
  const { rows, counts, largest } = column
  const inner = shape.slice(1)
  const stride = sizeOf(inner)
  for (let row = 0; row < rows; row++) {
    if (counts[row] !== 0 && counts[row]! % stride !== 0) throw refusals.count(row, counts[row]!)
  }
  const own = [largest === 0 ? 0 : largest / stride, ...inner]
  const values = newValues(dtype, isSingle ? own : [rows, ...own])
  for (let row = 0; row < rows; row++) {
    column.appendTo(values, row)
    values.fill(filling, largest - counts[row]!)
  }
  return values.finish()
}

/** All values one after another. */
export function toFlat(column: Column): AnyTensor {
  const values = newValues(column.spec.dtype, [column.total])
  for (let row = 0; row < column.rows; row++) column.appendTo(values, row)
  return values.finish()
}

export interface SparsePlaces {
  readonly indices: AnyTensor
  /** Of the dense tensor that the sparse one is of. */
  readonly shape: AnyTensor
}

/** Where the values stand in [rows, largest]; of one message, in [largest]. */
export function toSparse({ counts, rows, total, largest }: Column, { isSingle }: Batching): SparsePlaces {
  const rank = isSingle ? 1 : 2
  const data = newData('int64', [total, rank])
  // Low halves of numbers that are not negative.
  const halves = new Uint32Array(data.buffer)
  let at = 0
  for (let row = 0; row < rows; row++) {
    spend(1 + counts[row]!)
    for (let i = 0; i < counts[row]!; i++) {
      if (!isSingle) halves[2 * at++] = row
      halves[2 * at++] = i
    }
  }
  const shape = fromIntegers('int64', [rank], isSingle ? [largest] : [rows, largest])
  return { indices: tensor('int64', [total, rank], data), shape }
}

/** Running totals from 0 on, [counts + 1]. */
export function toSplits(counts: Uint32Array, splitType: string): AnyTensor {
  const { length } = counts
  claimScratch(8 * (length + 1))
  spend(length)
  const splits = new Float64Array(length + 1)
  for (let i = 0; i < length; i++) splits[i + 1] = splits[i]! + counts[i]!
  return fromIntegers(splitType, [length + 1], splits)
}
