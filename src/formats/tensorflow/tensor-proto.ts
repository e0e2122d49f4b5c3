/** TensorProto to tensors, as TensorFlow's Tensor::FromProto does (tensorflow/core/framework/tensor.cc). */

import { RecserveError } from '../../core/errors.js'
import type { AnyTensor } from '../../tensor/any-tensor.js'
import { type NumericType, typedArrays, wideArrays } from '../../tensor/dtype.js'
import { decodeBfloat16, decodeFloat16 } from '../../tensor/float16.js'
import { type StringTensor, toStrings } from '../../tensor/strings.js'
import { sizeOf, type Tensor, tensor } from '../../tensor/tensor.js'
import { isReadable } from './data-type.js'
import type { TensorProto } from './graph.js'
import { readLengths, toStringsOfLengths } from './string-list.js'
import { elementBytes, fromBytes } from './tensor-bytes.js'
import { toFullShape } from './tensor-shape.js'

export interface TensorProtoOptions {
  /** Base name of the file, for messages. */
  readonly name: string
  /** The tensor, for messages: `the attribute 'value' of node 'x'`. */
  readonly what: string
  /** A larger tensor is refused before it is allocated; 1 GiB unless given. One repeated value may stand for it all. */
  readonly maxBytes?: number
}

/**
 * A tensor of its own, which keeps nothing of the proto. Typed fields with fewer values than elements repeat the last one;
 * with none at all they are zeros or empty strings.
 *
 * @throws RecserveError `data_loss`; `unimplemented` for a dtype that has no values in files; `resource_exhausted`
 */
export function toTensor(proto: TensorProto, options: TensorProtoOptions): AnyTensor {
  const { name, what, maxBytes = 2 ** 30 } = options
  const fail: Fail = (text, code = 'data_loss') => {
    throw new RecserveError(code, `${name}: ${what} ${text}`)
  }
  const { dtype } = proto
  if (!isReadable(dtype)) {
    return fail(`has the dtype ${dtype}, which recserve cannot read`, 'unimplemented')
  }
  const shape = toFullShape(proto.shape, name, what)
  const count = sizeOf(shape)
  const bytes = count * (dtype === 'string' ? 4 : memoryBytes(dtype))
  if (bytes > maxBytes) fail(`takes ${bytes} bytes, more than the ${maxBytes} it may`, 'resource_exhausted')
  if (dtype === 'string') return toStringTensor(proto, shape, maxBytes, fail)
  if (proto.content.length > 0) {
    const expected = count * elementBytes(dtype)
    if (proto.content.length !== expected) {
      fail(`has ${proto.content.length} bytes, but ${dtype} of shape [${shape}] has ${expected}`)
    }
    return fromBytes(dtype, shape, new Uint8Array(proto.content))
  }
  return fromValues(proto, dtype, shape)
}

type Fail = (text: string, code?: 'data_loss' | 'unimplemented' | 'resource_exhausted') => never

function memoryBytes(dtype: NumericType): number {
  return dtype === 'float16' || dtype === 'bfloat16' ? 4 : elementBytes(dtype)
}

function fromValues(proto: TensorProto, dtype: NumericType, shape: readonly number[]): Tensor<NumericType> {
  const count = sizeOf(shape)
  switch (dtype) {
    case 'float16':
      return tensor(dtype, shape, decodeFloat16(fill(new Uint16Array(count), proto.halfVal)))
    case 'bfloat16':
      return tensor(dtype, shape, decodeBfloat16(fill(new Uint16Array(count), proto.halfVal)))
    case 'float32':
      return tensor(dtype, shape, fill(new Float32Array(count), proto.floatVal))
    case 'float64':
      return tensor(dtype, shape, fill(new Float64Array(count), proto.doubleVal))
    case 'complex64':
      return tensor(dtype, shape, fillPairs(new wideArrays[dtype](2 * count), proto.scomplexVal))
    case 'complex128':
      return tensor(dtype, shape, fillPairs(new wideArrays[dtype](2 * count), proto.dcomplexVal))
    case 'int64':
      return tensor(dtype, shape, fillLarge(new BigInt64Array(count), proto.int64Val))
    case 'uint64':
      return tensor(dtype, shape, fillLarge(new BigUint64Array(count), proto.uint64Val))
    case 'uint32':
      return tensor(dtype, shape, fill(new Uint32Array(count), proto.uint32Val))
    case 'bool':
      return tensor(dtype, shape, fill(new Uint8Array(count), proto.boolVal.map(Number)))
    default:
      return tensor(dtype, shape, fill(new typedArrays[dtype](count), proto.intVal))
  }
}

interface NumberArray {
  readonly length: number
  [index: number]: number
  fill(value: number, start: number): unknown
}

/** Values beyond the shape are left out, as TensorFlow does. */
function fill<A extends NumberArray>(array: A, values: readonly number[]): A {
  const known = Math.min(array.length, values.length)
  for (let i = 0; i < known; i++) array[i] = values[i]!
  if (known > 0) array.fill(values[known - 1]!, known)
  return array
}

function fillLarge<A extends BigInt64Array | BigUint64Array>(
  array: A,
  values: readonly (number | bigint)[],
): A {
  const known = Math.min(array.length, values.length)
  for (let i = 0; i < known; i++) array[i] = BigInt(values[i]!)
  if (known > 0) array.fill(BigInt(values[known - 1]!), known)
  return array
}

function fillPairs<A extends NumberArray>(array: A, values: readonly number[]): A {
  const known = Math.min(array.length, 2 * Math.floor(values.length / 2))
  for (let i = 0; i < known; i++) array[i] = values[i]!
  if (known > 0) for (let i = known; i < array.length; i++) array[i] = array[i - 2]!
  return array
}

function toStringTensor(
  proto: TensorProto,
  shape: readonly number[],
  maxBytes: number,
  fail: Fail,
): StringTensor {
  const count = sizeOf(shape)
  const { content, stringVal } = proto
  if (content.length > 0) {
    const { lengths, total, end } = readLengths(content, count, fail)
    if (total !== content.length - end) {
      fail(`has strings of ${total} bytes, but ${content.length - end} are there`)
    }
    return { dtype: 'string', shape, data: toStringsOfLengths(lengths, content.slice(end)) }
  }
  const last = stringVal[Math.min(count, stringVal.length) - 1] ?? new Uint8Array(0)
  const repeated = count - Math.min(count, stringVal.length)
  const total = 4 * count + last.length * repeated
  if (total > maxBytes) fail(`takes ${total} bytes, more than the ${maxBytes} it may`, 'resource_exhausted')
  const elements = stringVal.slice(0, count)
  for (let i = 0; i < repeated; i++) elements.push(last)
  return { dtype: 'string', shape, data: toStrings(elements) }
}
