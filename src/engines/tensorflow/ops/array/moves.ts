/** The one copying loop of the array kernels: between two strided views of the same shape, in pieces as large as they allow. */

import { blockElements, spend } from '../../run-limits.js'
import type { Words } from './elements.js'

/** Element `[i, j, ...]` at `start + i * strides[0] + j * strides[1] + ...`, counted in elements. */
export interface View {
  readonly words: Words
  readonly start?: number
  readonly strides: readonly number[]
}

/** Below this many words a loop beats `set` on a `subarray`. */
const loopLimit = 24

/** Strides of a dense row-major tensor. */
export function rowMajor(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length)
  let stride = 1
  for (let d = shape.length - 1; d >= 0; d--) {
    strides[d] = stride
    stride *= shape[d]!
  }
  return strides
}

export function copyWords(from: Words, start: number, to: Words, at: number, count: number): void {
  if (count > loopLimit) {
    to.set(from.subarray(start, start + count), at)
    return
  }
  for (let i = 0; i < count; i++) to[at + i] = from[start + i]!
}

/** Repeats one element. */
export function fillElement(element: Words, to: Words, at: number, count: number): void {
  const unit = element.length
  if (unit === 1) to.fill(element[0]!, at, at + count)
  else
    for (let i = 0; i < count; i++) {
      spend(unit)
      copyWords(element, 0, to, (at + i) * unit, unit)
    }
}

/** Copies every element of one view to the same place of the other. */
export function moveBlocks(shape: readonly number[], from: View, to: View, unit: number): void {
  if (shape.includes(0)) return
  const { sizes, fromStrides, toStrides } = mergeAxes(shape, from.strides, to.strides, unit)
  // The two innermost axes are left to `movePlane`, the others are counted here.
  const outer = sizes.length - 2
  const axisOf = (d: number): Axis => ({ count: sizes[d]!, fromStep: fromStrides[d]!, toStep: toStrides[d]! })
  const [rows, columns] = [axisOf(outer), axisOf(outer + 1)]
  const position = new Array<number>(outer).fill(0)
  let start = (from.start ?? 0) * unit
  let at = (to.start ?? 0) * unit
  for (;;) {
    movePlane({ words: from.words, at: start }, { words: to.words, at }, rows, columns)
    let axis = outer - 1
    for (; axis >= 0; axis--) {
      start += fromStrides[axis]!
      at += toStrides[axis]!
      if (++position[axis]! < sizes[axis]!) break
      start -= sizes[axis]! * fromStrides[axis]!
      at -= sizes[axis]! * toStrides[axis]!
      position[axis] = 0
    }
    if (axis < 0) return
  }
}

interface Axis {
  readonly count: number
  readonly fromStep: number
  readonly toStep: number
}

interface Place {
  readonly words: Words
  readonly at: number
}

/** Words of a cache line: as many columns are transposed together, so that each line is read and written once. */
const lineWords = 16

function movePlane(from: Place, to: Place, rows: Axis, columns: Axis): void {
  const isTransposed = Math.abs(rows.fromStep) < Math.abs(columns.fromStep) && rows.fromStep !== 0
  const width = isTransposed ? lineWords : blockElements
  for (let column = 0; column < columns.count; column += width) {
    const strip = { ...columns, count: Math.min(width, columns.count - column) }
    let start = from.at + column * columns.fromStep
    let at = to.at + column * columns.toStep
    for (let row = 0; row < rows.count; row++) {
      spend(strip.count)
      moveRow(from.words, start, to.words, at, strip)
      start += rows.fromStep
      at += rows.toStep
    }
  }
}

function moveRow(from: Words, start: number, to: Words, at: number, { count, fromStep, toStep }: Axis): void {
  if (fromStep === 1 && toStep === 1) {
    copyWords(from, start, to, at, count)
  } else if (fromStep === 0 && toStep === 1) {
    to.fill(from[start]!, at, at + count)
  } else {
    for (let i = 0; i < count; i++) to[at + i * toStep] = from[start + i * fromStep]!
  }
}

interface Axes {
  readonly sizes: number[]
  readonly fromStrides: number[]
  readonly toStrides: number[]
}

/** Strides in words; axes of size 1 gone, axes that lie within each other on both sides made one. */
function mergeAxes(
  shape: readonly number[],
  fromElements: readonly number[],
  toElements: readonly number[],
  unit: number,
): Axes {
  const sizes: number[] = []
  const fromStrides: number[] = []
  const toStrides: number[] = []
  const add = (size: number, fromStride: number, toStride: number) => {
    const last = sizes.length - 1
    if (size === 1) return
    if (last >= 0 && fromStrides[last] === fromStride * size && toStrides[last] === toStride * size) {
      sizes[last]! *= size
      fromStrides[last] = fromStride
      toStrides[last] = toStride
      return
    }
    sizes.push(size)
    fromStrides.push(fromStride)
    toStrides.push(toStride)
  }
  for (const [d, size] of shape.entries()) add(size, fromElements[d]! * unit, toElements[d]! * unit)
  add(unit, 1, 1)
  // At least a plane.
  while (sizes.length < 2) {
    sizes.unshift(1)
    fromStrides.unshift(0)
    toStrides.unshift(0)
  }
  return { sizes, fromStrides, toStrides }
}
