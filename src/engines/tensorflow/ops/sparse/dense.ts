/** Sparse tensors made dense, and met with dense ones. */

import type { NumericType, TypedArray } from '../../../../tensor/dtype.js'
import { sizeOf, tensor } from '../../../../tensor/tensor.js'
import type { AnyTensor, Kernel, OpTable } from '../../op.js'
import { spend } from '../../run-limits.js'
import { inputAt, invalid, requireScalar, shapeText, toIntegers, toVector } from '../array/arguments.js'
import { combineOf } from '../array/combine.js'
import { openElements } from '../array/elements.js'
import { copyWords, fillElement, rowMajor } from '../array/moves.js'
import { add, multiply } from '../math/arithmetic.js'
import { quotient } from '../math/integer-division.js'
import { newData, newScratch } from '../new-data.js'
import {
  type Coordinates,
  densePositions,
  readCoordinates,
  readSparse,
  requireOrdered,
  requireWithin,
  type SparseTensor,
  takeElements,
} from './sparse-tensor.js'

/** A scalar is one entry of a vector, a vector one entry each. */
function readLooseCoordinates(indices: AnyTensor): Coordinates {
  const { shape } = indices
  if (shape.length === 2) return readCoordinates(indices)
  if (shape.length < 2) return { at: toIntegers(indices), count: shape[0] ?? 1, rank: 1 }
  throw invalid(`sparse_indices should be a scalar, vector, or matrix, got shape ${shapeText(shape)}`)
}

const toDense: Kernel = (inputs, { attrs }) => {
  const coordinates = readLooseCoordinates(inputAt(inputs, 0))
  const shape = toVector(inputAt(inputs, 1), 'output_shape')
  const values = inputAt(inputs, 2)
  const filling = requireScalar(inputAt(inputs, 3), 'default_value')
  const { count, rank } = coordinates
  if (shape.length !== rank) {
    throw invalid(`output_shape has incorrect number of elements: ${shape.length} should be: ${rank}`)
  }
  if (shape.some((size) => size < 0)) throw invalid(`output_shape ${shapeText(shape)} has a negative size`)
  const isOne = values.shape.length === 0
  if (!isOne && !(values.shape.length === 1 && values.shape[0] === count)) {
    throw invalid(`sparse_values has incorrect shape ${shapeText(values.shape)}, should be [] or [${count}]`)
  }
  if (attrs.bool('validate_indices', true)) requireOrdered(coordinates, shape)
  const places = densePositions(coordinates, shape)
  const elements = openElements([values, filling])
  const [from, fill] = elements.sources as [(typeof elements.sources)[0], (typeof elements.sources)[0]]
  const { unit } = elements
  const out = elements.create(shape)
  fillElement(fill, out, 0, sizeOf(shape))
  for (let i = 0; i < count; i++) {
    spend(unit)
    copyWords(from, isOne ? 0 : i * unit, out, places[i]! * unit, unit)
  }
  return [elements.toTensor(shape, out)]
}

/** A dense tensor with the entries added at their places. */
const addToDense: Kernel = (inputs) => {
  const sparse = readSparse(inputAt(inputs, 0), inputAt(inputs, 1), inputAt(inputs, 2))
  const dense = inputAt(inputs, 3)
  const { rank, shape, values } = sparse
  if (rank !== dense.shape.length) {
    throw invalid(`Two operands have different ranks: a is ${rank} and b is ${dense.shape.length}`)
  }
  const differing = shape.findIndex((size, d) => size !== dense.shape[d])
  if (differing >= 0) {
    const sides = `sparse side ${shape[differing]} vs dense side ${dense.shape[differing]}`
    throw invalid(`Dimension ${differing} does not equal (no broadcasting is supported): ${sides}`)
  }
  if (dense.dtype === 'string' || dense.dtype !== values.dtype) {
    throw invalid(`two of one dtype of numbers were expected, got ${values.dtype} and ${dense.dtype}`)
  }
  const places = densePositions(sparse, shape)
  const out = newData<NumericType>(dense.dtype, shape)
  out.set(dense.data as never)
  const combine = combineOf('add', dense.dtype)
  const width = values.shape[0] === 0 ? 1 : (values.data as TypedArray).length / sparse.count
  for (let i = 0; i < places.length; i++) {
    spend(width)
    combine(out, places[i]! * width, values.data as TypedArray, { start: i * width, count: width })
  }
  return [tensor(dense.dtype, shape, out)]
}

/** The element of the dense tensor that belongs to each entry, the dense one broadcast to the sparse one's shape. */
function denseAtEntries(sparse: SparseTensor, dense: AnyTensor): AnyTensor {
  const { at, count, rank, shape } = sparse
  requireWithin(sparse, shape)
  const missing = rank - dense.shape.length
  const sizes = shape.map((_, d) => (d < missing ? 1 : dense.shape[d - missing]!))
  const fits = missing >= 0 && sizes.every((size, d) => size === 1 || size === shape[d])
  if (!fits) {
    const shapes = `${shapeText(shape)} vs. ${shapeText(dense.shape)}`
    throw invalid(
      `SparseDenseBinaryOpShared broadcasts dense to sparse only; got incompatible shapes: ${shapes}`,
    )
  }
  const strides = rowMajor(sizes).map((stride, d) => (sizes[d] === 1 ? 0 : stride))
  const picks = newScratch(count)
  for (let i = 0; i < count; i++) {
    spend(rank)
    let place = 0
    for (let d = 0; d < rank; d++) place += at[i * rank + d]! * strides[d]!
    picks[i] = place
  }
  return takeElements(dense, picks)
}

/** TensorFlow's quotients are of nothing by zero, floats included. */
function refuseZeros({ data }: AnyTensor): void {
  // biome-ignore lint/suspicious/noDoubleEquals: 0n is 0 here.
  if ((data as Float32Array).some((value) => value == 0))
    throw invalid('SparseDenseCwiseDiv cannot divide by zero, but input dense tensor contains zero')
}

const divideByEntries: Kernel = (inputs, context) => {
  refuseZeros(inputAt(inputs, 1))
  return quotient(inputs, context)
}

/** Values of the entries only: those of the result at the same places. */
function withDense(compute: Kernel): Kernel {
  return (inputs, context) => {
    const sparse = readSparse(inputAt(inputs, 0), inputAt(inputs, 1), inputAt(inputs, 2))
    return compute([sparse.values, denseAtEntries(sparse, inputAt(inputs, 3))], context)
  }
}

export const denseOps: OpTable = {
  SparseToDense: { kernel: toDense },
  SparseTensorDenseAdd: { kernel: addToDense },
  SparseDenseCwiseMul: { kernel: withDense(multiply) },
  SparseDenseCwiseDiv: { kernel: withDense(divideByEntries) },
  SparseDenseCwiseAdd: { kernel: withDense(add) },
}
