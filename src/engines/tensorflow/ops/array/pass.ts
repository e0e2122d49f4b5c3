/** Ops that hand their input on as it is, or refuse it. */

import type { NumericType } from '../../../../tensor/dtype.js'
import type { AnyTensor, Kernel, OpContext, OpTable } from '../../op.js'
import { inputAt, invalid, shapeText } from './arguments.js'

const passFirst: Kernel = (inputs) => [inputAt(inputs, 0)]
const passAll: Kernel = (inputs) => inputs

const constant: Kernel = (_, { attrs }) => [attrs.tensor('value')]

const ensureShape: Kernel = (inputs, { attrs }) => {
  const input = inputAt(inputs, 0)
  const expected = attrs.shape('shape')
  if (expected !== undefined && !fits(input.shape, expected)) {
    const wanted = `[${expected.map((size) => (size < 0 ? '?' : size)).join(',')}]`
    throw invalid(
      `Shape of tensor ${shapeText(input.shape)} is not compatible with expected shape ${wanted}.`,
    )
  }
  return [input]
}

function fits(shape: readonly number[], expected: readonly number[]): boolean {
  return shape.length === expected.length && expected.every((size, d) => size < 0 || size === shape[d])
}

const floats: readonly NumericType[] = ['float16', 'bfloat16', 'float32', 'float64']

/** @param words how the version of the op calls infinity and minus infinity. */
function checkNumerics(words: readonly [string, string]): Kernel {
  return (inputs, context) => {
    const input = inputAt(inputs, 0)
    const found = notFinite(input, context, words)
    if (found.length > 0) {
      throw invalid(`${context.attrs.string('message', '')} : Tensor had ${found.join(' and ')} values`)
    }
    return [input]
  }
}

function notFinite(
  { dtype, data }: AnyTensor,
  { op }: OpContext,
  [positive, negative]: readonly [string, string],
) {
  if (!floats.includes(dtype as NumericType)) throw invalid(`${op} takes floats, got ${dtype}`)
  const found = new Set<string>()
  const values = data as Float32Array | Float64Array
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    // x - x is 0 for every finite x, NaN for the others.
    if (value - value === 0) continue
    found.add(Number.isNaN(value) ? 'NaN' : value > 0 ? positive : negative)
  }
  return [negative, positive, 'NaN'].filter((word, i, all) => found.has(word) && all.indexOf(word) === i)
}

export const passOps: OpTable = {
  Identity: { kernel: passFirst },
  IdentityN: { kernel: passAll },
  StopGradient: { kernel: passFirst },
  PreventGradient: { kernel: passFirst },
  Snapshot: { kernel: passFirst },
  // A kernel never writes into an input, so a copy would be the same value.
  DeepCopy: { kernel: passFirst },
  Copy: { kernel: passFirst },
  CopyHost: { kernel: passFirst },
  DebugGradientIdentity: { kernel: passFirst },
  GuaranteeConst: { kernel: passFirst },
  PlaceholderWithDefault: { kernel: passFirst },
  Const: { kernel: constant },
  HostConst: { kernel: constant },
  EnsureShape: { kernel: ensureShape },
  CheckNumerics: { kernel: checkNumerics(['Inf', 'Inf']) },
  CheckNumericsV2: { kernel: checkNumerics(['+Inf', '-Inf']) },
}
