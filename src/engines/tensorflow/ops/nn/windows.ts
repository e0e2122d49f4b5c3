/** Where the windows of convolutions and pools lie: padding, strides and dilations, for two or three spatial axes. */

import type { OpContext } from '../../op.js'
import { spend } from '../../run-limits.js'
import { newScratch } from '../new-data.js'
import { refuse } from './inputs.js'

/** One spatial axis: output `o` sees inputs `o * stride - before + tap * dilation`. */
export interface Axis {
  readonly input: number
  readonly kernel: number
  readonly stride: number
  readonly dilation: number
  /** Padding before the first input. */
  readonly before: number
  readonly output: number
}

export type Axes = readonly [Axis, Axis, Axis]
export type Sizes = readonly [number, number, number]

export interface WindowOptions {
  readonly input: Sizes
  readonly kernel: Sizes
  readonly strides: Sizes
  readonly dilations: Sizes
  readonly padding: string
  /** Before and after each of the axes, for padding EXPLICIT. */
  readonly explicit: readonly number[]
}

export function toAxes(options: WindowOptions, context: OpContext): Axes {
  return [toAxis(options, 0, context), toAxis(options, 1, context), toAxis(options, 2, context)]
}

function toAxis(options: WindowOptions, axis: 0 | 1 | 2, context: OpContext): Axis {
  const input = options.input[axis]
  const kernel = options.kernel[axis]
  const stride = options.strides[axis]
  const dilation = options.dilations[axis]
  if (!(stride > 0 && dilation > 0)) refuse(context, 'strides and dilations must be larger than 0')
  if (!(kernel > 0)) refuse(context, `a window must be larger than 0, not ${kernel}`)
  const reach = (kernel - 1) * dilation + 1
  const { before, after } = paddingOf(options, axis, { input, reach, stride }, context)
  const output = Math.floor((input + before + after - reach + stride) / stride)
  if (output < 0) {
    refuse(
      context,
      `Computed output size would be negative: ${output} [input_size: ${input}, effective_filter_size: ${reach}, stride: ${stride}]`,
    )
  }
  return { input, kernel, stride, dilation, before, output }
}

function paddingOf(
  { padding, explicit }: WindowOptions,
  axis: number,
  { input, reach, stride }: { input: number; reach: number; stride: number },
  context: OpContext,
): { before: number; after: number } {
  if (padding === 'VALID') return { before: 0, after: 0 }
  if (padding === 'EXPLICIT') {
    const [before = 0, after = 0] = explicit.slice(2 * axis)
    if (before < 0 || after < 0)
      refuse(context, `explicit paddings must not be negative: ${before}, ${after}`)
    return { before, after }
  }
  if (padding !== 'SAME') refuse(context, `its padding '${padding}' is unknown`)
  const total = Math.max(0, (Math.ceil(input / stride) - 1) * stride + reach - input)
  return { before: Math.floor(total / 2), after: Math.ceil(total / 2) }
}

/** Lists, for one output position after another, the inputs in its window; positions and inputs count row-major over the axes. */
export class Windows {
  /** How many inputs the window has; padding is left out. */
  count = 0
  /** Position of each input. */
  readonly inputs: Float64Array
  /** Position of each input's weight in the kernel. */
  readonly taps: Float64Array
  /** How many output positions there are. */
  readonly positions: number
  /** How many input positions there are. */
  readonly cells: number
  readonly #axes: Axes

  constructor(axes: Axes) {
    this.#axes = axes
    const [d, h, w] = axes
    this.positions = d.output * h.output * w.output
    this.cells = d.input * h.input * w.input
    const most = axes.reduce((product, { kernel, input }) => product * Math.min(kernel, input), 1)
    this.inputs = newScratch(most)
    this.taps = newScratch(most)
  }

  moveTo(position: number): void {
    const [d, h, w] = this.#axes
    const row = Math.floor(position / w.output)
    const od = Math.floor(row / h.output)
    const oh = row % h.output
    this.count = 0
    for (let kd = firstTap(d, od), end = endTap(d, od); kd < end; kd++) {
      const id = inputOf(d, od, kd)
      for (let kh = firstTap(h, oh), endH = endTap(h, oh); kh < endH; kh++) {
        this.#addRow(id * h.input + inputOf(h, oh, kh), kd * h.kernel + kh, position % w.output)
      }
    }
  }

  #addRow(row: number, kernelRow: number, ow: number): void {
    const w = this.#axes[2]
    spend(w.kernel)
    for (let kw = firstTap(w, ow), end = endTap(w, ow); kw < end; kw++) {
      this.inputs[this.count] = row * w.input + inputOf(w, ow, kw)
      this.taps[this.count++] = kernelRow * w.kernel + kw
    }
  }
}

function inputOf({ stride, before, dilation }: Axis, output: number, tap: number): number {
  return output * stride - before + tap * dilation
}

/** The first tap that is not before the input. */
function firstTap({ stride, before, dilation }: Axis, output: number): number {
  return Math.max(0, Math.ceil((before - output * stride) / dilation))
}

/** The first tap that is beyond the input or the kernel. */
function endTap({ input, kernel, stride, before, dilation }: Axis, output: number): number {
  return Math.min(kernel, Math.ceil((input + before - output * stride) / dilation))
}
