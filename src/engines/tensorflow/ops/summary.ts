/** Values in messages as TensorFlow's `Tensor::SummarizeValue` writes them. */
import { stringAt } from '../../../tensor/strings.js'
import { sizeOf } from '../../../tensor/tensor.js'
import type { AnyTensor, Value } from '../op.js'

const utf8 = new TextDecoder()

/** @param count how many elements at most; negative: all */
export function summarize(value: Value, count: number): string {
  if (!('data' in value)) return value.dtype
  const limit = count < 0 ? Number.POSITIVE_INFINITY : count
  const size = sizeOf(value.shape)
  const shown = Math.min(size, limit)
  if (value.shape.length <= 1 || size === 0) {
    const items = Array.from({ length: shown }, (_, i) => elementText(value, i)).join(' ')
    return items + (size > limit ? '...' : '')
  }
  const state = { at: 0, left: shown }
  return nested(value, 0, state) + (size > limit ? '...' : '')
}

function nested(value: AnyTensor, axis: number, state: { at: number; left: number }): string {
  const size = value.shape[axis]!
  const parts: string[] = []
  for (let i = 0; i < size && state.left > 0; i++) {
    if (axis < value.shape.length - 1) parts.push(nested(value, axis + 1, state))
    else {
      parts.push(elementText(value, state.at++))
      state.left--
    }
  }
  return axis < value.shape.length - 1 ? parts.map((part) => `[${part}]`).join('') : parts.join(' ')
}

function elementText(value: AnyTensor, index: number): string {
  if (value.dtype === 'string') return utf8.decode(stringAt(value.data, index))
  const element = value.data[index]!
  if (typeof element === 'bigint' || value.dtype === 'bool' || Number.isInteger(element))
    return String(element)
  return Number(element.toPrecision(value.dtype === 'float64' ? 15 : 6)).toString()
}
