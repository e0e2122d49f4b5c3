/** Running totals along an axis; attributes `exclusive` (without the element itself) and `reverse` (from the end). */

import { sizeOf } from '../../../../tensor/tensor.js'
import type { Kernel } from '../../op.js'
import { blockElements, spend } from '../../run-limits.js'
import { newData } from '../new-data.js'
import {
  classOf,
  integerAt,
  type LongArray,
  type NumberArray,
  numericAt,
  refuse,
  refuseType,
  result,
} from './arguments.js'

interface Scan {
  readonly number: (total: number, value: number) => number
  /** Of integers of up to 32 bits, where that differs. */
  readonly int?: (total: number, value: number) => number
  readonly long?: (total: bigint, value: bigint) => bigint
  readonly start: number
}

/** The walk along one line: `count` elements, `step` apart. */
interface Line {
  readonly count: number
  readonly step: number
  readonly isExclusive: boolean
}

export const cumsum: Kernel = cumulative({ start: 0, number: (a, b) => a + b, long: (a, b) => a + b })

export const cumprod: Kernel = cumulative({
  start: 1,
  number: (a, b) => a * b,
  int: Math.imul,
  long: (a, b) => BigInt.asIntN(64, a * b),
})

export const cumulativeLogsumexp: Kernel = cumulative({ start: Number.NEGATIVE_INFINITY, number: logAddExp })

function logAddExp(total: number, value: number): number {
  const larger = Math.max(total, value)
  const smaller = Math.min(total, value)
  return larger === smaller ? larger + Math.LN2 : larger + Math.log1p(Math.exp(smaller - larger))
}

function cumulative({ number, int, long, start }: Scan): Kernel {
  return (inputs, context) => {
    const { dtype, shape, data } = numericAt(inputs, 0, context)
    const kind = classOf(dtype)
    if (kind === 'complex' || kind === 'bool' || (kind === 'long' && !long)) refuseType(context, dtype)
    const given = integerAt(inputs, 1, context)
    const rank = shape.length
    const axis = given < 0 ? given + rank : given
    if (axis < 0 || axis >= rank) {
      refuse(context, `ScanOp: Expected scan axis in the range [-${rank}, ${rank}), but got ${given}`)
    }
    const out = newData(dtype, shape)
    const count = shape[axis]!
    const inner = sizeOf(shape.slice(axis + 1))
    const isReverse = context.attrs.bool('reverse', false)
    const step = isReverse ? -inner : inner
    const line = { count, step, isExclusive: context.attrs.bool('exclusive', false) }
    const lines = count === 0 ? 0 : out.length / count
    for (let k = 0; k < lines; k++) {
      spend(count)
      const first = Math.floor(k / inner) * inner * count + (k % inner)
      const at = isReverse ? first + inner * (count - 1) : first
      if (long && kind === 'long')
        scanLongs(data as LongArray, out as LongArray, at, { ...line, long, start })
      else {
        const combine = kind === 'int' && int ? int : number
        scanNumbers(data as NumberArray, out as NumberArray, at, { ...line, combine, start })
      }
    }
    return [result(dtype, shape, out)]
  }
}

type NumberScan = Line & { readonly combine: Scan['number']; readonly start: number }

function scanNumbers(x: NumberArray, out: NumberArray, from: number, scan: NumberScan): void {
  const { count, step, isExclusive, combine } = scan
  let total = scan.start
  for (let i = 0, at = from; i < count; i++, at += step) {
    if (i > 0 && i % blockElements === 0) spend(blockElements)
    if (isExclusive) out[at] = total
    total = combine(total, x[at]!)
    if (!isExclusive) out[at] = total
  }
}

type LongScan = Line & { readonly long: NonNullable<Scan['long']>; readonly start: number }

function scanLongs(x: LongArray, out: LongArray, from: number, scan: LongScan): void {
  const { count, step, isExclusive, long } = scan
  let total = BigInt(scan.start)
  for (let i = 0, at = from; i < count; i++, at += step) {
    if (i > 0 && i % blockElements === 0) spend(blockElements)
    if (isExclusive) out[at] = total
    total = long(total, x[at]!)
    if (!isExclusive) out[at] = total
  }
}
