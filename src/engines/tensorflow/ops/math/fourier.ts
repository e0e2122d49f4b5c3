/** Fourier transforms over the last one, two or three axes: of complex numbers, from real ones, and to real ones. */

import { sizeOf } from '../../../../tensor/tensor.js'
import type { Kernel, OpContext } from '../../op.js'
import { spend } from '../../run-limits.js'
import { newData, newScratch } from '../new-data.js'
import { integersAt, type NumberArray, numericAt, refuse, refuseType, result } from './arguments.js'
import { createTransform } from './fourier-transform.js'

/** FFT, FFT2D, FFT3D and their inverses. */
export function fourier(axes: number, isInverse: boolean): Kernel {
  return (inputs, context) => {
    const { dtype, shape, data } = numericAt(inputs, 0, context)
    if (dtype !== 'complex64' && dtype !== 'complex128') return refuseType(context, dtype)
    requireRank(shape, axes, context)
    const values = newScratch(data.length)
    values.set(data as NumberArray)
    for (let d = shape.length - axes; d < shape.length; d++) transformAxis(values, shape, d, isInverse)
    const out = newData(dtype, shape)
    out.set(values)
    return [result(dtype, shape, out)]
  }
}

/** RFFT ...: the last axis keeps its first half, the rest mirrors it. */
export function fourierOfReal(axes: number): Kernel {
  return (inputs, context) => {
    const { dtype, shape, data } = numericAt(inputs, 0, context)
    if (dtype !== 'float32' && dtype !== 'float64') return refuseType(context, dtype)
    const full = croppedShape(shape, axes, inputs, context)
    requireSizes(shape, full, axes, context)
    const values = newScratch(2 * sizeOf(full))
    copyRegion(data as NumberArray, shape, { pairs: 1, into: values, to: full })
    for (let d = full.length - axes; d < full.length; d++) transformAxis(values, full, d, false)
    const type = dtype === 'float64' ? 'complex128' : 'complex64'
    const half = [...full.slice(0, -1), halfOf(full.at(-1)!)]
    const out = newData(type, half) as NumberArray
    copyRegion(values, full, { pairs: 2, into: out, to: half })
    return [result(type, half, out)]
  }
}

/** IRFFT ...: what the last axis lacks is the mirror image of what it has. */
export function fourierToReal(axes: number): Kernel {
  return (inputs, context) => {
    const { dtype, shape, data } = numericAt(inputs, 0, context)
    if (dtype !== 'complex64' && dtype !== 'complex128') return refuseType(context, dtype)
    const full = croppedShape(shape, axes, inputs, context)
    const half = [...full.slice(0, -1), full.at(-1)! === 0 ? 0 : halfOf(full.at(-1)!)]
    requireSizes(shape, half, axes, context)
    const values = newScratch(2 * sizeOf(half))
    copyRegion(data as NumberArray, shape, { pairs: 2, into: values, to: half })
    for (let d = half.length - axes; d < half.length - 1; d++) transformAxis(values, half, d, true)
    const whole = newScratch(2 * sizeOf(full))
    copyRegion(values, half, { pairs: 2, into: whole, to: full })
    mirror(whole, full.at(-1)!)
    transformAxis(whole, full, full.length - 1, true)
    const type = dtype === 'complex128' ? 'float64' : 'float32'
    const out = newData(type, full)
    for (let i = 0; i < out.length; i++) out[i] = whole[2 * i]!
    return [result(type, full, out)]
  }
}

const halfOf = (length: number): number => Math.floor(length / 2) + 1

function requireRank(shape: readonly number[], axes: number, context: OpContext): void {
  if (shape.length < axes) refuse(context, `Input must have rank of at least ${axes} but got: [${shape}]`)
}

/** The shape with `fft_length`, the second input, for its last sizes. */
function croppedShape(
  shape: readonly number[],
  axes: number,
  inputs: Parameters<Kernel>[0],
  context: OpContext,
): number[] {
  requireRank(shape, axes, context)
  const lengths = integersAt(inputs, 1, context)
  if (lengths.length !== axes) refuse(context, `fft_length must have shape [${axes}]`)
  if (lengths.some((length) => length < 0)) refuse(context, 'fft_length must not be negative')
  return [...shape.slice(0, shape.length - axes), ...lengths]
}

function requireSizes(
  shape: readonly number[],
  least: readonly number[],
  axes: number,
  context: OpContext,
): void {
  for (let d = shape.length - axes; d < shape.length; d++) {
    if (shape[d]! < least[d]!) {
      refuse(context, `Input dimension ${d} must have length of at least ${least[d]} but got: ${shape[d]}`)
    }
  }
}

interface Region {
  /** Places per element of the source; the target has pairs. */
  readonly pairs: 1 | 2
  readonly into: NumberArray
  readonly to: readonly number[]
}

/** Copies what two shapes of one rank have in common. */
function copyRegion(from: NumberArray, shape: readonly number[], { pairs, into, to }: Region): void {
  const width = Math.min(shape.at(-1)!, to.at(-1)!)
  const rows = sizeOf(to.slice(0, -1))
  for (let row = 0; row < rows; row++) {
    spend(width)
    let source = 0
    for (let d = to.length - 2, rest = row, stride = 1; d >= 0; d--) {
      source += (rest % to[d]!) * stride
      stride *= shape[d]!
      rest = Math.floor(rest / to[d]!)
    }
    const first = source * shape.at(-1)!
    const target = 2 * row * to.at(-1)!
    if (pairs === 2) into.set(from.subarray(2 * first, 2 * (first + width)), target)
    else for (let i = 0; i < width; i++) into[target + 2 * i] = from[first + i]!
  }
}

/** Fills the second half of each line with the conjugate of the first, backwards. */
function mirror(values: Float64Array, length: number): void {
  for (let start = 0; start < values.length; start += 2 * length) {
    spend(length)
    for (let k = halfOf(length); k < length; k++) {
      values[start + 2 * k] = values[start + 2 * (length - k)]!
      values[start + 2 * k + 1] = -values[start + 2 * (length - k) + 1]!
    }
  }
}

/** Transforms every line along an axis, in place. */
function transformAxis(
  values: Float64Array,
  shape: readonly number[],
  axis: number,
  isInverse: boolean,
): void {
  const length = shape[axis]!
  if (values.length === 0) return
  const transform = createTransform(length)
  const stride = sizeOf(shape.slice(axis + 1))
  const line = newScratch(2 * length)
  for (let k = 0; k < values.length / 2 / length; k++) {
    spend(2 * length)
    const first = 2 * (Math.floor(k / stride) * stride * length + (k % stride))
    for (let i = 0, at = first; i < length; i++, at += 2 * stride) {
      line[2 * i] = values[at]!
      line[2 * i + 1] = values[at + 1]!
    }
    transform.run(line, isInverse)
    for (let i = 0, at = first; i < length; i++, at += 2 * stride) {
      values[at] = line[2 * i]!
      values[at + 1] = line[2 * i + 1]!
    }
  }
}
