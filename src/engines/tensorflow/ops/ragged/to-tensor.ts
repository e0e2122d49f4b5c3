/** Ragged tensors made dense, short rows filled up and long ones cut. */

import { sizeOf } from '../../../../tensor/tensor.js'
import type { AnyTensor, Kernel } from '../../op.js'
import { spend } from '../../run-limits.js'
import { inputAt, invalid, shapeText, toInteger, toIntegers, toList } from '../array/arguments.js'
import { openElements, type Words } from '../array/elements.js'
import { copyWords, moveBlocks, rowMajor } from '../array/moves.js'
import { newScratch } from '../new-data.js'
import { readAscending, rowIdsOf, widestRow } from './row-partition.js'

/** One dimension: how many rows it groups into, and whose row each value of it is. */
interface Partition {
  readonly rows: number
  /** Ascending; one per value. */
  readonly rowIds: ArrayLike<number>
  readonly widest: number
}

function fromSplits(input: AnyTensor): Partition {
  const splits = readAscending(input)
  if (splits[0] !== 0) throw invalid(`Splits must start with 0, not with ${splits[0]}`)
  return { rows: splits.length - 1, rowIds: rowIdsOf(splits), widest: widestRow(splits) }
}

/** @param rows undefined: as many as the dimension before has values */
function fromRowIds(input: AnyTensor, rows: number): Partition {
  const rowIds = toIntegers(input)
  let widest = 0
  for (let i = 0, first = 0; i < rowIds.length; i++) {
    spend(1)
    const id = rowIds[i]!
    if (!(id >= 0 && id < rows)) throw invalid(`value_rowids[${i}] = ${id} is not in [0, ${rows})`)
    if (i > 0 && id < rowIds[i - 1]!) throw invalid('value_rowids must not decrease')
    if (i > 0 && id !== rowIds[i - 1]) first = i
    widest = Math.max(widest, i + 1 - first)
  }
  return { rows, rowIds, widest }
}

/** The ragged dimensions, the outermost first. */
function readPartitions(types: readonly string[], inputs: readonly AnyTensor[]): readonly Partition[] {
  const isCounted = types[0] === 'FIRST_DIM_SIZE'
  let rows = isCounted ? toInteger(inputAt(inputs, 0), 'the first dimension size') : undefined
  const partitions: Partition[] = []
  for (const [i, type] of types.entries()) {
    if (i === 0 && isCounted) continue
    const input = inputAt(inputs, i)
    const partition = readPartition(type, input, rows)
    // As in TensorFlow, rows and values at the end may be left out.
    if (rows !== undefined && partition.rows > rows) {
      throw invalid(
        `row partition ${i} has ${partition.rows} rows, but the dimension before it has ${rows} values`,
      )
    }
    partitions.push(partition)
    rows = partition.rowIds.length
  }
  return partitions
}

function readPartition(type: string, input: AnyTensor, rows: number | undefined): Partition {
  if (type === 'ROW_SPLITS') return fromSplits(input)
  if (type === 'VALUE_ROWIDS' && rows !== undefined) return fromRowIds(input, rows)
  throw invalid(`Unsupported row partition type: ${type}`)
}

/** Undefined: an unknown rank. */
function readShape(input: AnyTensor): readonly number[] | undefined {
  const sizes = toList(input)
  if (input.shape.length === 0) {
    if (sizes[0] === -1) return undefined
    throw invalid('The only valid scalar shape tensor is the fully unknown shape specified as -1.')
  }
  const negative = sizes.find((size) => size < -1)
  if (negative !== undefined) throw invalid(`Dimension ${negative} must be >= -1`)
  return sizes
}

/** Undefined: whatever there is. */
function wantedSize(wanted: readonly number[] | undefined, d: number): number | undefined {
  const size = wanted?.[d]
  return size === undefined || size < 0 ? undefined : size
}

function outputShape(
  partitions: readonly Partition[],
  valueShape: readonly number[],
  wanted: readonly number[] | undefined,
): number[] {
  const found = [partitions[0]!.rows, ...partitions.map(({ widest }) => widest), ...valueShape]
  if (wanted && wanted.length !== found.length) {
    throw invalid(
      `shape ${shapeText(wanted)} has ${wanted.length} dimensions, the ragged tensor ${found.length}`,
    )
  }
  return found.map((size, d) => {
    const given = wantedSize(wanted, d)
    if (d > partitions.length && given !== undefined && given !== size) {
      throw invalid(
        `shape ${shapeText(wanted!)} and the values' shape ${shapeText(valueShape)} are incompatible`,
      )
    }
    return given ?? size
  })
}

/** The row of the dense tensor that each value row goes to; -1 for those that are cut. */
function placesOf(partitions: readonly Partition[], shape: readonly number[]): Float64Array {
  const rows = partitions[0]!.rows
  let places = newScratch(rows)
  for (let row = 0; row < rows; row++) places[row] = row < shape[0]! ? row : -1
  for (const [d, { rowIds }] of partitions.entries()) {
    const width = shape[d + 1]!
    const next = newScratch(rowIds.length)
    for (let i = 0, first = 0; i < rowIds.length; i++) {
      spend(1)
      if (i > 0 && rowIds[i] !== rowIds[i - 1]) first = i
      const parent = places[rowIds[i]!]!
      next[i] = parent < 0 || i - first >= width ? -1 : parent * width + i - first
    }
    places = next
  }
  return places
}

export const raggedToTensor: Kernel = (inputs, { attrs }) => {
  const shapeInput = inputAt(inputs, 0)
  const wanted = readShape(shapeInput)
  const values = inputAt(inputs, 1)
  const filling = inputAt(inputs, 2)
  const partitions = readPartitions(attrs.strings('row_partition_types'), inputs.slice(3))
  if (partitions.length === 0) throw invalid('a ragged tensor has at least one row partition')
  const valueRows = partitions.at(-1)!.rowIds.length
  if (!(values.shape[0]! >= valueRows)) {
    throw invalid(
      `the row partitions are of ${valueRows} values, got values of shape ${shapeText(values.shape)}`,
    )
  }
  const rowShape = values.shape.slice(1)
  const shape = outputShape(partitions, rowShape, wanted)
  const elements = openElements([values, filling])
  const [from, fill] = elements.sources as [Words, Words]
  const block = sizeOf(rowShape) * elements.unit
  checkFilling(filling.shape, rowShape)
  const out = elements.create(shape)
  // A row of nothing may have a shape of any size.
  if (out.length > 0) {
    const row = elements.create(rowShape)
    broadcastFilling({ words: fill, shape: filling.shape }, { words: row, shape: rowShape }, elements.unit)
    fillRows(out, row)
  }
  const places = placesOf(partitions, shape)
  for (let i = 0; i < places.length; i++) {
    spend(block)
    if (places[i]! >= 0) copyWords(from, i * block, out, places[i]! * block, block)
  }
  return [elements.toTensor(shape, out)]
}

/** TensorFlow compares the sizes from the front as well, and refuses some of what would broadcast. */
function checkFilling(shape: readonly number[], rowShape: readonly number[]): void {
  const missing = rowShape.length - shape.length
  const fits = (d: number, from: number) => shape[d] === 1 || shape[d] === rowShape[d + from]
  if (missing >= 0 && shape.every((_, d) => fits(d, 0) && fits(d, missing))) return
  const text = `default_value.shape=${shapeText(shape)} and the shape ${shapeText(rowShape)} of a row of values`
  throw invalid(`${text} are incompatible`)
}

interface Shaped {
  readonly words: Words
  readonly shape: readonly number[]
}

/** The default value as a whole row of values. */
function broadcastFilling(filling: Shaped, row: Shaped, unit: number): void {
  const { shape, words } = filling
  const leading = new Array<number>(row.shape.length - shape.length).fill(0)
  const strides = rowMajor(shape).map((stride, d) => (shape[d] === 1 ? 0 : stride))
  moveBlocks(
    row.shape,
    { words, strides: [...leading, ...strides] },
    { words: row.words, strides: rowMajor(row.shape) },
    unit,
  )
}

/** Doubles what is filled until all is. */
function fillRows(out: Words, row: Words): void {
  if (out.length === 0) return
  out.set(row)
  spend(out.length)
  for (let filled = row.length; filled < out.length; filled *= 2) {
    out.copyWithin(filled, 0, Math.min(filled, out.length - filled))
  }
}
