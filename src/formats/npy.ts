/** NumPy's .npy files of untrusted origin: numbers, booleans, and strings of fixed width. Nothing is ever unpickled. */

import { type Code, RecserveError } from '../core/errors.js'
import type { AnyTensor } from '../tensor/any-tensor.js'
import { type NumericType, typedArrays, wideArrays } from '../tensor/dtype.js'
import { decodeFloat16 } from '../tensor/float16.js'
import type { Tensor } from '../tensor/tensor.js'
import { type NpyHeader, parseNpyHeader } from './npy-header.js'
import { toByteStrings, toUnicodeStrings } from './npy-strings.js'

const dtypes: Readonly<Record<string, NumericType>> = {
  ...{
    b1: 'bool',
    i1: 'int8',
    i2: 'int16',
    i4: 'int32',
    i8: 'int64',
    u1: 'uint8',
    u2: 'uint16',
    u4: 'uint32',
  },
  ...{ u8: 'uint64', f2: 'float16', f4: 'float32', f8: 'float64', c8: 'complex64', c16: 'complex128' },
}

/** What an array's bytes mean. */
export type NpyLayout = Omit<NpyHeader, 'dataAt'>

/** What a type string says. */
interface ElementType {
  readonly kind: string
  /** Bytes of an element. */
  readonly size: number
  readonly isBigEndian: boolean
}

/**
 * The array in a .npy file, row-major.
 *
 * @param name of the file, for messages
 * @throws RecserveError `data_loss` for a damaged one, `failed_precondition` for one of objects, records or other dtypes
 */
export function parseNpy(bytes: Uint8Array, name: string): AnyTensor {
  const header = parseNpyHeader(bytes, name)
  return decodeNpyArray(bytes.subarray(header.dataAt), header, name)
}

/**
 * The array of such bytes, row-major, in memory of its own: what follows a header, and what NumPy writes into pickles.
 *
 * @throws RecserveError as `parseNpy`
 */
export function decodeNpyArray(bytes: Uint8Array, layout: NpyLayout, name: string): AnyTensor {
  const { shape, isFortran } = layout
  const type = elementTypeOf(layout, name)
  const count = shape.reduce((product, size) => product * size, 1)
  const found = bytes.length
  // A product beyond 2^53 is rounded, but no smaller than that.
  if (count * type.size !== found || (type.size === 0 && count > 0)) {
    fail(name, `has ${found} bytes of data; shape [${shape}] of ${layout.descr} needs ${count * type.size}`)
  }
  // A copy: typed arrays need their data aligned.
  const data = new Uint8Array(found)
  if (isFortran && shape.length > 1) copyRowMajor(bytes, data, shape, type.size)
  else data.set(bytes)
  if (type.isBigEndian) swapBytes(data, swapWidth(type))
  return toTensor(data, shape, type, name)
}

function elementTypeOf({ descr }: NpyLayout, name: string): ElementType {
  const [, order, kind, digits] = /^([<>|=]?)([a-zA-Z])(\d{0,9})/.exec(descr) ?? []
  const size = Number(digits) * (kind === 'U' ? 4 : 1)
  const isWhole = descr === `${order}${kind}${digits}` && digits !== ''
  if (isWhole && (kind === 'S' || kind === 'U' || `${kind}${size}` in dtypes)) {
    return { kind: kind!, size, isBigEndian: order === '>' }
  }
  const what = descr.includes('O') ? 'Python objects' : `dtype ${JSON.stringify(descr.slice(0, 40))}`
  const text = `is of ${what}; integers, floats, complex numbers, booleans and strings of fixed width (S, U) can be read`
  return fail(name, text, 'failed_precondition')
}

function toTensor(
  data: Uint8Array<ArrayBuffer>,
  shape: readonly number[],
  { kind, size }: ElementType,
  name: string,
): AnyTensor {
  if (kind === 'S') return { dtype: 'string', shape, data: toByteStrings(data, size) }
  if (kind === 'U') {
    const strings = toUnicodeStrings(new Uint32Array(data.buffer), size / 4)
    return strings
      ? { dtype: 'string', shape, data: strings }
      : fail(name, 'holds text that is not of Unicode characters')
  }
  const dtype = dtypes[`${kind}${size}`]!
  if (dtype === 'float16')
    return { dtype, shape, data: decodeFloat16(new Uint16Array(data.buffer)) } as Tensor<'float16'>
  if (dtype === 'bool') return { dtype, shape, data: data.map((byte) => Number(byte !== 0)) }
  const arrays = { ...typedArrays, ...wideArrays }
  return { dtype, shape, data: new arrays[dtype](data.buffer) } as Tensor<NumericType>
}

/** From the first axis changing fastest to the last axis doing so. */
function copyRowMajor(from: Uint8Array, to: Uint8Array, shape: readonly number[], size: number): void {
  const steps: number[] = []
  for (let axis = 0, step = size; axis < shape.length; step *= shape[axis]!, axis++) steps.push(step)
  const index = new Array<number>(shape.length).fill(0)
  let source = 0
  for (let at = 0; at < to.length; ) {
    for (let byte = 0; byte < size; byte++) to[at++] = from[source + byte]!
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      source += steps[axis]!
      if (++index[axis]! < shape[axis]!) break
      source -= steps[axis]! * shape[axis]!
      index[axis] = 0
    }
  }
}

/** Bytes of what is turned round: half of a complex number, a character of text. */
function swapWidth({ kind, size }: ElementType): number {
  if (kind === 'c') return size / 2
  if (kind === 'U') return 4
  return kind === 'S' ? 1 : size
}

function swapBytes(bytes: Uint8Array, width: number): void {
  for (let at = 0; at < bytes.length && width > 1; at += width) bytes.subarray(at, at + width).reverse()
}

function fail(name: string, text: string, code: Code = 'data_loss'): never {
  throw new RecserveError(code, `${name}: ${text}`)
}
