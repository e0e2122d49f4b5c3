import type { Kernel, OpContext } from '../../op.js'
import { spend } from '../../run-limits.js'
import { newScratch } from '../new-data.js'
import { axesOf, type Filter, filterOf, groupsOf } from './convolution.js'
import { expectSameType, floatArray, floatInput, integersInput, refuse, rounded, zeros } from './inputs.js'
import type { FloatArray } from './matrix-view.js'
import { dot } from './multiply.js'
import { fromVolume, isChannelsFirst, outputSizes, spatial, toVolume, type Volume } from './volume.js'
import { type Axes, Windows } from './windows.js'

/** Conv2DBackpropInput, Conv3DBackpropInputV2: the transposed convolution, from input sizes, filter and output gradient. */
export function transposedConvolutionKernel(rank: 4 | 5): Kernel {
  return (inputs, context) => {
    const filter = filterOf(floatInput(inputs, 1, context), rank, context)
    const gradient = floatInput(inputs, 2, context)
    expectSameType(gradient, inputs[1]!, context)
    const volume = toVolume(gradient, rank, context)
    const target = targetOf(integersInput(inputs, 0, context), volume, filter, { rank, context })
    const groups = groupsOf(target.channels, filter, context)
    const axes = axesOf(target.sizes, filter.sizes, rank, context)
    const expected = outputSizes(axes)
    if (expected.some((size, axis) => size !== volume.sizes[axis]) || volume.channels !== filter.outputs) {
      refuse(
        context,
        `out_backprop of shape [${gradient.shape}] does not fit: expected sizes ${expected}, depth ${filter.outputs}`,
      )
    }
    const { dtype } = gradient
    zeros(dtype, [target.batch, ...target.sizes, target.channels])
    const sums = spread(volume, filter, { axes, groups, channels: target.channels })
    const data = floatArray(dtype, sums.length)
    data.set(sums)
    const out = fromVolume({ ...target, data }, rank, context)
    return [rounded(dtype, out.shape, out.data)]
  }
}

function targetOf(
  given: readonly number[],
  { batch }: Volume<FloatArray>,
  filter: Filter,
  { rank, context }: { rank: 4 | 5; context: OpContext },
) {
  const channelsFirst = isChannelsFirst(context)
  // Sizes of two entries leave batch and channels to the other inputs.
  const list =
    given.length === rank - 2
      ? channelsFirst
        ? [batch, filter.depth, ...given]
        : [batch, ...given, filter.depth]
      : given
  if (list.length !== rank || list.some((size) => size < 0))
    refuse(context, `input_sizes [${given}] are not the sizes of an input`)
  if (list[0] !== batch) refuse(context, `input_sizes has batch ${list[0]}, out_backprop ${batch}`)
  return { batch, sizes: spatial(list, channelsFirst, 1), channels: list[channelsFirst ? 1 : rank - 1]! }
}

/** Adds each gradient, weighted, to all the inputs that it came from. */
function spread(
  { batch, data, channels: outputs }: Volume<FloatArray>,
  filter: Filter,
  { axes, groups, channels }: { axes: Axes; groups: number; channels: number },
): Float64Array {
  const windows = new Windows(axes)
  const sums = newScratch(batch * windows.cells * channels)
  const width = outputs / groups
  for (let q = 0; q < batch * windows.positions; q++) {
    windows.moveTo(q % windows.positions)
    const base = Math.floor(q / windows.positions) * windows.cells
    for (let t = 0; t < windows.count; t++) {
      const to = (base + windows.inputs[t]!) * channels
      const tap = windows.taps[t]! * filter.depth * outputs
      for (let c = 0; c < channels; c++) {
        spend(width)
        const group = Math.floor(c / filter.depth) * width
        sums[to + c]! += dot(
          data,
          q * outputs + group,
          filter.data,
          tap + (c % filter.depth) * outputs + group,
          width,
        )
      }
    }
  }
  return sums
}
