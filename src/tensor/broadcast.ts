/**
 * Broadcasting as NumPy and TensorFlow do it (numpy.org/doc/stable/user/basics.broadcasting.html): shapes are aligned at
 * their last axis, and an axis of size 1 is repeated. Kernels walk a plan of runs instead of computing an index per element.
 */
import { RecserveError } from '../core/errors.js'
import type { TypedArray } from './dtype.js'
import { sizeOf } from './tensor.js'

type Shape = readonly number[]

/**
 * How two tensors are walked together: `rows` runs of `width` elements of the output. In run r the first input starts at
 * `aStarts[r]` and goes on by `aStep` (1, or 0 where one element serves the whole run); the second likewise.
 * Counted in elements: complex numbers take two places each.
 */
export interface BroadcastPlan {
  readonly shape: Shape
  readonly size: number
  readonly rows: number
  readonly width: number
  readonly aStep: number
  readonly bStep: number
  readonly aStarts: Int32Array
  readonly bStarts: Int32Array
}

/** The result's shape, undefined where the shapes do not go together. */
export function tryBroadcastShape(a: Shape, b: Shape): number[] | undefined {
  const rank = Math.max(a.length, b.length)
  const shape = new Array<number>(rank)
  for (let d = 1; d <= rank; d++) {
    const m = d <= a.length ? a[a.length - d]! : 1
    const n = d <= b.length ? b[b.length - d]! : 1
    if (m !== n && m !== 1 && n !== 1) return undefined
    shape[rank - d] = m === 1 ? n : m
  }
  return shape
}

/** @throws RecserveError `invalid_argument` with TensorFlow's text */
export function broadcastShape(a: Shape, b: Shape): number[] {
  const shape = tryBroadcastShape(a, b)
  if (shape) return shape
  throw new RecserveError('invalid_argument', `Incompatible shapes: [${a}] vs. [${b}]`)
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, d) => size === b[d])
}

/** Largest output that a plan is made for: positions fit an Int32Array. */
const maxSize = 2 ** 31 - 1
const start = Int32Array.of(0)

/** @throws RecserveError `invalid_argument` where the shapes do not go together, `resource_exhausted` beyond 2^31 elements */
export function planBroadcast(a: Shape, b: Shape): BroadcastPlan {
  if (sameShape(a, b)) return onePlan(a, sizeOf(a), 1, 1)
  const shape = broadcastShape(a, b)
  const size = sizeOf(shape)
  if (size > maxSize) {
    throw new RecserveError('resource_exhausted', `a result of shape [${shape}] is too large`)
  }
  const axes = mergeAxes(a, b, shape)
  const inner = axes.pop()
  if (!inner || size === 0) return onePlan(shape, size, 1, 1)
  if (axes.length === 0) return onePlan(shape, size, inner.a, inner.b)
  const aStarts = startsOf(
    axes.map(({ size: n, a: step }) => ({ size: n, step })),
    inner.a ? inner.size : 1,
  )
  const bStarts = startsOf(
    axes.map(({ size: n, b: step }) => ({ size: n, step })),
    inner.b ? inner.size : 1,
  )
  return {
    shape,
    size,
    rows: aStarts.length,
    width: inner.size,
    aStep: inner.a,
    bStep: inner.b,
    aStarts,
    bStarts,
  }
}

function onePlan(shape: Shape, size: number, aStep: number, bStep: number): BroadcastPlan {
  return { shape, size, rows: 1, width: size, aStep, bStep, aStarts: start, bStarts: start }
}

/** An axis of the output, and for either input 1 where it moves along and 0 where it is repeated. */
interface Axis {
  size: number
  readonly a: number
  readonly b: number
}

/** Axes of size 1 fall away, neighbours that are walked alike become one. */
function mergeAxes(a: Shape, b: Shape, shape: Shape): Axis[] {
  const axes: Axis[] = []
  for (const [d, size] of shape.entries()) {
    if (size === 1) continue
    const m = a[d - shape.length + a.length] ?? 1
    const n = b[d - shape.length + b.length] ?? 1
    const last = axes.at(-1)
    const axis = { size, a: m === 1 ? 0 : 1, b: n === 1 ? 0 : 1 }
    if (last && last.a === axis.a && last.b === axis.b) last.size *= size
    else axes.push(axis)
  }
  return axes
}

/** Where an input's runs start, in the output's order; `width`: how far one run moves it. */
function startsOf(
  axes: readonly { readonly size: number; readonly step: number }[],
  width: number,
): Int32Array {
  let starts = start
  let reach = width
  for (const { size, step } of axes.toReversed()) {
    const longer = new Int32Array(size * starts.length)
    const stride = step * reach
    for (let i = 0, at = 0; i < size; i++) {
      for (let j = 0; j < starts.length; j++) longer[at++] = i * stride + starts[j]!
    }
    if (step) reach *= size
    starts = longer
  }
  return starts
}

/**
 * An input's data repeated to a shape; the same array where nothing is repeated.
 * @throws RecserveError `invalid_argument` where the shape cannot become the other
 */
export function broadcastTo<A extends TypedArray>(data: A, from: Shape, to: Shape, isComplex = false): A {
  const plan = planBroadcast(from, to)
  if (!sameShape(plan.shape, to)) {
    throw new RecserveError('invalid_argument', `Incompatible shapes: [${from}] vs. [${to}]`)
  }
  const pair = isComplex ? 2 : 1
  if (data.length === plan.size * pair) return data
  const out = new (data.constructor as new (length: number) => A)(plan.size * pair)
  for (let r = 0, at = 0; r < plan.rows; r++, at += plan.width * pair) {
    const first = plan.aStarts[r]! * pair
    if (plan.aStep) out.set(data.subarray(first, first + plan.width * pair) as never, at)
    else if (pair === 1) out.fill(data[first]! as never, at, at + plan.width)
    else for (let k = 0; k < 2 * plan.width; k++) out[at + k] = data[first + (k & 1)]!
  }
  return out
}
