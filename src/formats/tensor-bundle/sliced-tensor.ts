/** Tensors put together from boxes: what partitioned variables are stored as, and slices of any tensor. */
import type { AnyTensor } from '../../tensor/any-tensor.js'
import type { NumericType } from '../../tensor/dtype.js'
import { typedArrays, wideArrays } from '../../tensor/dtype.js'
import { stringAt, toStrings } from '../../tensor/strings.js'
import { sizeOf, type Tensor, tensor } from '../../tensor/tensor.js'
import { type Box, copyBox, intersect } from './tensor-slice.js'

export interface Piece {
  readonly box: Box
  readonly tensor: AnyTensor
}

/** Whether boxes within a shape cover each of its cells, and none twice. */
export function isCover(boxes: readonly Box[], shape: readonly number[]): boolean {
  const cells = boxes.reduce((sum, { lengths }) => sum + sizeOf(lengths), 0)
  return (
    cells === sizeOf(shape) &&
    boxes.every((box, i) => !boxes.slice(0, i).some((other) => intersect(box, other)))
  )
}

/** The tensor that lies in a box, from pieces that cover the box. */
export function assemble(box: Box, dtype: AnyTensor['dtype'], pieces: readonly Piece[]): AnyTensor {
  return dtype === 'string' ? assembleStrings(box, pieces) : assembleNumbers(box, dtype, pieces)
}

function assembleStrings(box: Box, pieces: readonly Piece[]): AnyTensor {
  const to = Array<Uint8Array>(sizeOf(box.lengths)).fill(new Uint8Array(0))
  for (const { box: fromBox, tensor: piece } of pieces) {
    const part = intersect(box, fromBox)
    if (piece.dtype !== 'string' || !part) continue
    const from = Array.from({ length: piece.data.length }, (_, i) => stringAt(piece.data, i))
    const copy = (a: Uint8Array[], fromAt: number, b: Uint8Array[], toAt: number, count: number): void => {
      for (let i = 0; i < count; i++) b[toAt + i] = a[fromAt + i]!
    }
    copyBox(part, { from, fromBox, to, toBox: box, copy })
  }
  return { dtype: 'string', shape: box.lengths, data: toStrings(to) }
}

function assembleNumbers<D extends NumericType>(
  box: Box,
  dtype: D,
  pieces: readonly Piece[],
): Tensor<NumericType> {
  const width = dtype === 'complex64' || dtype === 'complex128' ? 2 : 1
  const to = new { ...typedArrays, ...wideArrays }[dtype](sizeOf(box.lengths) * width)
  for (const { box: fromBox, tensor: piece } of pieces) {
    const part = intersect(box, fromBox)
    if (piece.dtype === 'string' || !part) continue
    const from = piece.data
    copyBox(part, {
      from,
      fromBox,
      to,
      toBox: box,
      copy: (_a, fromAt, _b, toAt, count) =>
        setCells(to, from.subarray(fromAt * width, (fromAt + count) * width), toAt * width),
    })
  }
  return tensor<NumericType>(dtype, box.lengths, to)
}

type Numbers = Tensor<NumericType>['data']

/** Both are of the same dtype. */
function setCells(to: Numbers, from: Numbers, at: number): void {
  if (to instanceof BigInt64Array || to instanceof BigUint64Array) {
    if (from instanceof BigInt64Array || from instanceof BigUint64Array) to.set(from, at)
  } else if (!(from instanceof BigInt64Array || from instanceof BigUint64Array)) to.set(from, at)
}
