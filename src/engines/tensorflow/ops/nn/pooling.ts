import type { NumericType } from '../../../../tensor/dtype.js'
import type { Tensor } from '../../../../tensor/tensor.js'
import type { Kernel, OpContext } from '../../op.js'
import { spend } from '../../run-limits.js'
import {
  type FloatTensor,
  floatInput,
  integersInput,
  numericInput,
  refuse,
  rounded,
  zeros,
} from './inputs.js'
import type { FloatArray } from './matrix-view.js'
import {
  fromVolume,
  isChannelsFirst,
  outputSizes,
  spatial,
  spatialPaddings,
  toVolume,
  type Volume,
} from './volume.js'
import { type Axes, type Sizes, toAxes, Windows } from './windows.js'

/** Where a pool reads and writes. */
interface Cells {
  /** The whole of the data; numbers or bigints, which a maximum compares alike. */
  readonly input: FloatArray
  readonly out: FloatArray
  readonly channels: number
  /** The first input position of the batch element. */
  readonly base: number
  /** Where the output position's channels begin. */
  readonly to: number
}

/** What a pool does with the inputs of a window. */
type Reduction = (windows: Windows, cells: Cells) => void

interface Geometry {
  readonly ksize: readonly number[]
  readonly strides: readonly number[]
}

/** MaxPool, MaxPool3D: window and strides are attributes. */
export function maxPoolKernel(rank: 4 | 5): Kernel {
  return (inputs, context) => [
    maxPool(numericInput(inputs, 0, context), attributesOf(context), rank, context),
  ]
}

/** MaxPoolV2: window and strides are inputs. */
export const maxPoolV2: Kernel = (inputs, context) => {
  const geometry = { ksize: integersInput(inputs, 1, context), strides: integersInput(inputs, 2, context) }
  return [maxPool(numericInput(inputs, 0, context), geometry, 4, context)]
}

/** AvgPool, AvgPool3D: the mean of what is in the window; padding does not count. */
export function avgPoolKernel(rank: 4 | 5): Kernel {
  return (inputs, context) => {
    const input: FloatTensor = floatInput(inputs, 0, context)
    return [pool(input, attributesOf(context), rank, { context, reduce: mean })]
  }
}

function attributesOf({ attrs }: OpContext): Geometry {
  return { ksize: attrs.ints('ksize'), strides: attrs.ints('strides') }
}

function maxPool(
  input: Tensor<NumericType>,
  geometry: Geometry,
  rank: 4 | 5,
  context: OpContext,
): Tensor<NumericType> {
  const { dtype } = input
  if (dtype === 'bool' || dtype.startsWith('complex')) refuse(context, `input 0 is ${dtype}`)
  const lowest = lowestOf(dtype)
  const reduce: Reduction = (windows, cells) => maximum(windows, cells, lowest as number)
  return pool(input, geometry, rank, { context, reduce })
}

/** What the maximum begins with: it is the answer where a window has nothing but NaN. */
function lowestOf(dtype: NumericType): number | bigint {
  switch (dtype) {
    case 'float64':
      return -Number.MAX_VALUE
    case 'float32':
      return -(2 ** 128 - 2 ** 104)
    case 'float16':
      return -65504
    case 'bfloat16':
      return -(2 ** 128 - 2 ** 120)
    case 'int64':
      return -(2n ** 63n)
    case 'uint64':
      return 0n
    default:
      return dtype.startsWith('uint') ? 0 : -(2 ** (Number(dtype.slice(3)) - 1))
  }
}

/** NaN is never larger, so it is passed over, as TensorFlow does. */
function maximum(windows: Windows, { input, out, channels, base, to }: Cells, lowest: number): void {
  for (let c = 0; c < channels; c++) out[to + c] = lowest
  for (let t = 0; t < windows.count; t++) {
    const from = (base + windows.inputs[t]!) * channels
    for (let c = 0; c < channels; c++) if (input[from + c]! > out[to + c]!) out[to + c] = input[from + c]!
  }
}

function mean(windows: Windows, { input, out, channels, base, to }: Cells): void {
  for (let c = 0; c < channels; c++) {
    let sum = 0
    for (let t = 0; t < windows.count; t++) sum += input[(base + windows.inputs[t]!) * channels + c]!
    out[to + c] = sum / windows.count
  }
}

interface PoolOptions {
  readonly context: OpContext
  readonly reduce: Reduction
}

function pool<D extends NumericType>(
  input: Tensor<D>,
  { ksize, strides }: Geometry,
  rank: 4 | 5,
  { context, reduce }: PoolOptions,
): Tensor<D> {
  if (ksize.length !== rank || strides.length !== rank) {
    refuse(context, `ksize and strides must have ${rank} entries: [${ksize}], [${strides}]`)
  }
  const channelsFirst = isChannelsFirst(context)
  const volume = toVolume<Tensor<D>['data']>(input, rank, context)
  if (ksize[0] !== 1 || strides[0] !== 1)
    refuse(context, 'Pooling is not yet supported on the batch dimension.', 'unimplemented')
  const across = ksize[channelsFirst ? 1 : rank - 1]!
  if (across !== 1) return poolChannels(input, volume, { across, ksize, strides, rank }, { context, reduce })
  const axes = axesOf(
    volume.sizes,
    spatial(ksize, channelsFirst, 1),
    spatial(strides, channelsFirst, 1),
    context,
  )
  const data = slide(volume, axes, input.dtype, reduce)
  const out = fromVolume({ ...volume, sizes: outputSizes(axes), data }, rank, context)
  return rounded(input.dtype, out.shape, out.data)
}

/** Pools over groups of channels, as over the cells of a row. */
function poolChannels<D extends NumericType>(
  { dtype }: Tensor<D>,
  volume: Volume<Tensor<D>['data']>,
  { across, ksize, strides, rank }: Geometry & { across: number; rank: 4 | 5 },
  { context, reduce }: PoolOptions,
): Tensor<D> {
  const { batch, sizes, channels } = volume
  if (ksize.filter((size) => size !== 1).length > 1) {
    refuse(context, 'pools either over channels or over space, not over both', 'unimplemented')
  }
  if (channels % across !== 0 || !strides.includes(across)) {
    refuse(
      context,
      `the window over channels, ${across}, must divide the ${channels} channels and equal its stride`,
      'unimplemented',
    )
  }
  const rows = batch * sizes[0] * sizes[1] * sizes[2]
  const flat = { batch: rows, sizes: [1, 1, channels] as const, channels: 1, data: volume.data }
  const data = slide(flat, axesOf(flat.sizes, [1, 1, across], [1, 1, across], context), dtype, reduce)
  const out = fromVolume({ batch, sizes, channels: channels / across, data }, rank, context)
  return rounded(dtype, out.shape, out.data)
}

function axesOf(input: Sizes, kernel: Sizes, strides: Sizes, context: OpContext): Axes {
  const { attrs } = context
  const explicit = spatialPaddings(attrs.ints('explicit_paddings', []), isChannelsFirst(context))
  return toAxes(
    { input, kernel, strides, dilations: [1, 1, 1], padding: attrs.string('padding'), explicit },
    context,
  )
}

function slide<D extends NumericType>(
  { batch, channels, data: input }: Volume<Tensor<D>['data']>,
  axes: Axes,
  dtype: D,
  reduce: Reduction,
): Tensor<D>['data'] {
  const windows = new Windows(axes)
  const out = zeros(dtype, [batch, windows.positions, channels]).data
  for (let q = 0; q < batch * windows.positions; q++) {
    windows.moveTo(q % windows.positions)
    spend((windows.count + 1) * channels)
    const base = Math.floor(q / windows.positions) * windows.cells
    reduce(windows, { input: input as FloatArray, out: out as FloatArray, channels, base, to: q * channels })
  }
  return out
}
