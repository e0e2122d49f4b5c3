import type { Kernel } from '../../op.js'
import { slide } from './convolution.js'
import { expectRank, expectSameType, floatInput, refuse } from './inputs.js'
import { spatialAttribute, toVolume } from './volume.js'
import { toAxes } from './windows.js'

/** Dilation2D, grayscale: the largest sum of input and filter in the window. */
export const dilation2d: Kernel = (inputs, context) => {
  const input = floatInput(inputs, 0, context)
  const filter = floatInput(inputs, 1, context)
  expectSameType(input, filter, context)
  expectRank(filter, 3, 'filter', context)
  const volume = toVolume(input, 4, context)
  const { data, channels } = volume
  const [height, width, depth] = filter.shape as [number, number, number]
  if (depth !== channels)
    refuse(context, `input and filter must have the same depth: ${channels} vs ${depth}`)
  const axes = toAxes(
    {
      input: volume.sizes,
      kernel: [1, height, width],
      strides: spatialAttribute('strides', 4, context),
      dilations: spatialAttribute('rates', 4, context),
      padding: context.attrs.string('padding'),
      explicit: [],
    },
    context,
  )
  const output = slide(
    volume,
    { axes, channels, rank: 4, dtype: input.dtype },
    context,
    (windows, base, sums) => {
      sums.fill(-Infinity)
      for (let t = 0; t < windows.count; t++) {
        const from = (base + windows.inputs[t]!) * channels
        const tap = windows.taps[t]! * channels
        for (let c = 0; c < channels; c++) {
          const value = data[from + c]! + filter.data[tap + c]!
          if (value > sums[c]!) sums[c] = value
        }
      }
    },
  )
  return [output]
}
