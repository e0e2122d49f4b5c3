/** Bitcast: the same bytes under another dtype. */

import { type NumericType, typedArrays, wideArrays } from '../../../../tensor/dtype.js'
import { decodeBfloat16, decodeFloat16, encodeBfloat16, encodeFloat16 } from '../../../../tensor/float16.js'
import type { Kernel, OpContext } from '../../op.js'
import { newData } from '../new-data.js'
import { type FloatArray, numericAt, refuse, refuseType, result } from './arguments.js'

const arrays = { ...typedArrays, ...wideArrays }

/** To a smaller dtype an axis is added, to a larger one the last axis is taken away. */
export const bitcast: Kernel = (inputs, context) => {
  const { dtype, shape, data } = numericAt(inputs, 0, context)
  const to = context.attrs.type('type')
  if (to === 'string' || to === 'resource' || to === 'variant') return refuseType(context, to)
  const bytes = bytesOf(dtype, data)
  return [result(to, bitcastShape(shape, bytesPer(dtype), bytesPer(to), context), fromBytes(to, bytes))]
}

function bitcastShape(
  shape: readonly number[],
  from: number,
  to: number,
  context: OpContext,
): readonly number[] {
  if (from === to) return shape
  if (from > to) return [...shape, from / to]
  if (shape.at(-1) !== to / from) {
    refuse(context, `Cannot bitcast: the last of the sizes [${shape}] must be ${to / from}`)
  }
  return shape.slice(0, -1)
}

function bytesPer(dtype: NumericType): number {
  if (dtype === 'float16' || dtype === 'bfloat16') return 2
  return arrays[dtype].BYTES_PER_ELEMENT * (dtype.startsWith('complex') ? 2 : 1)
}

/** A copy, so that it is aligned for any dtype. */
function bytesOf(dtype: NumericType, data: ArrayBufferView): Uint8Array<ArrayBuffer> {
  const encode = dtype === 'float16' ? encodeFloat16 : encodeBfloat16
  const view = bytesPer(dtype) === 2 && data instanceof Float32Array ? encode(data) : data
  const copy = newData('uint8', [view.byteLength])
  copy.set(new Uint8Array(view.buffer, view.byteOffset, view.byteLength))
  return copy
}

function fromBytes(dtype: NumericType, { buffer }: Uint8Array<ArrayBuffer>): ArrayBufferView {
  if (dtype === 'float16') return decodeFloat16(new Uint16Array(buffer)) as FloatArray
  if (dtype === 'bfloat16') return decodeBfloat16(new Uint16Array(buffer)) as FloatArray
  return new arrays[dtype](buffer)
}
