/** Images and volumes as convolutions and pools work on them: channels last, three spatial axes. */

import type { TypedArray } from '../../../../tensor/dtype.js'
import type { OpContext } from '../../op.js'
import { refuse } from './inputs.js'
import { transpose } from './strided.js'
import type { Axes, Sizes } from './windows.js'

export interface Volume<A extends TypedArray> {
  readonly batch: number
  readonly sizes: Sizes
  readonly channels: number
  /** Batch, depth, height, width, channels. */
  readonly data: A
}

interface Source<A extends TypedArray> {
  readonly shape: readonly number[]
  readonly data: A
}

/** Whether the node's `data_format` puts the channels before the spatial axes. TensorFlow refuses that on a CPU; here it works. */
export function isChannelsFirst(context: OpContext): boolean {
  const format = context.attrs.string('data_format', 'NHWC')
  if (!['NHWC', 'NCHW', 'NDHWC', 'NCDHW'].includes(format)) {
    refuse(context, `its data_format '${format}' is unknown`, 'unimplemented')
  }
  return format.startsWith('NC')
}

export function toVolume<A extends TypedArray>(
  { shape, data }: Source<A>,
  rank: 4 | 5,
  context: OpContext,
): Volume<A> {
  if (shape.length !== rank) refuse(context, `input must be ${rank}-dimensional: [${shape}]`)
  const channelsFirst = isChannelsFirst(context)
  const sizes = spatial(shape, channelsFirst, 1)
  const channels = shape[channelsFirst ? 1 : rank - 1]!
  const order = [0, ...shape.slice(2).map((_, i) => i + 2), 1]
  return { batch: shape[0]!, sizes, channels, data: channelsFirst ? transpose(data, shape, order) : data }
}

/** The spatial entries of a list with one for each axis of an input; `filler` for the depth that images lack. */
export function spatial(list: readonly number[], channelsFirst: boolean, filler: number): Sizes {
  const entries = channelsFirst ? list.slice(2) : list.slice(1, -1)
  return [entries.length === 3 ? entries[0]! : filler, entries.at(-2)!, entries.at(-1)!]
}

/** The entries of `explicit_paddings` for the three spatial axes: before, after, before ... */
export function spatialPaddings(list: readonly number[], channelsFirst: boolean): readonly number[] {
  const entries = channelsFirst ? list.slice(4) : list.slice(2, -2)
  return entries.length === 4 ? [0, 0, ...entries] : entries
}

/** The shape and data of a result, in the node's own data format. */
export function fromVolume<A extends TypedArray>(
  { batch, sizes, channels, data }: Volume<A>,
  rank: 4 | 5,
  context: OpContext,
): { shape: readonly number[]; data: A } {
  const shape = [batch, ...sizes.slice(5 - rank), channels]
  if (!isChannelsFirst(context)) return { shape, data }
  const order = [0, rank - 1, ...sizes.slice(5 - rank).map((_, i) => i + 1)]
  return { shape: order.map((axis) => shape[axis]!), data: transpose(data, shape, order) }
}

export function outputSizes([d, h, w]: Axes): Sizes {
  return [d.output, h.output, w.output]
}

/** An attribute with an entry for each axis of the input; 1 throughout where it is absent. Those of batch and channels must be 1. */
export function spatialAttribute(
  name: string,
  rank: 4 | 5,
  context: OpContext,
  list = axisAttribute(name, rank, context),
): Sizes {
  if (list.length !== rank) refuse(context, `${name} must have ${rank} entries: [${list}]`)
  const channelsFirst = isChannelsFirst(context)
  if (list[0] !== 1 || list[channelsFirst ? 1 : rank - 1] !== 1) {
    refuse(context, `${name} in the batch and depth dimensions are not supported: [${list}]`, 'unimplemented')
  }
  return spatial(list, channelsFirst, 1)
}

function axisAttribute(name: string, rank: number, context: OpContext): readonly number[] {
  return context.attrs.ints(name, new Array<number>(rank).fill(1))
}
