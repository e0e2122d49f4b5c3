/** Feature lists: each message has frames, and each frame is a feature. */
import { type FeatureSpans, missing, WireCursor } from '../../../../formats/tensorflow/example.js'
import { forEachFrame } from '../../../../formats/tensorflow/feature-list.js'
import { sizeOf, tensor } from '../../../../tensor/tensor.js'
import type { AnyTensor } from '../../op.js'
import { claimScratch, spend } from '../../run-limits.js'
import { fromIntegers } from '../array/arguments.js'
import { newData } from '../new-data.js'
import { Column, type SparsePlaces } from './columns.js'
import type { DenseSpec, FeatureSpec } from './feature-spec.js'
import { newValues } from './feature-values.js'
import type { Messages } from './messages.js'
import { frameRefusals, type Refusals, refuseAbsentList, refuseFeatureList } from './refusals.js'

export interface FrameColumn {
  /** A row for each frame of all messages. */
  readonly column: Column
  readonly framesPerRow: Uint32Array
  /** Most frames of one message. */
  readonly most: number
  readonly refusals: Pick<Refusals, 'type' | 'bytes' | 'count'>
}

interface ListPlace {
  /** Where the lists stand. */
  readonly spans: FeatureSpans
  readonly index: number
  readonly mayBeAbsent: boolean
}

/** @throws RecserveError `invalid_argument` for bytes that are no list, and one that is required and missing */
export function readFrames(messages: Messages, spec: FeatureSpec, place: ListPlace): FrameColumn {
  const framesPerRow = countFrames(messages, spec, place)
  let [total, most] = [0, 0]
  for (const count of framesPerRow) {
    total += count
    if (count > most) most = count
  }
  const spans = frameSpans(place, total)
  const placeOf = (frame: number) => {
    let [row, index] = [0, frame]
    while (index >= framesPerRow[row]!) index -= framesPerRow[row++]!
    return { row, index }
  }
  const refusals = frameRefusals(messages, spec, placeOf)
  return { column: new Column(spec, { spans, index: 0, refusals }), framesPerRow, most, refusals }
}

function countFrames(messages: Messages, spec: FeatureSpec, place: ListPlace): Uint32Array {
  const { spans, index, mayBeAbsent } = place
  claimScratch(4 * spans.rows)
  const counts = new Uint32Array(spans.rows)
  const cursor = new WireCursor(spans.bytes)
  for (let row = 0; row < spans.rows; row++) {
    const start = spans.starts[index * spans.rows + row]!
    const end = spans.ends[index * spans.rows + row]!
    spend(1)
    if (start === missing) {
      if (!mayBeAbsent) throw refuseAbsentList(messages, spec, row)
      continue
    }
    spend(end - start)
    const isList = forEachFrame(cursor.begin(start, end), () => counts[row]!++)
    if (!isList) throw refuseFeatureList(messages, spec, row)
  }
  return counts
}

function frameSpans({ spans, index }: ListPlace, total: number): FeatureSpans {
  claimScratch(8 * total)
  const [starts, ends] = [new Uint32Array(total), new Uint32Array(total)]
  const cursor = new WireCursor(spans.bytes)
  let at = 0
  for (let row = 0; row < spans.rows; row++) {
    const start = spans.starts[index * spans.rows + row]!
    if (start === missing) continue
    forEachFrame(cursor.begin(start, spans.ends[index * spans.rows + row]!), (from, to) => {
      starts[at] = from
      ends[at++] = to
    })
  }
  return { bytes: spans.bytes, rows: total, starts, ends }
}

/** Frames side by side, zeros after the last, [messages, most frames, ...shape]; beside them how many there are. */
export function toDenseFrames(
  { isSingle, count }: Messages,
  { column, framesPerRow, most, refusals }: FrameColumn,
  { dtype, shape, filling }: DenseSpec,
): { readonly values: AnyTensor; readonly lengths: AnyTensor } {
  const size = sizeOf(shape)
  const values = newValues(dtype, [...(isSingle ? [] : [count]), most, ...shape])
  let frame = 0
  for (const frames of framesPerRow) {
    for (let i = 0; i < frames; i++, frame++) {
      if (column.counts[frame] !== size) throw refusals.count(frame, column.counts[frame]!)
      column.appendTo(values, frame)
    }
    values.fill(filling, (most - frames) * size)
  }
  const lengths = fromIntegers('int64', isSingle ? [] : [count], framesPerRow)
  return { values: values.finish(), lengths }
}

/** Where the values stand in [messages, most frames, most values of a frame]. */
export function toSparseFrames(
  { isSingle, count }: Messages,
  { column, framesPerRow, most }: FrameColumn,
): SparsePlaces {
  const rank = isSingle ? 2 : 3
  const data = newData('int64', [column.total, rank])
  // Low halves of numbers that are not negative.
  const halves = new Uint32Array(data.buffer)
  let [at, frame] = [0, 0]
  for (const [row, frames] of framesPerRow.entries()) {
    for (let index = 0; index < frames; index++, frame++) {
      spend(1 + column.counts[frame]!)
      for (let i = 0; i < column.counts[frame]!; i++) {
        if (!isSingle) halves[2 * at++] = row
        halves[2 * at++] = index
        halves[2 * at++] = i
      }
    }
  }
  const shape = [...(isSingle ? [] : [count]), most, column.largest]
  return {
    indices: tensor('int64', [column.total, rank], data),
    shape: fromIntegers('int64', [rank], shape),
  }
}
