/**
 * Orders of numbers or bigints, NaN above all. The language's own `sort` with a comparison copies typed arrays into lists
 * first, eight bytes or more an element, and cannot be ended; these keep to the limits of a run.
 */
import type { TypedArray } from '../../../../tensor/dtype.js'
import { spend } from '../../run-limits.js'
import { newData } from '../new-data.js'
import type { FloatArray } from './matrix-view.js'

function compare(a: number | bigint, b: number | bigint): number {
  if (a < b) return -1
  if (a > b) return 1
  // What is not itself is NaN.
  return Number(Number.isNaN(a)) - Number(Number.isNaN(b))
}

/** Places of a row, those of the largest values first and of equal ones the lower place: a merge sort from the bottom up. */
export function placesInOrder(row: TypedArray): Int32Array {
  const { length } = row
  let from = newData('int32', [length])
  let to = newData('int32', [length])
  for (let i = 0; i < length; i++) from[i] = i
  for (let width = 1; width < length; width *= 2) {
    for (let start = 0; start < length; start += 2 * width) {
      const middle = Math.min(start + width, length)
      merge(row, from, to, { start, middle, end: Math.min(middle + width, length) })
    }
    const merged = to
    to = from
    from = merged
  }
  return from
}

interface Halves {
  readonly start: number
  readonly middle: number
  readonly end: number
}

function merge(row: TypedArray, from: Int32Array, to: Int32Array, { start, middle, end }: Halves): void {
  let left = start
  let right = middle
  for (let at = start; at < end; at++) {
    spend(1)
    const takesLeft = left < middle && (right === end || compare(row[from[left]!]!, row[from[right]!]!) >= 0)
    to[at] = takesLeft ? from[left++]! : from[right++]!
  }
}

/**
 * The value that would be at place n were the row sorted; changes the row's order. Hoare's quickselect ("Algorithm 65: FIND",
 * CACM 4(7), 1961) with pivots from anywhere, since an order that is made to be slow must not be.
 *
 * @param row numbers, or bigints, which compare alike
 */
export function selectNth(row: FloatArray, n: number): number {
  let low = 0
  let high = row.length - 1
  while (low < high) {
    spend(high - low + 1)
    const pivot = row[low + Math.floor(Math.random() * (high - low + 1))]!
    const { left, right } = partition(row, pivot, { low, high })
    if (n <= right) high = right
    else if (n >= left) low = left
    else return row[n]!
  }
  return row[n]!
}

/** Values up to the pivot from `low` to `right`, from the pivot on from `left` to `high`, and only the pivot between. */
function partition(
  row: FloatArray,
  pivot: number,
  { low, high }: { readonly low: number; readonly high: number },
): { readonly left: number; readonly right: number } {
  let left = low
  let right = high
  while (left <= right) {
    while (compare(row[left]!, pivot) < 0) left++
    while (compare(row[right]!, pivot) > 0) right--
    if (left > right) break
    const kept = row[left]!
    row[left++] = row[right]!
    row[right--] = kept
  }
  return { left, right }
}
