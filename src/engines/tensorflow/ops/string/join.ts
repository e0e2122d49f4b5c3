/** Strings put together: element by element, along axes, by segment. */
import { RecserveError } from '../../../../core/errors.js'
import { type StringTensor, stringAt } from '../../../../tensor/strings.js'
import { sizeOf } from '../../../../tensor/tensor.js'
import type { AnyTensor, Kernel, OpTable } from '../../op.js'
import { claimPlaces, spend } from '../../run-limits.js'
import {
  inputAt,
  invalid,
  sameShape,
  shapeText,
  toInteger,
  toIntegers,
  toVector,
} from '../array/arguments.js'
import { bytesOf, elementWork, stringsAt } from './arguments.js'
import { StringsBuilder } from './strings-builder.js'

/** Scalars are repeated. */
const stringJoin: Kernel = (inputs, { attrs }) => {
  const parts = inputs.map((_, i) => stringsAt(inputs, i))
  const separator = bytesOf(attrs, 'separator', '')
  const shape = commonShape(parts)
  const out = new StringsBuilder({ elements: sizeOf(shape) })
  const count = sizeOf(shape)
  for (let i = 0; i < count; i++) {
    for (const [p, part] of parts.entries()) {
      spend(elementWork)
      if (p > 0) out.write(separator)
      out.write(stringAt(part.data, part.shape.length === 0 ? 0 : i))
    }
    out.end()
  }
  return [out.finish(shape)]
}

function commonShape(parts: readonly StringTensor[]): readonly number[] {
  const [first, ...others] = parts.map(({ shape }) => shape).filter((shape) => shape.length > 0)
  const other = others.find((shape) => !sameShape(shape, first!))
  if (other) throw invalid(`Input shapes do not match: ${shapeText(first!)} vs. ${shapeText(other)}`)
  return first ?? []
}

const reduceJoin: Kernel = (inputs, { attrs }) => {
  const input = stringsAt(inputs, 0)
  const { shape } = input
  const axes = reducedAxes(inputAt(inputs, 1), shape.length)
  const keepsDims = attrs.bool('keep_dims', false)
  const kept = shape.map((_, d) => d).filter((d) => !axes.includes(d))
  const outShape = keepsDims
    ? shape.map((size, d) => (axes.includes(d) ? 1 : size))
    : kept.map((d) => shape[d]!)
  // The axis that is named last varies slowest.
  const starts = positionsOf(shape, kept)
  const steps = positionsOf(shape, [...axes].reverse())
  const separator = bytesOf(attrs, 'separator', '')
  const out = new StringsBuilder({ elements: starts.length })
  for (const start of starts) {
    for (let k = 0; k < steps.length; k++) {
      spend(elementWork)
      if (k > 0) out.write(separator)
      out.write(stringAt(input.data, start + steps[k]!))
    }
    out.end()
  }
  return [out.finish(outShape)]
}

function reducedAxes(input: AnyTensor, rank: number): readonly number[] {
  const axes: number[] = []
  for (const axis of toVector(input, 'reduction_indices')) {
    if (!(axis >= -rank && axis < rank)) {
      throw outOfRange(`Invalid reduction dimension ${axis} for input with ${rank} dimension(s)`)
    }
    const counted = axis < 0 ? axis + rank : axis
    if (axes.includes(counted)) throw invalid(`Duplicate reduction dimension ${axis}`)
    axes.push(counted)
  }
  return axes
}

/** Where the elements lie over some axes, the first of them varying slowest. */
function positionsOf(shape: readonly number[], axes: readonly number[]): Int32Array {
  let positions: Int32Array = Int32Array.of(0)
  for (const axis of axes) {
    const size = shape[axis]!
    const stride = sizeOf(shape.slice(axis + 1))
    claimPlaces(positions.length * size)
    const wider = new Int32Array(positions.length * size)
    for (let i = 0; i < positions.length; i++) {
      for (let k = 0; k < size; k++) wider[i * size + k] = positions[i]! + k * stride
    }
    spend(wider.length)
    positions = wider
  }
  return positions
}

const unsortedSegmentJoin: Kernel = (inputs, { attrs }) => {
  const input = stringsAt(inputs, 0)
  const ids = inputAt(inputs, 1)
  const count = toInteger(inputAt(inputs, 2), 'num_segments')
  checkSegments(input.shape, ids.shape)
  const width = sizeOf(input.shape.slice(ids.shape.length))
  const members = membersOf(toIntegers(ids), count)
  const separator = bytesOf(attrs, 'separator', '')
  const out = new StringsBuilder({ elements: count * width })
  for (const rows of members) {
    for (let column = 0; column < width; column++) {
      for (const row of rows ?? []) {
        spend(elementWork)
        // TensorFlow separates what it adds from what there is, and empty strings at the front are nothing.
        if (out.written > 0) out.write(separator)
        out.write(stringAt(input.data, row * width + column))
      }
      spend(1)
      out.end()
    }
  }
  return [out.finish([count, ...input.shape.slice(ids.shape.length)])]
}

function checkSegments(shape: readonly number[], ids: readonly number[]): void {
  if (ids.length === 0) throw invalid('Segment_id cannot have rank 0')
  if (ids.length > shape.length) {
    throw outOfRange(`Invalid segment_id rank ${ids.length} for input with ${shape.length} dimension(s)`)
  }
  for (const [d, size] of ids.entries()) {
    if (size === shape[d]) continue
    throw invalid(`Segment dimension is ${size} while input dimension is ${shape[d]} in rank ${d}`)
  }
}

/** The rows of each segment, in order; undefined for a segment without any. */
function membersOf(ids: ArrayLike<number>, count: number): readonly (readonly number[] | undefined)[] {
  if (count < 0) throw invalid(`Number of segments must be non-negative but got ${count}`)
  claimPlaces(count + ids.length)
  const members = new Array<number[] | undefined>(count)
  for (let row = 0; row < ids.length; row++) {
    spend(elementWork)
    const id = ids[row]!
    if (!(id >= 0 && id < count)) {
      throw invalid('segment_ids are not allowed to exceed num_segments or to have negative values.')
    }
    const rows = members[id]
    if (rows) rows.push(row)
    else members[id] = [row]
  }
  return members
}

function outOfRange(message: string): RecserveError {
  return new RecserveError('out_of_range', message)
}

export const joinStringOps: OpTable = {
  StringJoin: { kernel: stringJoin },
  ReduceJoin: { kernel: reduceJoin },
  UnsortedSegmentJoin: { kernel: unsortedSegmentJoin },
}
