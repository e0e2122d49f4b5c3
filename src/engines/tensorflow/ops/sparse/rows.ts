/** Sparse tensors of another shape: as many elements in other dimensions, or no row without an entry. */

import { tensor } from '../../../../tensor/tensor.js'
import type { AnyTensor, Kernel, OpTable } from '../../op.js'
import { spend } from '../../run-limits.js'
import {
  fromIntegers,
  inputAt,
  invalid,
  requireScalar,
  sameShape,
  shapeText,
  toInteger,
  toIntegers,
  toList,
} from '../array/arguments.js'
import { openElements } from '../array/elements.js'
import { copyWords, rowMajor } from '../array/moves.js'
import { newData, newScratch } from '../new-data.js'
import {
  type Coordinates,
  flatPositions,
  readCoordinates,
  readDenseShape,
  readSparse,
  requireCountable,
  type SparseTensor,
  toIndices,
} from './sparse-tensor.js'

const reshape: Kernel = (inputs) => {
  const [indices, shapeInput, target] = [0, 1, 2].map((i) => inputAt(inputs, i)) as [
    AnyTensor,
    AnyTensor,
    AnyTensor,
  ]
  const coordinates = readCoordinates(indices)
  const shape = readDenseShape(shapeInput)
  if (shape.length !== coordinates.rank) {
    throw invalid(`Input index rank ${coordinates.rank} does not match shape rank ${shape.length}`)
  }
  if (target.shape.length !== 1) {
    throw invalid(`Target shape should be a vector but received shape ${shapeText(target.shape)}`)
  }
  const wanted = toList(target)
  if (sameShape(shape, wanted)) return [indices, shapeInput]
  const resolved = resolveShape(shape, wanted)
  return [toIndices(moveTo(coordinates, shape, resolved)), fromIntegers('int64', [resolved.length], resolved)]
}

/** Puts in the one size that may be -1. */
function resolveShape(shape: readonly number[], wanted: readonly number[]): number[] {
  const size = requireCountable(shape)
  const unknown = wanted.indexOf(-1)
  const second = unknown < 0 ? -1 : wanted.indexOf(-1, unknown + 1)
  if (second >= 0) throw invalid(`only one output dimension may be -1, not both ${unknown} and ${second}`)
  const negative = wanted.findIndex((each) => each < -1)
  if (negative >= 0) throw invalid(`size ${negative} must be non-negative, not ${wanted[negative]}`)
  const product = wanted.reduce((total, each) => (each < 0 ? total : total * each), 1)
  const shapes = `input_shape=${shapeText(shape)} output_shape=${shapeText(wanted)}`
  if (unknown < 0) {
    if (product === size) return [...wanted]
    throw invalid(
      `Input to reshape is a tensor with ${size} dense values, but the requested shape has ${product}. ${shapes}`,
    )
  }
  if (product === 0) {
    throw invalid(
      'reshape cannot infer the missing input size for an empty tensor unless all specified input sizes are non-zero',
    )
  }
  if (size % product !== 0) {
    const found = `Input to reshape is a SparseTensor with ${size} dense values`
    throw invalid(`${found}, but the requested shape requires a multiple of ${product}. ${shapes}`)
  }
  return wanted.map((each) => (each < 0 ? size / product : each))
}

/** The coordinates of the same elements in another shape; as in TensorFlow, one out of bounds stays so. */
function moveTo(coordinates: Coordinates, from: readonly number[], to: readonly number[]): Coordinates {
  const { count } = coordinates
  const positions = flatPositions(coordinates, from)
  const rank = to.length
  const strides = rowMajor(to)
  const at = newScratch(count * rank)
  for (let i = 0; i < count; i++) {
    spend(rank)
    let rest = positions[i]!
    for (let d = 0; d < rank; d++) {
      at[i * rank + d] = Math.trunc(rest / strides[d]!)
      rest %= strides[d]!
    }
  }
  return { at, count, rank }
}

const fillEmptyRows: Kernel = (inputs) => {
  const sparse = readSparse(inputAt(inputs, 0), inputAt(inputs, 1), inputAt(inputs, 2))
  return fillRows(sparse, requireScalar(inputAt(inputs, 3), 'default_value'))
}

/** The row of each value is all there is of its place. */
const fillEmptyRaggedRows: Kernel = (inputs) => {
  const [rowIds, values] = [inputAt(inputs, 0), inputAt(inputs, 1)]
  const rows = toInteger(requireScalar(inputAt(inputs, 2), 'nrows'), 'nrows')
  const [count] = rowIds.shape
  if (count === undefined || !sameShape(rowIds.shape, values.shape) || rowIds.shape.length !== 1) {
    const shapes = `${shapeText(rowIds.shape)} and ${shapeText(values.shape)}`
    throw invalid(`value_rowids and values must be vectors of one length, got shapes ${shapes}`)
  }
  if (rows < 0) throw invalid(`nrows must be >= 0, got ${rows}`)
  const sparse = { at: toIntegers(rowIds), count, rank: 1, values, shape: [rows] }
  const [indices, ...others] = fillRows(sparse, requireScalar(inputAt(inputs, 3), 'default_value'))
  return [{ ...indices!, shape: [indices!.shape[0]!] }, ...others]
}

/** Entries row by row, and one at the start of each row that had none. */
function fillRows(sparse: SparseTensor, filling: AnyTensor): readonly AnyTensor[] {
  const { at, count, rank, shape } = sparse
  const rows = shape[0]
  if (rows === undefined) throw invalid('Dense shape cannot be empty.')
  if (rows === 0 && count > 0) {
    throw invalid(`Received SparseTensor with dense_shape[0] = 0 but indices.shape[0] = ${count}`)
  }
  const isEmpty = newData('bool', [rows]).fill(1)
  for (let i = 0; i < count; i++) {
    spend(1)
    const row = at[i * rank]!
    if (!(row >= 0 && row < rows)) throw invalid(`indices(${i}, 0) is invalid: ${row} >= ${rows}`)
    isEmpty[row] = 0
  }
  const places = placesByRow(sparse, isEmpty)
  const total = count + isEmpty.reduce((sum, each) => sum + each, 0)
  return [
    filledIndices(sparse, places, { isEmpty, total }),
    filledValues(sparse.values, filling, { places, total }),
    tensor('bool', [rows], isEmpty),
    fromIntegers('int64', [count], places),
  ]
}

/** Where each entry goes: rows in order, a place left for each that is empty. */
function placesByRow({ at, count, rank }: Coordinates, isEmpty: Uint8Array): Float64Array {
  const next = newScratch(isEmpty.length + 1)
  for (let i = 0; i < count; i++) next[at[i * rank]! + 1]!++
  spend(count + isEmpty.length)
  for (let row = 0; row < isEmpty.length; row++) next[row + 1]! += next[row]! + isEmpty[row]!
  const places = newScratch(count)
  for (let i = 0; i < count; i++) {
    spend(1)
    const row = at[i * rank]!
    places[i] = next[row]!
    next[row]!++
  }
  return places
}

function filledIndices(
  { at, count, rank }: SparseTensor,
  places: ArrayLike<number>,
  { isEmpty, total }: { readonly isEmpty: Uint8Array; readonly total: number },
): AnyTensor {
  const filled = newScratch(total * rank).fill(-1)
  for (let i = 0; i < count; i++) {
    spend(rank)
    for (let d = 0; d < rank; d++) filled[places[i]! * rank + d] = at[i * rank + d]!
  }
  // What is still free are the empty rows' places, in order.
  let row = 0
  for (let i = 0; i < total; i++) {
    spend(rank)
    if (filled[i * rank]! >= 0) continue
    while (isEmpty[row] === 0) row++
    filled.fill(0, i * rank, (i + 1) * rank)
    filled[i * rank] = row++
  }
  return toIndices({ at: filled, count: total, rank })
}

function filledValues(
  values: AnyTensor,
  filling: AnyTensor,
  { places, total }: { readonly places: ArrayLike<number>; readonly total: number },
): AnyTensor {
  const elements = openElements([values, filling])
  const [from, one] = elements.sources as [(typeof elements.sources)[0], (typeof elements.sources)[0]]
  const { unit } = elements
  const out = elements.create([total])
  if (total > places.length) for (let i = 0; i < total; i++) copyWords(one, 0, out, i * unit, unit)
  spend(total * unit)
  for (let i = 0; i < places.length; i++) copyWords(from, i * unit, out, places[i]! * unit, unit)
  return elements.toTensor([total], out)
}

export const rowOps: OpTable = {
  SparseReshape: { kernel: reshape },
  SparseFillEmptyRows: { kernel: fillEmptyRows },
  RaggedFillEmptyRows: { kernel: fillEmptyRaggedRows },
}
