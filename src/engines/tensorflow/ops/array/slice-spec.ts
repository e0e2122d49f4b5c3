/** What `x[begin:end:stride, ..., newaxis, i]` means for a shape (TensorFlow's strided_slice_op.cc). */

import type { Attributes } from '../../op.js'
import { invalid } from './arguments.js'

/** A slice resolved against a shape. */
export interface SliceSpec {
  /** First index of each axis of the input. */
  readonly begin: readonly number[]
  readonly strides: readonly number[]
  /** Size taken of each axis of the input. */
  readonly sizes: readonly number[]
  /** Shape of the result: axes indexed by one number gone, new axes put in. */
  readonly shape: readonly number[]
  /** The input's axis that each axis of the result is; undefined: a new one. */
  readonly layout: readonly (number | undefined)[]
}

export interface SliceArguments {
  readonly begin: readonly number[]
  readonly end: readonly number[]
  readonly strides: readonly number[]
}

interface Masks {
  readonly begin: number
  readonly end: number
  readonly ellipsis: number
  readonly newAxis: number
  readonly shrink: number
}

/** What is said of one axis of the input. */
interface Range {
  readonly begin: number | undefined
  readonly end: number | undefined
  readonly stride: number
  readonly shrink: boolean
}

const everything: Range = { begin: undefined, end: undefined, stride: 1, shrink: false }

export function readSlice(shape: readonly number[], args: SliceArguments, attrs: Attributes): SliceSpec {
  const masks: Masks = {
    begin: attrs.int('begin_mask', 0),
    end: attrs.int('end_mask', 0),
    ellipsis: attrs.int('ellipsis_mask', 0),
    newAxis: attrs.int('new_axis_mask', 0),
    shrink: attrs.int('shrink_axis_mask', 0),
  }
  if (
    args.begin.length !== args.end.length ||
    args.begin.length !== args.strides.length ||
    args.begin.length >= 32
  ) {
    throw invalid(
      `Expected begin, end, and strides to be 1D equal size tensors, but got shapes [${args.begin.length}], [${args.end.length}], and [${args.strides.length}] instead.`,
    )
  }
  if ((masks.ellipsis & (masks.ellipsis - 1)) !== 0)
    throw invalid('Multiple ellipses in slice spec not allowed')
  const { ranges, layout } = spread(shape, args, masks)
  const resolved = ranges.map((range, axis) => resolve(range, axis, shape[axis]!))
  return {
    begin: resolved.map(({ begin }) => begin),
    strides: ranges.map(({ stride }) => stride),
    sizes: resolved.map(({ size }) => size),
    shape: layout.map((axis) => (axis === undefined ? 1 : resolved[axis]!.size)),
    layout,
  }
}

/** One range for each axis of the input, and what the axes of the result are. */
function spread(shape: readonly number[], { begin, end, strides }: SliceArguments, masks: Masks) {
  const ranges: Range[] = []
  const layout: (number | undefined)[] = []
  const take = () => {
    layout.push(ranges.length)
    ranges.push(everything)
  }
  const has = (mask: number, i: number) => ((mask >> i) & 1) === 1
  const isNew = (i: number) => has(masks.newAxis, i) && !has(masks.ellipsis, i)
  for (let i = 0; i < begin.length; i++) {
    if (has(masks.ellipsis, i)) {
      const named = begin.filter((_, j) => j > i && !isNew(j)).length
      while (ranges.length < shape.length - named) take()
    } else if (isNew(i)) {
      layout.push(undefined)
    } else if (ranges.length === shape.length) {
      throw invalid(
        shape.length === 0
          ? 'Attempting to slice scalar input.'
          : `Index out of range using input dim ${ranges.length}; input has only ${shape.length} dims`,
      )
    } else {
      const shrink = has(masks.shrink, i)
      if (!shrink) layout.push(ranges.length)
      ranges.push({
        // An axis indexed by one number does not look at the masks.
        begin: has(masks.begin, i) && !shrink ? undefined : begin[i],
        end: has(masks.end, i) ? undefined : end[i],
        stride: strides[i]!,
        shrink,
      })
    }
  }
  if (!begin.some((_, i) => has(masks.ellipsis, i))) while (ranges.length < shape.length) take()
  return { ranges, layout }
}

function resolve(
  range: Range,
  axis: number,
  size: number,
): { readonly begin: number; readonly size: number } {
  const { begin, end, stride, shrink } = range
  if (stride === 0) throw invalid(`strides[${axis}] must be non-zero`)
  if (shrink) {
    if (stride < 0) throw invalid('only stride 1 allowed on non-range indexing.')
    const index = begin! < 0 ? begin! + size : begin!
    if (index < 0 || index >= size) throw invalid(`slice index ${begin} of dimension ${axis} out of bounds.`)
    return { begin: index, size: 1 }
  }
  const lowest = stride > 0 ? 0 : -1
  const highest = stride > 0 ? size : size - 1
  const clamp = (at: number) => Math.min(Math.max(at < 0 ? at + size : at, lowest), highest)
  const first = begin === undefined ? (stride > 0 ? lowest : highest) : clamp(begin)
  const last = end === undefined ? (stride > 0 ? highest : lowest) : clamp(end)
  return { begin: first, size: Math.max(0, Math.ceil((last - first) / stride)) }
}
