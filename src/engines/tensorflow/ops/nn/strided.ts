import type { TypedArray } from '../../../../tensor/dtype.js'
import { spend } from '../../run-limits.js'
import { newLike, newScratch } from '../new-data.js'

/** Distance in elements between neighbours along each axis of a row-major array. */
export function stepsOf(shape: readonly number[]): number[] {
  const steps = new Array<number>(shape.length)
  for (let axis = shape.length - 1, step = 1; axis >= 0; step *= shape[axis]!, axis--) steps[axis] = step
  return steps
}

/** `sum of index[axis] * steps[axis]` for every index below `sizes`, the last axis changing fastest. */
export function offsetsOf(sizes: readonly number[], steps: readonly number[]): Float64Array {
  let offsets: Float64Array = new Float64Array(1)
  for (const [axis, size] of sizes.entries()) {
    const next = newScratch(offsets.length * size)
    for (let i = 0, to = 0; i < offsets.length; i++) {
      spend(size)
      for (let j = 0; j < size; j++, to++) next[to] = offsets[i]! + j * steps[axis]!
    }
    offsets = next
  }
  return offsets
}

/** An empty array of the same kind. */
export function arrayLike<A extends TypedArray>(data: A, length: number): A {
  return newLike(data, length)
}

/** `out[i * inner.length + j] = data[outer[i] + inner[j]]`; `width` array entries make one element. */
export function gather<A extends TypedArray>(
  data: A,
  { outer, inner, width = 1 }: { outer: Float64Array; inner: Float64Array; width?: number },
): A {
  const out = arrayLike(data, outer.length * inner.length * width)
  // Entries are moved as they are, numbers or bigints.
  const from = data as Float64Array
  const to = out as Float64Array
  let at = 0
  for (let i = 0; i < outer.length; i++) {
    const base = outer[i]!
    spend(inner.length * width)
    for (let j = 0; j < inner.length; j++) {
      const source = (base + inner[j]!) * width
      for (let w = 0; w < width; w++) to[at++] = from[source + w]!
    }
  }
  return out
}

/** The axes in another order: axis i of the result is axis `order[i]` of the input. */
export function transpose<A extends TypedArray>(
  data: A,
  shape: readonly number[],
  order: readonly number[],
): A {
  const steps = stepsOf(shape)
  const sizes = order.map((axis) => shape[axis]!)
  const outSteps = order.map((axis) => steps[axis]!)
  const half = Math.ceil(order.length / 2)
  return gather(data, {
    outer: offsetsOf(sizes.slice(0, half), outSteps.slice(0, half)),
    inner: offsetsOf(sizes.slice(half), outSteps.slice(half)),
  })
}
