import type { AnyTensor, Kernel, OpContext } from '../../op.js'
import { spend } from '../../run-limits.js'
import { relu } from './activations.js'
import {
  expectRank,
  type FloatTensor,
  type FloatType,
  floatArray,
  floatInput,
  refuse,
  rounded,
} from './inputs.js'
import type { FloatArray } from './matrix-view.js'

/** Per channel: `y = x * factor + shift`. */
interface Moments {
  readonly mean: Float64Array
  readonly variance: Float64Array
}

interface Layout {
  readonly channels: number
  /** Elements of one channel that lie together. */
  readonly run: number
}

/**
 * FusedBatchNorm, V2, V3 and _FusedBatchNormEx. Outputs: y, mean, variance, two reserved ones that repeat them (V3: and a
 * third, empty on a CPU).
 */
export const fusedBatchNorm: Kernel = (inputs, context) => {
  const { attrs, op } = context
  const x = floatInput(inputs, 0, context)
  const [scale, offset, givenMean, givenVariance] = [1, 2, 3, 4].map((i) =>
    floatInput(inputs, i, context),
  ) as [FloatTensor, FloatTensor, FloatTensor, FloatTensor]
  const layout = layoutOf(x, context)
  const training = attrs.bool('is_training', true)
  for (const given of training ? [scale, offset] : [scale, offset, givenMean, givenVariance]) {
    expectRank(given, 1, 'scale, offset, mean and variance', context)
    if (given.shape[0] !== layout.channels) {
      refuse(
        context,
        `has ${layout.channels} channels, but scale, offset, mean or variance has ${given.shape[0]} elements`,
      )
    }
  }
  const moments = training
    ? momentsOf(x.data, layout)
    : { mean: Float64Array.from(givenMean.data), variance: Float64Array.from(givenVariance.data) }
  const y = floatArray(x.dtype, x.data.length)
  normalize(x.data, y, layout, factors({ scale, offset, moments, epsilon: attrs.float('epsilon', 1e-4) }))
  if (op === '_FusedBatchNormEx') finish(y, inputs, context)
  const outputs = momentOutputs(
    scale.dtype,
    { moments, training, given: [givenMean, givenVariance] },
    x.data.length / layout.channels,
    context,
  )
  return [
    rounded(x.dtype, x.shape, y),
    ...outputs,
    ...(op.endsWith('V3') || op.endsWith('Ex') ? [rounded(scale.dtype, [], floatArray(scale.dtype, 1))] : []),
  ]
}

function layoutOf(x: FloatTensor, context: OpContext): Layout {
  const { shape } = x
  if (shape.length !== 4 && shape.length !== 5)
    refuse(context, `input must be 4-dimensional or 5-dimensional: [${shape}]`)
  const channelsFirst = context.attrs.string('data_format', 'NHWC').startsWith('NC')
  const run = channelsFirst ? shape.slice(2).reduce((product, size) => product * size, 1) : 1
  return { channels: shape[channelsFirst ? 1 : shape.length - 1]!, run }
}

/** Mean and biased variance of each channel. */
function momentsOf(x: FloatArray, { channels, run }: Layout): Moments {
  const mean = new Float64Array(channels)
  const variance = new Float64Array(channels)
  const count = x.length / channels
  for (let i = 0; i < x.length; i++) {
    spend(2)
    mean[Math.floor(i / run) % channels]! += x[i]! / count
  }
  for (let i = 0; i < x.length; i++) {
    spend(2)
    const c = Math.floor(i / run) % channels
    variance[c]! += (x[i]! - mean[c]!) ** 2 / count
  }
  return { mean, variance }
}

interface Parameters {
  readonly scale: FloatTensor
  readonly offset: FloatTensor
  readonly moments: Moments
  readonly epsilon: number
}

function factors({ scale, offset, moments: { mean, variance }, epsilon }: Parameters) {
  const factor = mean.map((_, c) => scale.data[c]! / Math.sqrt(variance[c]! + Math.fround(epsilon)))
  return { mean, factor, offset: offset.data }
}

function normalize(
  x: FloatArray,
  y: FloatArray,
  { channels, run }: Layout,
  { mean, factor, offset }: { mean: Float64Array; factor: Float64Array; offset: FloatArray },
): void {
  for (let at = 0, c = 0; at < x.length; at += run) {
    spend(run)
    for (let i = at; i < at + run; i++) y[i] = (x[i]! - mean[c]!) * factor[c]! + offset[c]!
    if (++c === channels) c = 0
  }
}

/** What grappler has fused behind it: a side input, an activation. */
function finish(y: FloatArray, inputs: readonly AnyTensor[], context: OpContext): void {
  if (context.attrs.int('num_side_inputs', 0) > 0) {
    const side = floatInput(inputs, 5, context).data
    for (let i = 0; i < y.length; i++) y[i] = y[i]! + side[i]!
  }
  const mode = context.attrs.string('activation_mode', 'Identity')
  if (mode === 'Relu') relu(y, y)
  else if (mode !== 'Identity') refuse(context, `its activation_mode '${mode}' is unknown`, 'unimplemented')
}

interface MomentSource {
  readonly moments: Moments
  readonly training: boolean
  /** Running mean and variance. */
  readonly given: readonly [FloatTensor, FloatTensor]
}

function momentOutputs(
  dtype: FloatType,
  source: MomentSource,
  count: number,
  context: OpContext,
): FloatTensor[] {
  const { moments, training, given } = source
  const output = (values: Float64Array) => {
    const out = floatArray(dtype, values.length)
    out.set(values)
    return rounded(dtype, [values.length], out)
  }
  const saved = [output(moments.mean), output(moments.variance)]
  if (!training) return [...saved, ...saved]
  const share = Math.fround(context.attrs.float('exponential_avg_factor', 1))
  const blend = (value: number, running: FloatTensor, c: number) =>
    share === 1 ? value : (1 - share) * running.data[c]! + share * value
  const unbiased = count > 1 ? count / (count - 1) : 1
  return [
    output(moments.mean.map((mean, c) => blend(mean, given[0], c))),
    output(moments.variance.map((variance, c) => blend(variance * unbiased, given[1], c))),
    ...saved,
  ]
}

/** What a power costs, in simple operations. */
const operationsPerPower = 8

/** Local response normalization over neighbouring channels. */
export const lrn: Kernel = (inputs, context) => {
  const { attrs } = context
  const { dtype, shape, data } = floatInput(inputs, 0, context)
  expectRank({ dtype, shape, data }, 4, 'in', context)
  const depth = shape[3]!
  const radius = attrs.int('depth_radius', 5)
  const [bias, alpha, beta] = [attrs.float('bias', 1), attrs.float('alpha', 1), attrs.float('beta', 0.5)]
  const out = floatArray(dtype, data.length)
  for (let at = 0; at < data.length; at += depth) {
    for (let c = 0; c < depth; c++) {
      spend(Math.min(depth, 2 * radius + 1) + operationsPerPower)
      let sum = 0
      for (let d = Math.max(0, c - radius); d <= Math.min(depth - 1, c + radius); d++)
        sum += data[at + d]! ** 2
      out[at + c] = data[at + c]! * (bias + alpha * sum) ** -beta
    }
  }
  return [rounded(dtype, shape, out)]
}

/** Half the sum of squares. */
export const l2Loss: Kernel = (inputs, context) => {
  const { dtype, data } = floatInput(inputs, 0, context)
  let sum = 0
  for (let i = 0; i < data.length; i++) sum += data[i]! * data[i]!
  const out = floatArray(dtype, 1)
  out[0] = sum / 2
  return [rounded(dtype, [], out)]
}
