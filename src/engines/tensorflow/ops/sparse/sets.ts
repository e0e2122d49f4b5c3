/**
 * Sets along the last dimension, one for each place in the others: what two have in common, and the like. Values are
 * numbered in order first, so that sets are of integers whatever the dtype is.
 */

import { stringAt } from '../../../../tensor/strings.js'
import { sizeOf } from '../../../../tensor/tensor.js'
import type { AnyTensor, Kernel, OpContext, OpTable } from '../../op.js'
import { spend } from '../../run-limits.js'
import { fromIntegers, inputAt, invalid, sameShape, shapeText } from '../array/arguments.js'
import { newData, newScratch } from '../new-data.js'
import { join } from '../rows.js'
import {
  densePositions,
  fromSparse,
  readSparse,
  requireOrdered,
  type SparseTensor,
  takeElements,
} from './sparse-tensor.js'

/** Sets one after another: set g has the elements numbered `offsets[g]` up to `offsets[g + 1]` of `values`. */
interface SetInput {
  readonly values: AnyTensor
  readonly offsets: Float64Array
  /** Of the sets: the dimensions before the last. */
  readonly groupShape: readonly number[]
}

function readDenseSets(input: AnyTensor): SetInput {
  const { shape } = input
  if (shape.length < 2)
    throw invalid(`Input tensor should have at least 2 dimensions, got ${shapeText(shape)}`)
  const groupShape = shape.slice(0, -1)
  const width = shape.at(-1)!
  const offsets = newScratch(sizeOf(groupShape) + 1)
  for (let g = 0; g < offsets.length; g++) offsets[g] = g * width
  return { values: { ...input, shape: [sizeOf(shape)] }, offsets, groupShape }
}

function readSparseSets(inputs: readonly AnyTensor[], first: number, { attrs }: OpContext): SetInput {
  const [indices, values, shape] = [0, 1, 2].map((i) => inputAt(inputs, first + i)) as [
    AnyTensor,
    AnyTensor,
    AnyTensor,
  ]
  const sparse = readSparse(indices, values, shape)
  if (sparse.rank < 2) {
    throw invalid(`Input tensor should have at least 2 dimensions, got ${shapeText(sparse.shape)}`)
  }
  if (attrs.bool('validate_indices', true)) requireOrdered(sparse, sparse.shape)
  return { values, offsets: groupOffsets(sparse), groupShape: sparse.shape.slice(0, -1) }
}

/** Entries are in order, so each set's are in a row. */
function groupOffsets(sparse: SparseTensor): Float64Array {
  const width = sparse.shape.at(-1)!
  const places = densePositions(sparse, sparse.shape)
  const offsets = newScratch(sizeOf(sparse.shape.slice(0, -1)) + 1)
  let last = 0
  for (let i = 0; i < places.length; i++) {
    spend(1)
    const group = Math.floor(places[i]! / width)
    if (group < last) throw invalid(`indices[${i}] is out of order: sets are of entries in a row`)
    last = group
    offsets[group + 1]!++
  }
  spend(offsets.length)
  for (let g = 1; g < offsets.length; g++) offsets[g]! += offsets[g - 1]!
  return offsets
}

/** Below zero: element i comes before element j. Strings by their bytes. */
type Compare = (i: number, j: number) => number

function compareOf({ dtype, data }: AnyTensor): Compare {
  if ('bytes' in data) return (i, j) => Buffer.compare(stringAt(data, i), stringAt(data, j))
  if (!/^u?int/.test(dtype)) throw invalid(`sets are of integers or strings, got ${dtype}`)
  return (i, j) => (data[i]! < data[j]! ? -1 : data[i]! > data[j]! ? 1 : 0)
}

/** Elements by the order of their values, equal ones having one number. */
interface Numbered {
  readonly numbers: Uint32Array
  /** An element of each number. */
  readonly examples: Uint32Array
}

function numberValues(values: AnyTensor): Numbered {
  const compare = compareOf(values)
  const count = values.shape[0]!
  const order = newData('uint32', [count])
  for (let i = 0; i < count; i++) order[i] = i
  order.sort((i, j) => {
    spend(1)
    return compare(i, j)
  })
  const numbers = newData('uint32', [count])
  const examples = newData('uint32', [count])
  let last = -1
  for (let k = 0; k < count; k++) {
    spend(1)
    if (k === 0 || compare(order[k - 1]!, order[k]!) !== 0) examples[++last] = order[k]!
    numbers[order[k]!] = last
  }
  return { numbers, examples }
}

/** Sorted in place, each element once. */
function toSet(numbers: Uint32Array): Uint32Array {
  numbers.sort()
  let kept = 0
  for (let i = 0; i < numbers.length; i++) {
    if (i === 0 || numbers[i] !== numbers[i - 1]) numbers[kept++] = numbers[i]!
  }
  return numbers.subarray(0, kept)
}

/** Which elements stay: those only in a, in both, only in b. */
interface Operation {
  readonly onlyA: boolean
  readonly both: boolean
  readonly onlyB: boolean
}

const operations: Readonly<Record<string, Operation>> = {
  'a-b': { onlyA: true, both: false, onlyB: false },
  'b-a': { onlyA: false, both: false, onlyB: true },
  intersection: { onlyA: false, both: true, onlyB: false },
  union: { onlyA: true, both: true, onlyB: true },
}

function operationOf({ attrs }: OpContext): Operation {
  const name = attrs.string('set_operation').toLowerCase()
  const operation = Object.hasOwn(operations, name) ? operations[name] : undefined
  if (operation) return operation
  throw invalid(`Invalid set_operation ${name}: one of ${Object.keys(operations).join(', ')} was expected`)
}

/** @returns how many elements were written to `out` from `at` on */
function combine(
  a: Uint32Array,
  b: Uint32Array,
  { onlyA, both, onlyB }: Operation,
  out: Uint32Array,
): number {
  let count = 0
  for (let i = 0, j = 0; i < a.length || j < b.length; ) {
    const step = i === a.length ? 1 : j === b.length ? -1 : a[i]! - b[j]!
    if (step < 0 ? onlyA : step > 0 ? onlyB : both) out[count++] = step <= 0 ? a[i]! : b[j]!
    if (step <= 0) i++
    if (step >= 0) j++
  }
  return count
}

/** @param isDense of the two sides; a dense one is one input, a sparse one three */
function setOperation(isDense: readonly [boolean, boolean]): Kernel {
  return (inputs, context) => {
    const a = isDense[0] ? readDenseSets(inputAt(inputs, 0)) : readSparseSets(inputs, 0, context)
    const next = isDense[0] ? 1 : 3
    const b = isDense[1] ? readDenseSets(inputAt(inputs, next)) : readSparseSets(inputs, next, context)
    if (!sameShape(a.groupShape, b.groupShape)) {
      throw invalid(
        `Mismatched group shapes ${shapeText(a.groupShape)} vs ${shapeText(b.groupShape)}: all but the last dimension must agree`,
      )
    }
    return operate(a, b, operationOf(context))
  }
}

function operate(a: SetInput, b: SetInput, operation: Operation): readonly AnyTensor[] {
  const firstOfB = a.values.shape[0]!
  const values = join([a.values, b.values], [firstOfB + b.values.shape[0]!])
  const { numbers, examples } = numberValues(values)
  const groups = a.offsets.length - 1
  const results = newData('uint32', [numbers.length])
  const ends = newScratch(groups + 1)
  let widest = 0
  for (let g = 0; g < groups; g++) {
    const setA = toSet(numbers.subarray(a.offsets[g]!, a.offsets[g + 1]!))
    const setB = toSet(numbers.subarray(firstOfB + b.offsets[g]!, firstOfB + b.offsets[g + 1]!))
    spend(setA.length + setB.length + 1)
    const count = combine(setA, setB, operation, results.subarray(ends[g]!))
    ends[g + 1] = ends[g]! + count
    widest = Math.max(widest, count)
  }
  const total = ends[groups]!
  const picks = results.subarray(0, total)
  for (let i = 0; i < total; i++) picks[i] = examples[picks[i]!]!
  return fromSparse({
    ...coordinatesOf(ends, a.groupShape),
    values: takeElements(values, picks),
    shape: [...a.groupShape, widest],
  })
}

/** Of elements counted from 0 in each set. */
function coordinatesOf(ends: Float64Array, groupShape: readonly number[]) {
  const rank = groupShape.length + 1
  const count = ends.at(-1)!
  const at = newScratch(count * rank)
  for (let g = 0; g + 1 < ends.length; g++) {
    for (let i = ends[g]!; i < ends[g + 1]!; i++) {
      spend(rank)
      at[i * rank + rank - 1] = i - ends[g]!
      let rest = g
      for (let d = rank - 2; d >= 0; d--) {
        at[i * rank + d] = rest % groupShape[d]!
        rest = Math.floor(rest / groupShape[d]!)
      }
    }
  }
  return { at, count, rank }
}

/** How many different elements each set has. */
const setSize: Kernel = (inputs, context) => {
  const { values, offsets, groupShape } = readSparseSets(inputs, 0, context)
  const { numbers } = numberValues(values)
  const sizes = newScratch(offsets.length - 1)
  for (let g = 0; g < sizes.length; g++) {
    spend(1 + offsets[g + 1]! - offsets[g]!)
    sizes[g] = toSet(numbers.subarray(offsets[g]!, offsets[g + 1]!)).length
  }
  return [fromIntegers('int32', groupShape, sizes)]
}

export const setOps: OpTable = {
  SetSize: { kernel: setSize },
  DenseToDenseSetOperation: { kernel: setOperation([true, true]) },
  DenseToSparseSetOperation: { kernel: setOperation([true, false]) },
  SparseToSparseSetOperation: { kernel: setOperation([false, false]) },
}
