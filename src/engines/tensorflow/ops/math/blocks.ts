/** Long loops in pieces, so that the clock is looked at between them. */
import {
  type BroadcastPlan,
  planBroadcast,
  sameShape,
  tryBroadcastShape,
} from '../../../../tensor/broadcast.js'
import type { TypedArray } from '../../../../tensor/dtype.js'
import { sizeOf } from '../../../../tensor/tensor.js'
import { blockElements, claimTensor, spend } from '../../run-limits.js'
import { checkLength } from '../new-data.js'

/** Of where a run of a plan starts in either input. */
const bytesPerRow = 8

/** As `planBroadcast`. @throws RecserveError `resource_exhausted` where the run would hold too much with it */
export function planElements(dtype: string, a: readonly number[], b: readonly number[]): BroadcastPlan {
  const shape = sameShape(a, b) ? undefined : tryBroadcastShape(a, b)
  const size = shape === undefined ? 0 : sizeOf(shape)
  if (size > blockElements) {
    checkLength(dtype, shape!)
    claimTensor(dtype, shape!, (size / shape!.findLast((n) => n > 1)!) * bytesPerRow)
  }
  return planBroadcast(a, b)
}

type Visit = (part: BroadcastPlan, from: number) => void

/** Goes through a plan in parts of at most `blockElements`; `from`: the output element that a part begins with. */
export function eachBlock(plan: BroadcastPlan, visit: Visit): void {
  spend(plan.size)
  if (plan.size <= blockElements) visit(plan, 0)
  else if (plan.width <= blockElements) eachRowBlock(plan, visit)
  else for (let row = 0; row < plan.rows; row++) eachPieceOfRow(plan, row, visit)
}

function eachRowBlock(plan: BroadcastPlan, visit: Visit): void {
  const { width, aStarts, bStarts } = plan
  const step = Math.floor(blockElements / width)
  for (let row = 0; row < plan.rows; row += step) {
    const rows = Math.min(step, plan.rows - row)
    spend(rows * width)
    const part = { aStarts: aStarts.subarray(row, row + rows), bStarts: bStarts.subarray(row, row + rows) }
    visit({ ...plan, ...part, rows, size: rows * width }, row * width)
  }
}

function eachPieceOfRow(plan: BroadcastPlan, row: number, visit: Visit): void {
  const { width, aStep, bStep } = plan
  for (let from = 0; from < width; from += blockElements) {
    const size = Math.min(blockElements, width - from)
    spend(size)
    const aStarts = Int32Array.of(plan.aStarts[row]! + from * aStep)
    const bStarts = Int32Array.of(plan.bStarts[row]! + from * bStep)
    visit({ ...plan, rows: 1, width: size, size, aStarts, bStarts }, row * width + from)
  }
}

/** The part of an output that a part of a plan fills; `size`: elements of the whole. */
export function partOf<A extends TypedArray>(out: A, from: number, part: BroadcastPlan, size: number): A {
  if (part.size === size) return out
  const perElement = out.length / size
  return out.subarray(from * perElement, (from + part.size) * perElement) as A
}

/** Goes through arrays of one length, or one of pairs for each, in pieces that hold whole elements. */
export function eachPiece<A extends TypedArray, O extends TypedArray>(
  data: A,
  out: O,
  visit: (data: A, out: O) => void,
): void {
  const most = Math.max(data.length, out.length)
  spend(most)
  if (most <= blockElements) {
    visit(data, out)
    return
  }
  const least = Math.min(data.length, out.length)
  const [dataStep, outStep] = [data.length / least, out.length / least].map((n) => (n * blockElements) / 2)
  for (let i = 0, o = 0; i < data.length; i += dataStep!, o += outStep!) {
    spend(blockElements)
    visit(data.subarray(i, i + dataStep!) as A, out.subarray(o, o + outStep!) as O)
  }
}
