/** Rows of a ragged tensor picked by index. */

import { sizeOf } from '../../../../tensor/tensor.js'
import type { AnyTensor, Kernel } from '../../op.js'
import { spend } from '../../run-limits.js'
import { fromIntegers, inputAt, invalid, toIntegers } from '../array/arguments.js'
import { openElements } from '../array/elements.js'
import { positionText } from '../array/gather.js'
import { copyWords } from '../array/moves.js'
import { newScratch } from '../new-data.js'
import { readAscending } from './row-partition.js'

/** Rows `starts[i]` up to `stops[i]` of some dimension, one run after another. */
interface Runs {
  readonly starts: Float64Array
  readonly stops: Float64Array
}

export const raggedGather: Kernel = (inputs, { attrs }) => {
  const depth = attrs.int('PARAMS_RAGGED_RANK')
  const splitInputs = Array.from({ length: depth }, (_, d) => inputAt(inputs, d))
  const values = inputAt(inputs, depth)
  const indices = inputAt(inputs, depth + 1)
  if (depth < 1) throw invalid('PARAMS_RAGGED_RANK must be at least 1')
  if (values.shape.length === 0) throw invalid('params.rank must be nonzero')
  const splits = splitInputs.map((input, d) =>
    readInner(input, d + 1 < depth ? (splitInputs[d + 1]!.shape[0] ?? 0) - 1 : values.shape[0]!),
  )
  const dtype = splitInputs[0]!.dtype
  const outer = indexSplits(indices.shape).map((each) => fromIntegers(dtype, [each.length], each))
  let runs = pickRows(indices, splits[0]!)
  const inner = splits.map((each) => {
    const picked = pickSplits(runs, each)
    runs = toValues(runs, each)
    return fromIntegers(dtype, [picked.length], picked)
  })
  // A single index gives a row, which has one dimension less.
  const kept = indices.shape.length === 0 ? inner.slice(1) : inner
  return [...outer, ...kept, copyRuns(values, runs)]
}

/** @param count of what the rows are made of */
function readInner(input: AnyTensor, count: number): ArrayLike<number> {
  const splits = readAscending(input)
  if (splits[0]! < 0) throw invalid('Ragged splits must be non-negative')
  if (splits[splits.length - 1]! > count) throw invalid('Ragged splits must not point past values')
  return splits
}

/** All but the last dimension of the indices are dimensions of the result, of equal rows. */
function indexSplits(shape: readonly number[]): Float64Array[] {
  return shape.slice(0, -1).map((_, d) => {
    const splits = newScratch(sizeOf(shape.slice(0, d + 1)) + 1)
    spend(splits.length)
    for (let i = 0; i < splits.length; i++) splits[i] = i * shape[d + 1]!
    return splits
  })
}

function pickRows(indices: AnyTensor, splits: ArrayLike<number>): Runs {
  const rows = splits.length - 1
  const picks = toIntegers(indices)
  const starts = newScratch(picks.length)
  const stops = newScratch(picks.length)
  for (let i = 0; i < picks.length; i++) {
    spend(1)
    const pick = picks[i]!
    if (!(pick >= 0 && pick < rows)) {
      throw invalid(`indices${positionText(i, indices.shape)} = ${pick} is not in [0, ${rows})`)
    }
    starts[i] = pick
    stops[i] = pick + 1
  }
  return { starts, stops }
}

/** The splits of the picked rows. */
function pickSplits({ starts, stops }: Runs, splits: ArrayLike<number>): Float64Array {
  let rows = 0
  for (let r = 0; r < starts.length; r++) rows += stops[r]! - starts[r]!
  const picked = newScratch(rows + 1)
  let end = 0
  for (let r = 0; r < starts.length; r++) {
    spend(1 + stops[r]! - starts[r]!)
    for (let row = starts[r]!; row < stops[r]!; row++, end++) {
      picked[end + 1] = picked[end]! + splits[row + 1]! - splits[row]!
    }
  }
  return picked
}

/** What the rows are made of. */
function toValues({ starts, stops }: Runs, splits: ArrayLike<number>): Runs {
  spend(2 * starts.length)
  return { starts: starts.map((row) => splits[row]!), stops: stops.map((row) => splits[row]!) }
}

function copyRuns(values: AnyTensor, { starts, stops }: Runs): AnyTensor {
  const rowShape = values.shape.slice(1)
  const elements = openElements([values])
  const block = sizeOf(rowShape) * elements.unit
  let rows = 0
  for (let r = 0; r < starts.length; r++) rows += stops[r]! - starts[r]!
  const shape = [rows, ...rowShape]
  const out = elements.create(shape)
  let at = 0
  for (let r = 0; r < starts.length; r++) {
    const size = (stops[r]! - starts[r]!) * block
    spend(1 + size)
    copyWords(elements.sources[0]!, starts[r]! * block, out, at, size)
    at += size
  }
  return elements.toTensor(shape, out)
}
