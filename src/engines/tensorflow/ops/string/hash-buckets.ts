/** Strings, and the texts of integers, as numbers of buckets. */
import type { TypedArray } from '../../../../tensor/dtype.js'
import { encodeBfloat16, encodeFloat16 } from '../../../../tensor/float16.js'
import { stringAt } from '../../../../tensor/strings.js'
import { tensor } from '../../../../tensor/tensor.js'
import { fingerprint64 } from '../../hashing/farm-hash.js'
import { murmurHash64 } from '../../hashing/murmur-hash.js'
import { type SipKey, sipHash } from '../../hashing/sip-hash.js'
import type { AnyTensor, Attributes, Kernel, OpTable } from '../../op.js'
import { spend } from '../../run-limits.js'
import { inputAt, invalid } from '../array/arguments.js'
import { newData } from '../new-data.js'
import { elementWork, latin1Of, stringsAt } from './arguments.js'

type Hash = (bytes: Uint8Array) => bigint

function buckets(hashOf: (attrs: Attributes) => Hash): Kernel {
  return (inputs, { attrs }) => {
    const { shape, data } = stringsAt(inputs, 0)
    const hash = hashOf(attrs)
    const count = bucketCount(attrs)
    const out = newData('int64', shape)
    for (let i = 0; i < out.length; i++) {
      const element = stringAt(data, i)
      spend(elementWork + element.length)
      out[i] = hash(element) % count
    }
    return [tensor('int64', shape, out)]
  }
}

function bucketCount(attrs: Attributes): bigint {
  const count = attrs.bigint('num_buckets')
  if (count > 0n) return count
  throw invalid(`num_buckets must be at least 1, got ${count}`)
}

function strongHash(attrs: Attributes): Hash {
  const key = attrs.bigints('key').map((part) => BigInt.asUintN(64, part))
  if (key.length !== 2) throw invalid(`Key must have 2 elements, got ${key.length}`)
  return (bytes) => sipHash(bytes, key as unknown as SipKey)
}

/** Integers are hashed as AsString writes them: what TensorFlow's optimizer makes of the two ops. */
const integerBuckets: Kernel = (inputs, { attrs }) => {
  const { dtype, shape, data } = inputAt(inputs, 0)
  if ('bytes' in data || !/^u?int/.test(dtype)) throw invalid(`integers were expected, got ${dtype}`)
  const count = bucketCount(attrs)
  const out = newData('int64', shape)
  for (let i = 0; i < out.length; i++) {
    spend(elementWork)
    out[i] = fingerprint64(Buffer.from(String(data[i]), 'latin1')) % count
  }
  return [tensor('int64', shape, out)]
}

/** One hash of eight bytes, the least first, for each entry of axis 0. */
const fingerprint: Kernel = (inputs) => {
  const input = inputAt(inputs, 0)
  const rows = input.shape[0]
  if (rows === undefined) throw invalid('`data` should have at least one dimension: []')
  const method = latin1Of(stringAt(stringsAt(inputs, 1).data, 0))
  if (method !== 'farmhash64') throw invalid(`Unsupported fingerprint method: ${method}`)
  const out = newData('uint8', [rows, 8])
  const view = new DataView(out.buffer)
  for (let row = 0; row < rows; row++) view.setBigUint64(8 * row, rowFingerprint(input, row, rows), true)
  return [tensor('uint8', [rows, 8], out)]
}

function rowFingerprint({ dtype, data }: AnyTensor, row: number, rows: number): bigint {
  const width = data.length / rows
  if (!('bytes' in data)) {
    const own = storedAs(dtype, data.subarray(row * width, (row + 1) * width))
    spend(own.byteLength)
    return fingerprint64(new Uint8Array(own.buffer, own.byteOffset, own.byteLength))
  }
  if (width === 1) return fingerprint64(stringAt(data, row))
  const hashes = new BigUint64Array(width)
  for (let i = 0; i < width; i++) {
    spend(elementWork)
    hashes[i] = fingerprint64(stringAt(data, row * width + i))
  }
  return fingerprint64(new Uint8Array(hashes.buffer))
}

/** Numbers in the form that TensorFlow keeps them in. */
function storedAs(dtype: string, data: TypedArray): ArrayBufferView {
  if (dtype === 'float16') return encodeFloat16(data as Float32Array)
  return dtype === 'bfloat16' ? encodeBfloat16(data as Float32Array) : data
}

export const hashBucketOps: OpTable = {
  StringToHashBucket: { kernel: buckets(() => murmurHash64) },
  StringToHashBucketFast: { kernel: buckets(() => fingerprint64) },
  StringToHashBucketStrong: { kernel: buckets(strongHash) },
  _TensorToHashBucketFast: { kernel: integerBuckets },
  Fingerprint: { kernel: fingerprint },
}
