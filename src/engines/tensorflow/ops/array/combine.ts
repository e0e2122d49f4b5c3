/** Arithmetic on ranges of typed arrays, for the ops that add up, multiply or compare slices: scatters and segments. */

import { RecserveError } from '../../../../core/errors.js'
import type { NumericType, TypedArray, TypedArrayOf } from '../../../../tensor/dtype.js'
import { toBfloat16, toFloat16 } from '../../../../tensor/float16.js'
import { isComplex } from '../../../../tensor/tensor.js'

export type Combination = 'add' | 'sub' | 'mul' | 'min' | 'max'

export type BigArray = TypedArrayOf<'int64' | 'uint64'>
export type NumberArray = Exclude<TypedArray, BigArray>

/** `target[at + i] = target[at + i] ∘ source[start + i]` for `count` array entries. */
export type Combine<A> = (target: A, at: number, source: A, range: Range) => void

interface Range {
  readonly start: number
  readonly count: number
}

export function isBig(data: TypedArray): data is BigArray {
  return data instanceof BigInt64Array || data instanceof BigUint64Array
}

/** Rounds a double to the dtype; what arrays of the dtype do by themselves is left to them. */
export function roundingOf(dtype: NumericType): (value: number) => number {
  if (dtype === 'float16') return toFloat16
  if (dtype === 'bfloat16') return toBfloat16
  if (dtype === 'float32' || dtype === 'complex64') return Math.fround
  return (value) => value
}

/** The loop for a dtype. The arrays given to it must be that dtype's. */
export function combineOf(combination: Combination, dtype: NumericType): Combine<TypedArray> {
  const table = isComplex(dtype) ? complexCombines : numberCombines
  if (dtype === 'int64' || dtype === 'uint64') return bigCombines[combination] as Combine<TypedArray>
  if (dtype === 'bool') return boolCombines[combination] as Combine<TypedArray>
  if (dtype === 'int32' || dtype === 'uint32')
    return { ...numberCombines, mul: integerProduct }[combination] as Combine<TypedArray>
  const combine = table[combination]
  if (combine === undefined)
    throw new RecserveError('invalid_argument', `${combination} is not defined for ${dtype}`)
  if (dtype !== 'float16' && dtype !== 'bfloat16') return combine as Combine<TypedArray>
  return rounded(combine, roundingOf(dtype)) as Combine<TypedArray>
}

/** 16-bit floats are kept in 32 bits: each result is rounded as it is made. */
function rounded(combine: Combine<NumberArray>, round: (value: number) => number): Combine<NumberArray> {
  return (target, at, source, range) => {
    combine(target, at, source, range)
    for (let i = at; i < at + range.count; i++) target[i] = round(target[i]!)
  }
}

type Table<A> = Readonly<Record<Combination, Combine<A>>>

const numberCombines: Table<NumberArray> = {
  add: (target, at, source, { start, count }) => {
    for (let i = 0; i < count; i++) target[at + i]! += source[start + i]!
  },
  sub: (target, at, source, { start, count }) => {
    for (let i = 0; i < count; i++) target[at + i]! -= source[start + i]!
  },
  mul: (target, at, source, { start, count }) => {
    for (let i = 0; i < count; i++) target[at + i]! *= source[start + i]!
  },
  min: (target, at, source, { start, count }) => {
    for (let i = 0; i < count; i++)
      if (source[start + i]! < target[at + i]!) target[at + i] = source[start + i]!
  },
  max: (target, at, source, { start, count }) => {
    for (let i = 0; i < count; i++)
      if (source[start + i]! > target[at + i]!) target[at + i] = source[start + i]!
  },
}

/** A product of two 32-bit integers does not fit a double; sums do, and the arrays wrap them. */
const integerProduct: Combine<NumberArray> = (target, at, source, { start, count }) => {
  for (let i = 0; i < count; i++) target[at + i] = Math.imul(target[at + i]!, source[start + i]!)
}

const bigCombines: Table<BigArray> = {
  add: (target, at, source, { start, count }) => {
    for (let i = 0; i < count; i++) target[at + i]! += source[start + i]!
  },
  sub: (target, at, source, { start, count }) => {
    for (let i = 0; i < count; i++) target[at + i]! -= source[start + i]!
  },
  mul: (target, at, source, { start, count }) => {
    for (let i = 0; i < count; i++) target[at + i]! *= source[start + i]!
  },
  min: (target, at, source, { start, count }) => {
    for (let i = 0; i < count; i++)
      if (source[start + i]! < target[at + i]!) target[at + i] = source[start + i]!
  },
  max: (target, at, source, { start, count }) => {
    for (let i = 0; i < count; i++)
      if (source[start + i]! > target[at + i]!) target[at + i] = source[start + i]!
  },
}

const either: Combine<NumberArray> = (target, at, source, { start, count }) => {
  for (let i = 0; i < count; i++) target[at + i]! |= source[start + i]!
}
const both: Combine<NumberArray> = (target, at, source, { start, count }) => {
  for (let i = 0; i < count; i++) target[at + i]! &= source[start + i]!
}

/** A bool is an integer of one bit. */
const boolCombines: Table<NumberArray> = {
  add: either,
  max: either,
  mul: both,
  min: both,
  sub: (target, at, source, { start, count }) => {
    for (let i = 0; i < count; i++) target[at + i]! ^= source[start + i]!
  },
}

const complexCombines: Partial<Table<NumberArray>> = {
  add: numberCombines.add,
  sub: numberCombines.sub,
  mul: (target, at, source, { start, count }) => {
    for (let i = 0; i < count; i += 2) {
      const [a, b] = [target[at + i]!, target[at + i + 1]!]
      const [c, d] = [source[start + i]!, source[start + i + 1]!]
      target[at + i] = a * c - b * d
      target[at + i + 1] = a * d + b * c
    }
  },
}
