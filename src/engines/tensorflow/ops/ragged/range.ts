/** Ranges of numbers, one a row. */

import { RecserveError } from '../../../../core/errors.js'
import type { NumericType, TypedArray } from '../../../../tensor/dtype.js'
import { type Tensor, tensor } from '../../../../tensor/tensor.js'
import type { AnyTensor, Kernel } from '../../op.js'
import { spend } from '../../run-limits.js'
import { fromIntegers, inputAt, invalid, shapeText } from '../array/arguments.js'
import { isBig, roundingOf } from '../array/combine.js'
import { newData, newScratch } from '../new-data.js'

/** Starts, limits and deltas; a scalar stands for as many as there are rows. */
export const raggedRange: Kernel = (inputs, { attrs }) => {
  const [starts, limits, deltas] = ['starts', 'limits', 'deltas'].map((name, i) =>
    requireNumbers(inputAt(inputs, i), name),
  ) as [Tensor<NumericType>, Tensor<NumericType>, Tensor<NumericType>]
  const lengths = [starts, limits, deltas].flatMap(({ shape }) => shape)
  const rows = lengths[0] ?? 1
  if (lengths.some((length) => length !== rows))
    throw invalid('starts, limits, and deltas must have the same shape')
  const splits = newScratch(rows + 1)
  const at = (input: Tensor<NumericType>, row: number) => input.data[input.shape.length === 0 ? 0 : row]!
  for (let row = 0; row < rows; row++) {
    spend(1)
    splits[row + 1] = splits[row]! + countSteps(at(starts, row), at(limits, row), at(deltas, row))
  }
  const total = splits[rows]!
  const splitsType = attrs.type('Tsplits', 'int64')
  if (splitsType === 'int32' && total > 2 ** 31 - 1)
    throw invalid(`Cannot represent ${total} as a row split of 32 bits: use int64 splits`)
  const out = newData<NumericType>(starts.dtype, [total])
  for (let row = 0; row < rows; row++) {
    writeSteps(starts.dtype, out, {
      from: splits[row]!,
      to: splits[row + 1]!,
      start: at(starts, row),
      delta: at(deltas, row),
    })
  }
  return [fromIntegers(splitsType, [rows + 1], splits), tensor(starts.dtype, [total], out)]
}

function requireNumbers(input: AnyTensor, name: string): Tensor<NumericType> {
  if (!/^(int32|int64|float32|float64)$/.test(input.dtype)) {
    throw new RecserveError(
      'unimplemented',
      `ranges are of int32, int64 or floats, got ${name} of ${input.dtype}`,
    )
  }
  if (input.shape.length > 1)
    throw invalid(`${name} must be a scalar or vector, got shape ${shapeText(input.shape)}`)
  return input as Tensor<NumericType>
}

/** The last step is below the limit, or above it where steps go down. */
function countSteps(start: number | bigint, limit: number | bigint, delta: number | bigint): number {
  // biome-ignore lint/suspicious/noDoubleEquals: 0n is 0 here.
  if (delta == 0) throw invalid('Requires delta != 0')
  if (delta > 0 ? limit < start : limit > start) return 0
  if (typeof start === 'bigint') return Number(countWholeSteps(start, limit as bigint, delta as bigint))
  const steps = Math.ceil(Math.abs((Number(limit) - start) / Number(delta)))
  if (Number.isFinite(steps) && steps < 2 ** 63) return steps
  throw invalid('Requires ((limit - start) / delta) <= 2^63 - 1')
}

function countWholeSteps(start: bigint, limit: bigint, delta: bigint): bigint {
  const distance = limit > start ? limit - start : start - limit
  const step = delta > 0n ? delta : -delta
  return (distance + step - 1n) / step
}

interface Steps {
  readonly from: number
  readonly to: number
  readonly start: number | bigint
  readonly delta: number | bigint
}

/** Each step is added to the last one, rounded as the dtype is. */
function writeSteps(dtype: NumericType, out: TypedArray, { from, to, start, delta }: Steps): void {
  if (isBig(out)) {
    let value = start as bigint
    for (let i = from; i < to; i++, value += delta as bigint) {
      spend(1)
      out[i] = value
    }
    return
  }
  const round = roundingOf(dtype)
  let value = start as number
  for (let i = from; i < to; i++, value = round(value + (delta as number))) {
    spend(1)
    out[i] = value
  }
}
