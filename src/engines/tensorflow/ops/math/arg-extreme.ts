/** Where the largest or smallest element along an axis is. */

import { sizeOf } from '../../../../tensor/tensor.js'
import type { Kernel } from '../../op.js'
import { blockElements, spend } from '../../run-limits.js'
import { newData } from '../new-data.js'
import { integerAt, type NumberArray, numericAt, refuse, refuseType, result } from './arguments.js'

/** Ties go to the first; NaN is never larger, and never passed by what comes after it. */
export const argMax: Kernel = argExtreme(firstLargest)
export const argMin: Kernel = argExtreme(firstSmallest)

/** `count` elements from `start`, `step` apart, as BigInt or number alike. */
type Find = (x: NumberArray, start: number, step: number, count: number) => number

function argExtreme(find: Find): Kernel {
  return (inputs, context) => {
    const { dtype, shape, data } = numericAt(inputs, 0, context)
    if (dtype.startsWith('complex')) refuseType(context, dtype)
    const given = integerAt(inputs, 1, context)
    const rank = shape.length
    const axis = given < 0 ? given + rank : given
    if (axis < 0 || axis >= rank)
      refuse(context, `Expected dimension in the range [-${rank}, ${rank}), but got ${given}`)
    const count = shape[axis]!
    if (count === 0) refuse(context, `Reduction axis ${given} is empty in shape [${shape}]`)
    const step = sizeOf(shape.slice(axis + 1))
    const kept = shape.filter((_, d) => d !== axis)
    const places = newData('int32', kept)
    for (let k = 0; k < places.length; k++) {
      spend(count)
      const start = Math.floor(k / step) * step * count + (k % step)
      // Comparison works on BigInt as it does on numbers.
      places[k] = find(data as NumberArray, start, step, count)
    }
    return [asType(places, kept, context.attrs.type('output_type', 'int64'))]
  }
}

function asType(places: Int32Array, shape: readonly number[], type: string) {
  if (type === 'int32') return result('int32', shape, places)
  if (type === 'int16') return result('int16', shape, Int16Array.from(places))
  if (type === 'uint16') return result('uint16', shape, Uint16Array.from(places))
  const out = newData('int64', shape)
  for (let k = 0; k < out.length; k++) out[k] = BigInt(places[k]!)
  return result('int64', shape, out)
}

function firstLargest(x: NumberArray, start: number, step: number, count: number): number {
  let best = x[start]!
  let place = 0
  for (let i = 1, at = start + step; i < count; i++, at += step) {
    if (i % blockElements === 0) spend(blockElements)
    if (x[at]! > best) {
      best = x[at]!
      place = i
    }
  }
  return place
}

function firstSmallest(x: NumberArray, start: number, step: number, count: number): number {
  let best = x[start]!
  let place = 0
  for (let i = 1, at = start + step; i < count; i++, at += step) {
    if (i % blockElements === 0) spend(blockElements)
    if (x[at]! < best) {
      best = x[at]!
      place = i
    }
  }
  return place
}
