/** Where elements belong in sorted rows. */

import type { TypedArray } from '../../../../tensor/dtype.js'
import { isComplex } from '../../../../tensor/tensor.js'
import type { AnyTensor, Kernel, OpTable } from '../../op.js'
import { spend } from '../../run-limits.js'
import { newData } from '../new-data.js'
import { fromIntegers, inputAt, invalid } from './arguments.js'

function numbersOf({ dtype, data }: AnyTensor): TypedArray {
  if ('bytes' in data || dtype === 'string' || isComplex(dtype)) throw invalid(`${dtype} has no order`)
  return data
}

/** Of a search in the longest row there can be. */
const stepsOfSearch = 32

/** @param after behind equal elements (UpperBound), not before them. */
function searchSorted(after: boolean): Kernel {
  return (inputs, { attrs }) => {
    const [sorted, wanted] = [inputAt(inputs, 0), inputAt(inputs, 1)]
    if (sorted.shape.length !== 2) throw invalid('sorted input argument must be a matrix')
    if (wanted.shape.length !== 2) throw invalid('values argument must be a matrix')
    const [rows, size] = sorted.shape as [number, number]
    const count = wanted.shape[1]!
    if (rows !== wanted.shape[0]) {
      throw invalid(`Leading dim_size of both tensors must match: ${rows} vs. ${wanted.shape[0]}`)
    }
    const places = newData('int32', wanted.shape)
    const [values, targets] = [numbersOf(sorted), numbersOf(wanted)]
    for (let i = 0; i < places.length; i++) {
      spend(stepsOfSearch)
      const base = Math.floor(i / count) * size
      const target = targets[i]!
      let [low, high] = [base, base + size]
      while (low < high) {
        const middle = (low + high) >> 1
        const before = after ? !(target < values[middle]!) : values[middle]! < target
        if (before) low = middle + 1
        else high = middle
      }
      places[i] = low - base
    }
    return [fromIntegers(attrs.type('out_type', 'int32'), wanted.shape, places)]
  }
}

export const searchOps: OpTable = {
  LowerBound: { kernel: searchSorted(false) },
  UpperBound: { kernel: searchSorted(true) },
}
