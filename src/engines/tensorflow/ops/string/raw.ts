/** Bytes of strings as numbers. */
import type { NumericType } from '../../../../tensor/dtype.js'
import { decodeBfloat16, decodeFloat16 } from '../../../../tensor/float16.js'
import { stringAt } from '../../../../tensor/strings.js'
import type { AnyTensor, Attributes, Kernel, OpTable } from '../../op.js'
import { spend } from '../../run-limits.js'
import { inputAt, invalid, toInteger } from '../array/arguments.js'
import { newData } from '../new-data.js'
import { stringsAt } from './arguments.js'

const decodeRaw: Kernel = (inputs, { attrs }) => {
  const { shape, data } = stringsAt(inputs, 0)
  const dtype = outTypeOf(attrs)
  const size = sizeOfElement(dtype)
  const length = data.length === 0 ? 0 : data.offsets[1]! - data.offsets[0]!
  for (let i = 0; i < data.length; i++) {
    const own = data.offsets[i + 1]! - data.offsets[i]!
    if (own === length) continue
    throw invalid(
      `DecodeRaw requires input strings to all be the same size, but element ${i} has size ${length} != ${own}`,
    )
  }
  if (length % size !== 0) {
    throw invalid(
      `Input to DecodeRaw has length ${length} that is not a multiple of ${size}, the size of ${dtype}`,
    )
  }
  const bytes = data.bytes.subarray(data.offsets[0]!, data.offsets[data.length]!)
  return [fromBytes(bytes, { dtype, shape: [...shape, length / size], isLittle: isLittleEndian(attrs) })]
}

/** Cut, or filled up with zeros, to a fixed length. */
const decodePaddedRaw: Kernel = (inputs, { attrs }) => {
  const { shape, data } = stringsAt(inputs, 0)
  const dtype = outTypeOf(attrs)
  const size = sizeOfElement(dtype)
  const length = toInteger(inputAt(inputs, 1), 'fixed_length')
  if (length <= 0) throw invalid(`fixed_length (${length}) must be greater than zero.`)
  if (length % size !== 0) {
    throw invalid(`fixed_length (${length}) must be a multiple of the size of out_type (${size})`)
  }
  const bytes = newData('uint8', [data.length * length])
  for (let i = 0; i < data.length; i++) {
    spend(1)
    bytes.set(stringAt(data, i).subarray(0, length), i * length)
  }
  return [fromBytes(bytes, { dtype, shape: [...shape, length / size], isLittle: isLittleEndian(attrs) })]
}

const isLittleEndian = (attrs: Attributes) => attrs.bool('little_endian', true)

function outTypeOf(attrs: Attributes): NumericType {
  const dtype = attrs.type('out_type')
  if (dtype in wordSizes) return dtype as NumericType
  throw invalid(`bytes cannot be decoded as ${dtype}`)
}

/** Bytes of a number; of one of the two that a complex number is. */
const wordSizes: Readonly<Record<NumericType, 1 | 2 | 4 | 8>> = {
  bool: 1,
  uint8: 1,
  int8: 1,
  uint16: 2,
  int16: 2,
  float16: 2,
  bfloat16: 2,
  uint32: 4,
  int32: 4,
  float32: 4,
  complex64: 4,
  uint64: 8,
  int64: 8,
  float64: 8,
  complex128: 8,
}

const sizeOfElement = (dtype: NumericType) =>
  dtype.startsWith('complex') ? 2 * wordSizes[dtype] : wordSizes[dtype]

interface Target {
  readonly dtype: NumericType
  readonly shape: readonly number[]
  readonly isLittle: boolean
}

function fromBytes(source: Uint8Array, { dtype, shape, isLittle }: Target): AnyTensor {
  spend(source.length)
  const word = wordSizes[dtype]
  const bytes = newData('uint8', [source.length])
  bytes.set(source)
  if (!isLittle) reverseWords(bytes, word)
  if (dtype === 'float16' || dtype === 'bfloat16') {
    const bits = new Uint16Array(bytes.buffer)
    return { dtype, shape, data: dtype === 'float16' ? decodeFloat16(bits) : decodeBfloat16(bits) }
  }
  const data = newData(dtype, shape)
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength).set(bytes)
  if (dtype === 'bool') for (let i = 0; i < data.length; i++) data[i] = data[i] ? 1 : 0
  return { dtype, shape, data } as AnyTensor
}

function reverseWords(bytes: Uint8Array, size: number): void {
  if (size > 1) for (let at = 0; at < bytes.length; at += size) bytes.subarray(at, at + size).reverse()
}

export const rawOps: OpTable = {
  DecodeRaw: { kernel: decodeRaw },
  DecodePaddedRaw: { kernel: decodePaddedRaw },
}
