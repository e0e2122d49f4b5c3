import type { AnyTensor, Kernel, OpContext } from '../../op.js'
import { spend } from '../../run-limits.js'
import { newScratch } from '../new-data.js'
import { expectSameType, type FloatTensor, floatInput, refuse, rounded, zeros } from './inputs.js'
import type { FloatArray } from './matrix-view.js'
import { addWeightedRows } from './multiply.js'
import { multiplyTiles } from './tiles.js'
import {
  fromVolume,
  isChannelsFirst,
  outputSizes,
  spatialAttribute,
  spatialPaddings,
  toVolume,
  type Volume,
} from './volume.js'
import { type Axes, type Sizes, toAxes, Windows } from './windows.js'

/** Weights as [...sizes, depth, outputs]: `depth` input channels of a group. */
export interface Filter {
  readonly sizes: Sizes
  readonly depth: number
  readonly outputs: number
  readonly data: FloatArray
}

/** Conv2D, Conv3D: channels may be in groups. */
export function convolutionKernel(rank: 4 | 5): Kernel {
  return (inputs, context) => [convolution(inputs, rank, context)]
}

export function convolution(inputs: readonly AnyTensor[], rank: 4 | 5, context: OpContext): FloatTensor {
  const input = floatInput(inputs, 0, context)
  const filter = filterOf(floatInput(inputs, 1, context), rank, context)
  expectSameType(input, inputs[1]!, context)
  const volume = toVolume(input, rank, context)
  const groups = groupsOf(volume.channels, filter, context)
  const axes = axesOf(volume.sizes, filter.sizes, rank, context)
  const width = filter.outputs / groups
  if (groups === 1 && width >= 4)
    return convolvePatches(volume, filter, { axes, rank, dtype: input.dtype }, context)
  return slide(
    volume,
    { axes, channels: filter.outputs, rank, dtype: input.dtype },
    context,
    (windows, base, sums) => {
      const { data, channels } = volume
      for (let t = 0; t < windows.count; t++) {
        const from = (base + windows.inputs[t]!) * channels
        const tap = windows.taps[t]! * filter.depth * filter.outputs
        for (let g = 0; g < groups; g++) {
          spend(width * filter.depth)
          addWeightedRows(
            sums,
            g * width,
            width,
            data,
            from + g * filter.depth,
            filter.depth,
            filter.data,
            tap + g * width,
            filter.outputs,
          )
        }
      }
    },
  )
}

/** Windows a block, laid out as rows of one matrix; padding is zeros in it. */
const blockSize = 64

/** Multiplies blocks of windows with the filter, which is a matrix already: twice as fast as window by window. */
function convolvePatches(
  { batch, channels, data }: Volume<FloatArray>,
  filter: Filter,
  { axes, rank, dtype }: Omit<SlideOptions, 'channels'>,
  context: OpContext,
): FloatTensor {
  const windows = new Windows(axes)
  const { outputs } = filter
  const inner = filter.sizes[0] * filter.sizes[1] * filter.sizes[2] * channels
  const out = zeros(dtype, [batch, windows.positions, outputs]).data
  const patches = newScratch(Math.min(blockSize, batch * windows.positions) * inner)
  const a = { data: patches, at: 0, rowStep: inner, columnStep: 1 }
  const b = { data: filter.data, at: 0, rowStep: outputs, columnStep: 1 }
  const total = batch * windows.positions
  for (let q = 0; q < total; q += blockSize) {
    const rows = Math.min(blockSize, total - q)
    patches.fill(0)
    for (let i = 0; i < rows; i++) {
      windows.moveTo((q + i) % windows.positions)
      spend(inner)
      const base = Math.floor((q + i) / windows.positions) * windows.cells
      for (let t = 0; t < windows.count; t++) {
        const from = (base + windows.inputs[t]!) * channels
        patches.set(data.subarray(from, from + channels), i * inner + windows.taps[t]! * channels)
      }
    }
    multiplyTiles({ rows, inner, columns: outputs, a, b, out, outAt: q * outputs })
  }
  const result = fromVolume({ batch, sizes: outputSizes(axes), channels: outputs, data: out }, rank, context)
  return rounded(dtype, result.shape, result.data)
}

/** Each channel by itself, with `multiplier` outputs per channel. */
export const depthwiseConvolution: Kernel = (inputs, context) => [depthwise(inputs, context)]

export function depthwise(inputs: readonly AnyTensor[], context: OpContext): FloatTensor {
  const input = floatInput(inputs, 0, context)
  const filter = filterOf(floatInput(inputs, 1, context), 4, context)
  expectSameType(input, inputs[1]!, context)
  const volume = toVolume(input, 4, context)
  const { channels, data } = volume
  if (channels !== filter.depth)
    refuse(context, `input and filter must have the same depth: ${channels} vs ${filter.depth}`)
  const multiplier = filter.outputs
  const axes = axesOf(volume.sizes, filter.sizes, 4, context)
  const outputs = channels * multiplier
  return slide(
    volume,
    { axes, channels: outputs, rank: 4, dtype: input.dtype },
    context,
    (windows, base, sums) => {
      for (let t = 0; t < windows.count; t++) {
        const from = (base + windows.inputs[t]!) * channels
        const tap = windows.taps[t]! * outputs
        for (let c = 0, o = 0; c < channels; c++) {
          const x = data[from + c]!
          for (let m = 0; m < multiplier; m++, o++) sums[o]! += x * filter.data[tap + o]!
        }
      }
    },
  )
}

interface SlideOptions {
  readonly axes: Axes
  /** Of the output. */
  readonly channels: number
  readonly rank: 4 | 5
  readonly dtype: FloatTensor['dtype']
}

/** Lets `visit` add up every window; `base` is the first input position of the batch element. */
export function slide(
  { batch }: Volume<FloatArray>,
  { axes, channels, rank, dtype }: SlideOptions,
  context: OpContext,
  visit: (windows: Windows, base: number, sums: Float64Array) => void,
): FloatTensor {
  const windows = new Windows(axes)
  const { data } = zeros(dtype, [batch, windows.positions, channels])
  const sums = newScratch(channels)
  for (let n = 0, to = 0; n < batch; n++) {
    for (let p = 0; p < windows.positions; p++, to += channels) {
      windows.moveTo(p)
      spend((windows.count + 1) * channels)
      sums.fill(0)
      visit(windows, n * windows.cells, sums)
      data.set(sums, to)
    }
  }
  const out = fromVolume({ batch, sizes: outputSizes(axes), channels, data }, rank, context)
  return rounded(dtype, out.shape, out.data)
}

export function filterOf({ shape, data }: FloatTensor, rank: 4 | 5, context: OpContext): Filter {
  if (shape.length !== rank) refuse(context, `filter must be ${rank}-dimensional: [${shape}]`)
  const [d, h, w] = rank === 5 ? shape : [1, ...shape]
  return { sizes: [d!, h!, w!], depth: shape.at(-2)!, outputs: shape.at(-1)!, data }
}

export function groupsOf(channels: number, { depth, outputs }: Filter, context: OpContext): number {
  if (depth <= 0 || channels % depth !== 0) {
    refuse(context, `input depth must be evenly divisible by filter depth: ${channels} vs ${depth}`)
  }
  const groups = channels / depth
  if (groups > 0 && outputs % groups !== 0) {
    refuse(context, `output depth must be evenly divisible by number of groups: ${outputs} vs ${groups}`)
  }
  return groups
}

export function axesOf(input: Sizes, kernel: Sizes, rank: 4 | 5, context: OpContext): Axes {
  const explicit = spatialPaddings(context.attrs.ints('explicit_paddings', []), isChannelsFirst(context))
  return toAxes(
    {
      input,
      kernel,
      strides: spatialAttribute('strides', rank, context),
      dilations: spatialAttribute('dilations', rank, context),
      padding: context.attrs.string('padding'),
      explicit,
    },
    context,
  )
}
