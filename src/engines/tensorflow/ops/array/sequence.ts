/** Range and LinSpace. */

import type { NumericType } from '../../../../tensor/dtype.js'
import { tensor } from '../../../../tensor/tensor.js'
import type { AnyTensor, Kernel, OpTable } from '../../op.js'
import { spend } from '../../run-limits.js'
import { newData, newScratch } from '../new-data.js'
import { fromIntegers, inputAt, invalid, requireOne, toInteger, toIntegers, toVector } from './arguments.js'
import { type NumberArray, roundingOf } from './combine.js'

function scalarOf(input: AnyTensor, name: string): number | bigint {
  const { data } = requireOne(input, name)
  if ('bytes' in data) throw invalid(`${name} must be a number, got a string`)
  return data[0]!
}

const range: Kernel = (inputs) => {
  const { dtype } = inputAt(inputs, 0)
  const [start, limit, delta] = ['start', 'limit', 'delta'].map((name, i) =>
    scalarOf(inputAt(inputs, i), name),
  )
  if (dtype === 'int64' || dtype === 'uint64') {
    return [bigRange(dtype, BigInt(start!), { limit: BigInt(limit!), delta: BigInt(delta!) })]
  }
  return [numberRange(dtype as NumericType, Number(start), { limit: Number(limit), delta: Number(delta) })]
}

function checkDirection<T extends number | bigint>(start: T, limit: T, delta: T): void {
  // biome-ignore lint/suspicious/noDoubleEquals: 0n is 0 here.
  if (delta == 0) throw invalid('Requires delta != 0: 0')
  if (delta > 0 && start > limit) throw invalid(`Requires start <= limit when delta > 0: ${start}/${limit}`)
  if (delta < 0 && start < limit) throw invalid(`Requires start >= limit when delta < 0: ${start}/${limit}`)
}

function bigRange(
  dtype: 'int64' | 'uint64',
  start: bigint,
  { limit, delta }: { readonly limit: bigint; readonly delta: bigint },
): AnyTensor {
  checkDirection(start, limit, delta)
  const [span, step] = delta > 0n ? [limit - start, delta] : [start - limit, -delta]
  const size = Number((span + step - 1n) / step)
  const data = newData(dtype, [size])
  for (let i = 0, value = start; i < size; i++, value += delta) {
    spend(1)
    data[i] = value
  }
  return tensor(dtype, [size], data)
}

/** Each value is the one before plus delta, rounded to the dtype: the sum drifts as TensorFlow's does. */
function numberRange(
  dtype: NumericType,
  start: number,
  { limit, delta }: { readonly limit: number; readonly delta: number },
): AnyTensor {
  checkDirection(start, limit, delta)
  const round = roundingOf(dtype)
  const isInteger = !['float16', 'bfloat16', 'float32', 'float64'].includes(dtype)
  const span = isInteger ? (limit - start) / delta : round(round(limit - start) / delta)
  const size = Math.ceil(Math.abs(span))
  if (!Number.isFinite(size)) throw invalid(`Requires ((limit - start) / delta) to be finite, got ${span}`)
  const data = newData(dtype, [size]) as NumberArray
  for (let i = 0, value = start; i < size; i++, value = round(value + delta)) {
    spend(1)
    data[i] = value
  }
  return tensor(dtype, [size], data)
}

const linSpace: Kernel = (inputs) => {
  const first = inputAt(inputs, 0)
  const start = Number(scalarOf(first, 'start'))
  const stop = Number(scalarOf(inputAt(inputs, 1), 'stop'))
  const count = toInteger(requireOne(inputAt(inputs, 2), 'num'), 'num')
  if (count <= 0) throw invalid(`Requires num > 0: ${count}`)
  const dtype = first.dtype as NumericType
  const round = roundingOf(dtype)
  const data = newData(dtype, [count]) as NumberArray
  const step = round(round(stop - start) / (count - 1))
  for (let i = 0; i < count; i++) {
    spend(1)
    data[i] = round(start + round(step * i))
  }
  if (count > 1) data[count - 1] = stop
  else data[0] = start
  return [tensor(dtype, [count], data)]
}

/** Flat indices as coordinates in a shape: one row per axis. */
const unravelIndex: Kernel = (inputs) => {
  const indices = inputAt(inputs, 0)
  const dims = toVector(inputAt(inputs, 1), 'dims')
  const values = toIntegers(indices)
  const total = dims.reduce((product, size) => product * size, 1)
  if (indices.shape.length > 1) throw invalid('The indices can only be scalar or vector.')
  const flat = newScratch(dims.length * values.length)
  for (let i = 0; i < values.length; i++) {
    spend(dims.length)
    let rest = values[i]!
    if (!(rest >= 0 && rest < total)) throw invalid('index is out of bound as with dims')
    for (let d = dims.length - 1; d >= 0; d--) {
      flat[d * values.length + i] = rest % dims[d]!
      rest = Math.floor(rest / dims[d]!)
    }
  }
  return [fromIntegers(indices.dtype, [dims.length, ...indices.shape], flat)]
}

export const sequenceOps: OpTable = {
  Range: { kernel: range },
  LinSpace: { kernel: linSpace },
  UnravelIndex: { kernel: unravelIndex },
}
