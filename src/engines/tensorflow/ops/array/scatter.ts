/** Ops that write slices to places given by index. */

import { RecserveError } from '../../../../core/errors.js'
import type { TypedArray } from '../../../../tensor/dtype.js'
import { type StringTensor, stringAt, toStrings } from '../../../../tensor/strings.js'
import { isComplex, sizeOf } from '../../../../tensor/tensor.js'
import type { AnyTensor, Kernel, OpTable } from '../../op.js'
import { claimPlaces, spend } from '../../run-limits.js'
import { newLike } from '../new-data.js'
import { inputAt, invalid, sameShape, shapeText, sizeBetween, toVector } from './arguments.js'
import { type Combination, combineOf } from './combine.js'
import { openElements } from './elements.js'
import { zeros } from './fill.js'
import { flatIndices, positionText } from './gather.js'
import { copyWords } from './moves.js'

interface Scatter {
  readonly indices: AnyTensor
  readonly updates: AnyTensor
}

/** The flat number of the slice each update goes to. */
function placesIn(shape: readonly number[], { indices, updates }: Scatter): Float64Array {
  const rank = indices.shape.length
  if (rank === 0)
    throw invalid(`Indices shape must have rank at least one. Found:${shapeText(indices.shape)}`)
  if (updates.shape.length === 0) {
    throw invalid(`Updates shape must have rank at least one. Found:${shapeText(updates.shape)}`)
  }
  if (sizeOf(shape) === 0 && (sizeOf(indices.shape) > 0 || sizeOf(updates.shape) > 0)) {
    throw invalid('Indices and updates specified for empty output')
  }
  // A vector of indices is a column of them.
  const rows = rank > 1 ? indices : { ...indices, shape: [indices.shape[0]!, 1] }
  const outer = rows.shape.slice(0, -1)
  const depth = rows.shape.at(-1)!
  if (depth > shape.length) {
    throw invalid(
      `The inner ${depth} dimensions of indices index more than output.shape=${shapeText(shape)} has`,
    )
  }
  if (!sameShape(updates.shape, [...outer, ...shape.slice(depth)])) {
    throw invalid(
      `Dimensions of updates[shape=${shapeText(updates.shape)}] must match those of indices[shape=${shapeText(indices.shape)}] and of output[shape=${shapeText(shape)}]`,
    )
  }
  return flatIndices(rows, shape, (i, index) =>
    invalid(
      `indices${positionText(i, outer)} = [${index.join(', ')}] does not index into shape ${shapeText(shape)}`,
    ),
  )
}

/** Words or entries a slice. */
function sliceSize(shape: readonly number[], { indices }: Scatter, unit: number): number {
  const depth = indices.shape.length > 1 ? indices.shape.at(-1)! : 1
  return sizeBetween(shape, depth) * unit
}

/** A copy of the target with the slices replaced; of two for one place the later one stays. */
function replaceSlices(target: AnyTensor, scatter: Scatter): AnyTensor {
  const { shape } = target
  const places = placesIn(shape, scatter)
  const elements = openElements([target, scatter.updates])
  const [words, updates] = elements.sources
  const out = elements.create(shape)
  out.set(words!)
  const block = sliceSize(shape, scatter, elements.unit)
  for (let i = 0; i < places.length; i++) {
    spend(block)
    copyWords(updates!, i * block, out, places[i]! * block, block)
  }
  return elements.toTensor(shape, out)
}

/** A copy of the target with the slices combined into it. */
function combineSlices(target: AnyTensor, scatter: Scatter, combination: Combination): AnyTensor {
  const { updates } = scatter
  if (target.dtype === 'string') return appendSlices(target, scatter, combination)
  if (target.dtype !== updates.dtype) throw invalid(`updates must be ${target.dtype}, got ${updates.dtype}`)
  const places = placesIn(target.shape, scatter)
  const combine = combineOf(combination, target.dtype)
  const data = newLike(target.data, target.data.length)
  data.set(target.data as never)
  const count = sliceSize(target.shape, scatter, isComplex(target.dtype) ? 2 : 1)
  for (let i = 0; i < places.length; i++) {
    spend(count)
    combine(data, places[i]! * count, updates.data as TypedArray, { start: i * count, count })
  }
  return { ...target, data }
}

/** What a list of parts takes for each element, in places of a list. */
const objectPlaces = 16

/** To add strings is to append them. */
function appendSlices(target: StringTensor, scatter: Scatter, combination: Combination): AnyTensor {
  const { updates } = scatter
  if (combination !== 'add' || updates.dtype !== 'string') {
    throw new RecserveError('unimplemented', `strings have no ${combination}`)
  }
  const places = placesIn(target.shape, scatter)
  const count = sliceSize(target.shape, scatter, 1)
  claimPlaces(objectPlaces * target.data.length)
  const parts = Array.from({ length: target.data.length }, (_, i) => [stringAt(target.data, i)])
  for (let i = 0; i < places.length * count; i++) {
    spend(1)
    const place = places[Math.floor(i / count)]! * count + (i % count)
    parts[place]!.push(stringAt(updates.data, i))
  }
  return { ...target, data: toStrings(parts.map((list) => Buffer.concat(list))) }
}

const scatterNd: Kernel = (inputs) => {
  const [indices, updates] = [inputAt(inputs, 0), inputAt(inputs, 1)]
  const shapeInput = inputAt(inputs, 2)
  if (shapeInput.shape.length !== 1)
    throw invalid(`Shape must be a vector, got ${shapeText(shapeInput.shape)}`)
  const shape = toVector(shapeInput, 'Shape')
  const negative = shape.find((size) => size < 0)
  if (negative !== undefined) throw invalid(`Dimension ${negative} must be >= 0`)
  return [combineSlices(zeros(updates.dtype, shape), { indices, updates }, 'add')]
}

function tensorScatter(combination: Combination): Kernel {
  return (inputs) => {
    const scatter = { indices: inputAt(inputs, 1), updates: inputAt(inputs, 2) }
    return [combineSlices(inputAt(inputs, 0), scatter, combination)]
  }
}

const tensorScatterUpdate: Kernel = (inputs) => [
  replaceSlices(inputAt(inputs, 0), { indices: inputAt(inputs, 1), updates: inputAt(inputs, 2) }),
]

export const scatterOps: OpTable = {
  ScatterNd: { kernel: scatterNd },
  ScatterNdNonAliasingAdd: { kernel: tensorScatter('add') },
  TensorScatterAdd: { kernel: tensorScatter('add') },
  TensorScatterSub: { kernel: tensorScatter('sub') },
  TensorScatterMax: { kernel: tensorScatter('max') },
  TensorScatterMin: { kernel: tensorScatter('min') },
  TensorScatterUpdate: { kernel: tensorScatterUpdate },
}
