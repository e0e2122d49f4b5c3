/** Which elements a reduction brings together, for any set of axes. */

import { sizeOf } from '../../../../tensor/tensor.js'
import type { AnyTensor, OpContext } from '../../op.js'
import { blockElements, spend } from '../../run-limits.js'
import { newData } from '../new-data.js'
import { integersAt, refuse } from './arguments.js'

/**
 * Output k is made of `length` elements: for every start `inner[s]`, the `widths[s]` elements at
 * `outer[k] + inner[s]`, `outer[k] + inner[s] + step` ... None of the widths is so large that the clock could not wait for it.
 */
export interface ReductionPlan {
  readonly shape: readonly number[]
  readonly size: number
  readonly length: number
  readonly outer: Int32Array
  readonly inner: Int32Array
  readonly widths: Int32Array
  readonly step: number
}

/** Neighbouring axes that are reduced, or kept, together. */
interface Group {
  size: number
  stride: number
  readonly isReduced: boolean
}

/** @throws RecserveError `invalid_argument` for an axis out of range or named twice */
export function planReduction(
  { shape }: AnyTensor,
  inputs: readonly AnyTensor[],
  context: OpContext,
): ReductionPlan {
  const reduced = reducedAxes(shape, integersAt(inputs, 1, context), context)
  const keepDims = context.attrs.bool('keep_dims', false)
  const kept = shape.flatMap((size, d) => (reduced[d] ? (keepDims ? [1] : []) : [size]))
  const groups = groupAxes(shape, reduced)
  const last = groups.findLast(({ isReduced }) => isReduced)
  const outer = startsOf(groups.filter(({ isReduced }) => !isReduced))
  return {
    shape: kept,
    size: sizeOf(kept),
    length: shape.reduce((product, size, d) => (reduced[d] ? product * size : product), 1),
    outer,
    ...runsOf(startsOf(groups.filter((group) => group.isReduced && group !== last)), last),
  }
}

/** Runs of elements from each of the starts on, cut where they are long. */
function runsOf(
  starts: Int32Array,
  { size, stride }: Pick<Group, 'size' | 'stride'> = { size: 1, stride: 1 },
): Pick<ReductionPlan, 'inner' | 'widths' | 'step'> {
  const cuts = Math.ceil(size / blockElements)
  if (cuts <= 1) return { inner: starts, widths: new Int32Array(starts.length).fill(size), step: stride }
  const inner = new Int32Array(starts.length * cuts)
  const widths = inner.map((_, i) => Math.min(blockElements, size - (i % cuts) * blockElements))
  for (let i = 0; i < inner.length; i++) {
    inner[i] = starts[Math.floor(i / cuts)]! + (i % cuts) * blockElements * stride
  }
  return { inner, widths, step: stride }
}

function reducedAxes(shape: readonly number[], axes: readonly number[], context: OpContext): boolean[] {
  const rank = shape.length
  const reduced = new Array<boolean>(rank).fill(false)
  for (const axis of axes) {
    const d = axis < 0 ? axis + rank : axis
    if (d < 0 || d >= rank)
      refuse(context, `Invalid reduction dimension (${axis} for input with ${rank} dimension(s)`)
    if (reduced[d]) refuse(context, `Invalid reduction arguments: Axes contains duplicate dimension: ${axis}`)
    reduced[d] = true
  }
  return reduced
}

function groupAxes(shape: readonly number[], reduced: readonly boolean[]): Group[] {
  const groups: Group[] = []
  let stride = 1
  for (let d = shape.length - 1; d >= 0; d--) {
    const size = shape[d]!
    const next = groups[0]
    if (next?.isReduced === reduced[d]) next!.size *= size
    else groups.unshift({ size, stride, isReduced: reduced[d]! })
    stride *= size
  }
  return groups
}

function startsOf(groups: readonly Group[]): Int32Array {
  let starts = Int32Array.of(0)
  for (const { size, stride } of groups) {
    spend(starts.length * size)
    const more = newData('int32', [starts.length * size])
    for (let i = 0, at = 0; i < starts.length; i++) {
      for (let j = 0; j < size; j++) more[at++] = starts[i]! + j * stride
    }
    starts = more
  }
  return starts
}
