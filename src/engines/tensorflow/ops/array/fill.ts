/** Ops that make a tensor out of a few values. */

import type { NumericType } from '../../../../tensor/dtype.js'
import { isComplex, sizeOf, tensor } from '../../../../tensor/tensor.js'
import type { AnyTensor, Kernel, OpTable, TfDataType } from '../../op.js'
import { spend } from '../../run-limits.js'
import { newData } from '../new-data.js'
import {
  inputAt,
  invalid,
  requireOne,
  requireScalar,
  sizeBetween,
  toInteger,
  toIntegers,
  toVector,
} from './arguments.js'
import { openElements } from './elements.js'
import { copyWords, fillElement } from './moves.js'

function checkShape(shape: readonly number[]): void {
  const negative = shape.find((size) => size < 0)
  if (negative !== undefined) throw invalid(`Dimension ${negative} must be >= 0`)
}

const fill: Kernel = (inputs) => {
  const shape = toVector(inputAt(inputs, 0), 'dims')
  const value = requireOne(inputAt(inputs, 1), 'value')
  checkShape(shape)
  const count = sizeOf(shape)
  const elements = openElements([value])
  const out = elements.create(shape)
  fillElement(elements.sources[0]!, out, 0, count)
  return [elements.toTensor(shape, out)]
}

/** Zeros, false or empty strings. */
export function zeros(dtype: TfDataType, shape: readonly number[]): AnyTensor {
  if (dtype === 'string') {
    const count = sizeOf(shape)
    const offsets = newData('uint32', [count + 1])
    return { dtype, shape, data: { length: count, bytes: new Uint8Array(0), offsets } }
  }
  if (dtype === 'resource' || dtype === 'variant') throw invalid(`no tensor of ${dtype} can be filled`)
  return tensor(dtype, shape, newData<NumericType>(dtype, shape))
}

const zerosLike: Kernel = (inputs) => {
  const { dtype, shape } = inputAt(inputs, 0)
  return [zeros(dtype, shape)]
}

const onesLike: Kernel = (inputs) => {
  const { dtype, shape } = inputAt(inputs, 0)
  if (dtype === 'string') throw invalid('OnesLike takes numbers, got string')
  const data = newData<NumericType>(dtype, shape)
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) data.fill(1n)
  else if (isComplex(dtype)) for (let i = 0; i < data.length; i += 2) data[i] = 1
  else data.fill(1)
  return [tensor(dtype, shape, data)]
}

const empty: Kernel = (inputs, { attrs }) => {
  const shape = toVector(inputAt(inputs, 0), 'shape')
  checkShape(shape)
  return [zeros(attrs.type('dtype'), shape)]
}

const oneHot: Kernel = (inputs, { attrs }) => {
  const indices = inputAt(inputs, 0)
  const depth = toInteger(requireScalar(inputAt(inputs, 1), 'depth'), 'depth')
  const on = requireScalar(inputAt(inputs, 2), 'on_value')
  const off = requireScalar(inputAt(inputs, 3), 'off_value')
  const rank = indices.shape.length
  const given = attrs.int('axis', -1)
  if (given !== -1 && !(given >= 0 && given <= rank)) {
    throw invalid(`Expected axis to be -1 or between [0, ${rank}].  But received: ${given}`)
  }
  if (depth < 0) throw invalid(`depth must be non-negative, got: ${depth}`)
  const axis = given === -1 ? rank : given
  const shape = indices.shape.toSpliced(axis, 0, depth)
  const elements = openElements([on, off])
  const [onWords, offWords] = elements.sources
  const out = elements.create(shape)
  fillElement(offWords!, out, 0, sizeOf(shape))
  const values = toIntegers(indices)
  const inner = sizeBetween(indices.shape, axis)
  for (let i = 0; i < values.length; i++) {
    spend(1)
    const value = values[i]!
    // An index out of range leaves its row off.
    if (!(value >= 0 && value < depth)) continue
    const place = (Math.floor(i / inner) * depth + value) * inner + (i % inner)
    copyWords(onWords!, 0, out, place * elements.unit, elements.unit)
  }
  return [elements.toTensor(shape, out)]
}

export const fillOps: OpTable = {
  Fill: { kernel: fill },
  ZerosLike: { kernel: zerosLike },
  OnesLike: { kernel: onesLike },
  Empty: { kernel: empty },
  OneHot: { kernel: oneHot },
}
