/** Ops that pick slices by index: embedding lookups above all. */

import type { NumericType } from '../../../../tensor/dtype.js'
import { sizeOf, tensor } from '../../../../tensor/tensor.js'
import { MappedTensor } from '../../mapped-tensor.js'
import type { AnyTensor, Kernel, OpTable } from '../../op.js'
import { claimTensor, spend } from '../../run-limits.js'
import { arrayClasses, newScratch } from '../new-data.js'
import { inputAt, invalid, shapeText, sizeBetween, toInteger, toIntegers } from './arguments.js'
import { openElements, type Words } from './elements.js'
import { copyWords } from './moves.js'

/** Which axis is indexed, and how many leading axes indices and params share. */
export interface GatherAxes {
  readonly axis: number
  readonly batchDims: number
}

/** `params` with `axis` replaced by the axes of `indices` after the shared ones. */
export function gather(params: AnyTensor, indices: AnyTensor, { axis, batchDims }: GatherAxes): AnyTensor {
  const from = toIntegers(indices)
  const limit = params.shape[axis]!
  checkIndices(from, limit, indices.shape)
  const shape = [
    ...params.shape.slice(0, axis),
    ...indices.shape.slice(batchDims),
    ...params.shape.slice(axis + 1),
  ]
  if (params instanceof MappedTensor && axis === 0) {
    claimTensor(
      params.dtype,
      shape,
      sizeOf(shape) * arrayClasses[params.dtype as NumericType].BYTES_PER_ELEMENT,
    )
    return tensor<NumericType>(params.dtype, shape, params.rows(from))
  }
  const elements = openElements([params])
  const out = elements.create(shape)
  const rows = {
    batches: sizeBetween(params.shape, 0, batchDims),
    outer: sizeBetween(params.shape, batchDims, axis),
    limit,
    block: sizeBetween(params.shape, axis + 1) * elements.unit,
  }
  if (out.length > 0) gatherRows(elements.sources[0]!, from, out, rows)
  return elements.toTensor(shape, out)
}

interface Rows {
  readonly batches: number
  readonly outer: number
  readonly limit: number
  /** Words a row. */
  readonly block: number
}

function gatherRows(words: Words, indices: ArrayLike<number>, out: Words, rows: Rows): void {
  const { batches, outer, limit, block } = rows
  const picks = indices.length / batches
  let at = 0
  for (let batch = 0; batch < batches; batch++) {
    for (let o = 0; o < outer; o++) {
      const base = (batch * outer + o) * limit
      for (let i = 0; i < picks; i++, at += block) {
        spend(block)
        copyWords(words, (base + indices[batch * picks + i]!) * block, out, at, block)
      }
    }
  }
}

function checkIndices(indices: ArrayLike<number>, limit: number, shape: readonly number[]): void {
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i]!
    if (index >= 0 && index < limit) continue
    throw invalid(`indices${positionText(i, shape)} = ${index} is not in [0, ${limit})`)
  }
}

/** `[1,2]`: the place of flat element i; nothing for a scalar. */
export function positionText(i: number, shape: readonly number[]): string {
  if (shape.length === 0) return ''
  let rest = i
  const position = shape.map(() => 0)
  for (let d = shape.length - 1; d >= 0; d--) {
    position[d] = rest % shape[d]!
    rest = Math.floor(rest / shape[d]!)
  }
  return shapeText(position)
}

const gatherV1: Kernel = (inputs) => {
  const [params, indices] = [inputAt(inputs, 0), inputAt(inputs, 1)]
  if (params.shape.length === 0) throw invalid('params must be at least 1 dimensional')
  return [gather(params, indices, { axis: 0, batchDims: 0 })]
}

const gatherV2: Kernel = (inputs, { attrs }) => {
  const [params, indices] = [inputAt(inputs, 0), inputAt(inputs, 1)]
  const rank = params.shape.length
  if (rank === 0) throw invalid('params must be at least 1 dimensional')
  const given = toInteger(inputAt(inputs, 2), 'axis')
  if (given < -rank || given >= rank)
    throw invalid(`Expected axis in the range [-${rank}, ${rank}), but got ${given}`)
  const axis = given < 0 ? given + rank : given
  const batchDims = readBatchDims(attrs.int('batch_dims', 0), { params, indices, axis })
  return [gather(params, indices, { axis, batchDims })]
}

interface Batched {
  readonly params: AnyTensor
  readonly indices: AnyTensor
  readonly axis: number
}

function readBatchDims(given: number, { params, indices, axis }: Batched): number {
  if (given === 0) return 0
  const most = indices.shape.length
  if (given < -most || given > most) {
    throw invalid(`Expected batch_dims in the range [-${most}, ${most}], but got ${given}`)
  }
  const batchDims = given < 0 ? given + most : given
  if (batchDims >= params.shape.length) {
    throw invalid(`batch_dims (${batchDims}) must be less than rank(params) (${params.shape.length}).`)
  }
  if (axis < batchDims)
    throw invalid(`batch_dims (${batchDims}) must be less than or equal to axis (${axis}).`)
  for (let d = 0; d < batchDims; d++) {
    if (params.shape[d] === indices.shape[d]) continue
    throw invalid(
      `params.shape[${d}]: ${params.shape[d]} should be equal to indices.shape[${d}]: ${indices.shape[d]}`,
    )
  }
  return batchDims
}

const gatherNd: Kernel = (inputs, context) => {
  const [params, indices] = [inputAt(inputs, 0), inputAt(inputs, 1)]
  if (params.shape.length === 0) throw invalid('params must be at least a vector')
  const outer = indices.shape.slice(0, -1)
  const depth = indices.shape.at(-1)
  if (depth === undefined) throw invalid('indices must be at least a vector')
  if (depth > params.shape.length) {
    throw invalid(
      `index innermost dimension length must be <= params rank; saw: ${depth} vs. ${params.shape.length}`,
    )
  }
  const shape = [...outer, ...params.shape.slice(depth)]
  const elements = openElements([params])
  const block = sizeBetween(params.shape, depth) * elements.unit
  const places = flatIndices(indices, params.shape, (i, index) =>
    invalid(
      `indices${positionText(i, outer)} = [${index.join(', ')}] does not index into param shape ${shapeText(params.shape)}, node name: ${context.node}`,
    ),
  )
  const out = elements.create(shape)
  for (let i = 0; i < places.length; i++) {
    spend(block)
    copyWords(elements.sources[0]!, places[i]! * block, out, i * block, block)
  }
  return [elements.toTensor(shape, out)]
}

/** Each row of `indices`, which counts the leading axes of `shape`, as the flat number of the slice it names. */
export function flatIndices(
  indices: AnyTensor,
  shape: readonly number[],
  refusal: (row: number, index: readonly number[]) => Error,
): Float64Array {
  const values = toIntegers(indices)
  const depth = indices.shape.at(-1)!
  const places = newScratch(sizeOf(indices.shape.slice(0, -1)))
  for (let i = 0; i < places.length; i++) {
    spend(depth)
    let place = 0
    for (let d = 0; d < depth; d++) {
      const value = values[i * depth + d]!
      if (!(value >= 0 && value < shape[d]!)) {
        throw refusal(
          i,
          Array.from({ length: depth }, (_, j) => values[i * depth + j]!),
        )
      }
      place = place * shape[d]! + value
    }
    places[i] = place
  }
  return places
}

export const gatherOps: OpTable = {
  Gather: { kernel: gatherV1 },
  GatherV2: { kernel: gatherV2 },
  GatherNd: { kernel: gatherNd },
}
