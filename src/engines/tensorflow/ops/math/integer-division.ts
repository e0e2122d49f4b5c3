/** Quotients and remainders, of integers and of floats. */

import { type Code, RecserveError } from '../../../../core/errors.js'
import type { NumericType } from '../../../../tensor/dtype.js'
import { toBfloat16, toFloat16 } from '../../../../tensor/float16.js'
import type { Kernel, OpContext } from '../../op.js'
import { divideFloats, divideNumbers } from './arithmetic.js'
import { binaryFor, eachComplex, eachLong, eachNumber, type Loops } from './binary.js'
import { divideComplex } from './complex-arithmetic.js'

interface Refusal {
  readonly code: Code
  readonly text: string
}

const divisionByZero: Refusal = { code: 'invalid_argument', text: 'Integer division by zero' }
/** TruncateDiv and TruncateMod tell their zero divisors by an internal error, in TensorFlow 2.15. */
const unexpected: Refusal = {
  code: 'internal',
  text: 'Unexpected error in binary operator (only integer div and mod should have errors): Integer division by zero',
}

/** Div: of integers toward zero, of floats as it is. */
export const quotient: Kernel = binaryFor((_dtype, context) => ({
  ...integers(
    context,
    divisionByZero,
    (a, b) => Math.trunc(a / b),
    (a, b) => a / b,
  ),
  float: divideFloats,
  double: divideNumbers,
  complex: eachComplex(divideComplex),
}))

export const truncateDiv: Kernel = binaryFor((_dtype, context) =>
  integers(
    context,
    unexpected,
    (a, b) => Math.trunc(a / b),
    (a, b) => a / b,
  ),
)

export const floorDiv: Kernel = binaryFor((dtype, context) => {
  const round = rounding(dtype)
  return {
    ...integers(context, divisionByZero, (a, b) => Math.floor(a / b), floorLong),
    // The quotient is rounded before it is floored.
    float: eachNumber((a, b) => Math.floor(round(a / b))),
    double: eachNumber((a, b) => Math.floor(a / b)),
  }
})

/** Mod: the remainder has the dividend's sign. */
export const remainder: Kernel = binaryFor((_dtype, context) => remainders(context, divisionByZero))

export const truncateMod: Kernel = binaryFor((_dtype, context) => remainders(context, unexpected))

/** The remainder has the divisor's sign. */
export const floorMod: Kernel = binaryFor((_dtype, context) => ({
  ...integers(
    context,
    divisionByZero,
    (a, b) => ((a % b) + b) % b,
    (a, b) => ((a % b) + b) % b,
  ),
  float: eachNumber(flooredRemainder),
  double: eachNumber(flooredRemainder),
}))

/** Not `((a % b) + b) % b`: -1 modulo infinity is infinity. */
function flooredRemainder(a: number, b: number): number {
  const rest = a % b
  return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest
}

function remainders(context: OpContext, refusal: Refusal): Loops {
  const loops = integers(
    context,
    refusal,
    (a, b) => a % b,
    (a, b) => a % b,
  )
  return { ...loops, float: eachNumber((a, b) => a % b), double: eachNumber((a, b) => a % b) }
}

function integers(
  { op, node }: OpContext,
  { code, text }: Refusal,
  int: (a: number, b: number) => number,
  long: (a: bigint, b: bigint) => bigint,
): Loops {
  const fail = (): never => {
    throw new RecserveError(code, `${op} '${node}': ${text}`)
  }
  return {
    int: eachNumber((a, b) => (b === 0 ? fail() : int(a, b))),
    long: eachLong((a, b) => (b === 0n ? fail() : long(a, b))),
  }
}

function floorLong(a: bigint, b: bigint): bigint {
  const toZero = a / b
  return a % b !== 0n && a < 0n !== b < 0n ? toZero - 1n : toZero
}

function rounding(dtype: NumericType): (value: number) => number {
  if (dtype === 'float16') return toFloat16
  return dtype === 'bfloat16' ? toBfloat16 : Math.fround
}
