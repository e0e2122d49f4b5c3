/** Ops that find equal elements. */

import { stringAt } from '../../../../tensor/strings.js'
import { isComplex } from '../../../../tensor/tensor.js'
import type { AnyTensor, Kernel, OpTable } from '../../op.js'
import { claimPlaces, spend } from '../../run-limits.js'
import { newData } from '../new-data.js'
import { fromIntegers, inputAt, invalid, shapeText, sizeBetween, toAxis, toVector } from './arguments.js'
import { openElements } from './elements.js'
import { copyWords } from './moves.js'
import { transpose } from './permute.js'

/** What a Map finds equal elements by; undefined: equal to nothing, itself included. */
type Key = string | number | bigint | undefined

const floats = new Set(['float16', 'bfloat16', 'float32', 'float64', 'complex64', 'complex128'])

/** The key of element i. A Map takes -0 for 0, as C++ does; a NaN gets no key. */
function keysOf(input: AnyTensor): (i: number) => Key {
  if (input.dtype === 'string') {
    const { data } = input
    return (i) => {
      const bytes = stringAt(data, i)
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
    }
  }
  const { data, dtype } = input
  const hasNan = floats.has(dtype)
  if (isComplex(dtype)) {
    return (i) => {
      const [real, imaginary] = [Number(data[2 * i]) + 0, Number(data[2 * i + 1]) + 0]
      return Number.isNaN(real + imaginary) ? undefined : `${real},${imaginary}`
    }
  }
  return (i) => {
    const value = data[i]!
    return hasNan && Number.isNaN(value) ? undefined : value
  }
}

/** The key of row i, of `count` elements. */
function rowKeysOf(input: AnyTensor, count: number): (i: number) => Key {
  const keyOf = keysOf(input)
  if (count === 1) return keyOf
  return (i) => {
    spend(count)
    const keys = Array.from({ length: count }, (_, j) => keyOf(i * count + j))
    // Lengths before the parts: no two lists read alike.
    return keys.includes(undefined) ? undefined : keys.map((key) => `${String(key).length}:${key}`).join('')
  }
}

/** To look a key up costs as much as so many simple operations, and to keep it as many places of a list. */
const operationsPerKey = 16
const placesPerKey = 16

interface Groups {
  /** The first row of each group, in order of appearance. */
  readonly firsts: number[]
  /** The group of each row. */
  readonly groups: Int32Array
  readonly counts: number[]
}

function groupRows(keyOf: (i: number) => Key, rows: number): Groups {
  const known = new Map<Key, number>()
  const firsts: number[] = []
  const counts: number[] = []
  const groups = newData('int32', [rows])
  for (let i = 0; i < rows; i++) {
    spend(operationsPerKey)
    const key = keyOf(i)
    let group = key === undefined ? undefined : known.get(key)
    if (group === undefined) {
      group = firsts.length
      claimPlaces(placesPerKey)
      firsts.push(i)
      counts.push(0)
      if (key !== undefined) known.set(key, group)
    }
    groups[i] = group
    counts[group]!++
  }
  return { firsts, groups, counts }
}

/** Rows of the first axis by number. */
function takeRows(input: AnyTensor, rows: readonly number[]): AnyTensor {
  const elements = openElements([input])
  const count = sizeBetween(input.shape, 1)
  const block = count * elements.unit
  const out = elements.create([rows.length, count])
  for (const [i, row] of rows.entries()) {
    spend(block)
    copyWords(elements.sources[0]!, row * block, out, i * block, block)
  }
  return elements.toTensor([rows.length, ...input.shape.slice(1)], out)
}

function unique(input: AnyTensor, axis: number, dtype: string): readonly AnyTensor[] {
  const order = input.shape.map((_, d) => (d === 0 ? axis : d === axis ? 0 : d))
  // The axis first: changing it with the first one is its own inverse.
  const rows = axis === 0 ? input : transpose(input, order)
  const size = rows.shape[0]!
  const { firsts, groups, counts } = groupRows(rowKeysOf(rows, sizeBetween(rows.shape, 1)), size)
  const values = takeRows(rows, firsts)
  return [
    axis === 0 ? values : transpose(values, order),
    fromIntegers(dtype, [size], groups),
    fromIntegers(dtype, [counts.length], counts),
  ]
}

/** @param outputs 2: values and groups, 3: counts too. */
function uniqueV1(outputs: number): Kernel {
  return (inputs, { attrs }) => {
    const input = inputAt(inputs, 0)
    if (input.shape.length !== 1) throw invalid(`unique expects a 1D vector. Got ${shapeText(input.shape)}`)
    return unique(input, 0, attrs.type('out_idx', 'int32')).slice(0, outputs)
  }
}

function uniqueV2(outputs: number): Kernel {
  return (inputs, { attrs }) => {
    const input = inputAt(inputs, 0)
    const axes = toVector(inputAt(inputs, 1), 'axis')
    if (axes.length > 1)
      throw invalid(`axis does not support input tensors larger than 1 elements, got ${axes.length}`)
    if (axes.length === 0 && input.shape.length !== 1) throw invalid('unique expects a 1D vector.')
    const axis = toAxis(axes[0] ?? 0, input.shape.length)
    return unique(input, axis, attrs.type('out_idx', 'int32')).slice(0, outputs)
  }
}

/** The elements of x that are not in y, and where they are. */
const listDiff: Kernel = (inputs, { attrs }) => {
  const [x, y] = [inputAt(inputs, 0), inputAt(inputs, 1)]
  if (x.shape.length !== 1) throw invalid('x should be a 1D vector.')
  if (y.shape.length !== 1) throw invalid('y should be a 1D vector.')
  if (x.dtype !== y.dtype) throw invalid(`x is ${x.dtype}, y is ${y.dtype}`)
  const yKey = keysOf(y)
  const xKey = keysOf(x)
  const known = new Set<Key>()
  for (let i = 0; i < y.shape[0]!; i++) {
    spend(operationsPerKey)
    claimPlaces(placesPerKey)
    known.add(yKey(i))
  }
  known.delete(undefined)
  const rows: number[] = []
  for (let i = 0; i < x.shape[0]!; i++) {
    spend(operationsPerKey)
    if (!known.has(xKey(i))) rows.push(i)
  }
  return [takeRows(x, rows), fromIntegers(attrs.type('out_idx', 'int32'), [rows.length], rows)]
}

export const uniqueOps: OpTable = {
  Unique: { kernel: uniqueV1(2) },
  UniqueV2: { kernel: uniqueV2(2) },
  UniqueWithCounts: { kernel: uniqueV1(3) },
  UniqueWithCountsV2: { kernel: uniqueV2(3) },
  ListDiff: { kernel: listDiff },
}
