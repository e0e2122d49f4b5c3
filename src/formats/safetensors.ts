/** Safetensors files (github.com/huggingface/safetensors, "Format") of untrusted origin: a JSON header, then the tensors' bytes. */
import { setImmediate } from 'node:timers/promises'
import { RecserveError } from '../core/errors.js'
import type { NumericType } from '../tensor/dtype.js'
import { sizeOf, type Tensor } from '../tensor/tensor.js'
import { decodeNumbers, elementBytes } from './raw-numbers.js'
import { ShardFile } from './tensor-bundle/shard-file.js'

/** A tensor of a file; its values are read when asked for. */
export interface SafeTensor {
  readonly dtype: NumericType
  readonly shape: readonly number[]
  /**
   * The values, row-major, in memory of their own. The file must still be there, unchanged.
   *
   * @throws RecserveError `data_loss` where it is not
   */
  read(): Promise<Tensor<NumericType>>
}

export interface Safetensors {
  /** Base name, for messages. */
  readonly name: string
  readonly tensors: ReadonlyMap<string, SafeTensor>
  /** `__metadata__`: text by name. */
  readonly metadata: ReadonlyMap<string, string>
}

const dtypes: Readonly<Record<string, NumericType>> = {
  ...{ F64: 'float64', F32: 'float32', F16: 'float16', BF16: 'bfloat16', BOOL: 'bool', C64: 'complex64' },
  ...{ I64: 'int64', I32: 'int32', I16: 'int16', I8: 'int8' },
  ...{ U64: 'uint64', U32: 'uint32', U16: 'uint16', U8: 'uint8' },
}
const lengthBytes = 8
/** The format's own bound. */
const maxHeaderBytes = 100_000_000
const maxRank = 64

/**
 * Reads the header and checks it: every tensor has the bytes that its shape needs, and they lie in the file.
 *
 * @throws RecserveError `not_found`; `data_loss` for a damaged file; `failed_precondition` for a dtype that cannot be
 * read (8-bit floats and smaller)
 */
export async function readSafetensors(path: string): Promise<Safetensors> {
  const file = new ShardFile(path)
  const { name, size } = file
  if (size < lengthBytes) throw damaged(name, `has ${size} bytes, too few for a header`)
  const length = Number(Buffer.from(file.read(0, lengthBytes)).readBigUInt64LE())
  if (length > Math.min(maxHeaderBytes, size - lengthBytes))
    throw damaged(name, `has a header of ${length} bytes, where ${size - lengthBytes} are left`)
  const header = parseHeader(Buffer.from(file.read(lengthBytes, length)), name)
  // A long header takes a while; what waits has its turn.
  await setImmediate()
  const tensors = new Map<string, SafeTensor>()
  for (const [key, value] of Object.entries(header)) {
    if (key !== '__metadata__') tensors.set(key, toTensor(value, key, { file, begin: lengthBytes + length }))
  }
  return { name, tensors, metadata: toMetadata(header.__metadata__, name) }
}

type Fields = Readonly<Record<string, unknown>>

function parseHeader(bytes: Buffer, name: string): Fields {
  let header: unknown
  try {
    header = JSON.parse(bytes.toString('utf8'))
  } catch (cause) {
    throw damaged(name, 'has a header that is no JSON', cause)
  }
  if (!isFields(header)) throw damaged(name, 'has a header that is no JSON object')
  return header
}

interface Place {
  readonly file: ShardFile
  /** Where the tensors' bytes begin. */
  readonly begin: number
}

function toTensor(value: unknown, key: string, { file, begin }: Place): SafeTensor {
  const what = `tensor ${JSON.stringify(key.slice(0, 100))}`
  const fail = (text: string) => damaged(file.name, `${what} ${text}`)
  if (!isFields(value)) throw fail('is not described by an object')
  const { shape, data_offsets: offsets } = value
  if (!isSizes(shape) || shape.length > maxRank) throw fail('has no shape')
  if (!isSizes(offsets) || offsets.length !== 2) throw fail('has no data_offsets')
  const dtype = toDtype(value.dtype, `${file.name}: ${what}`)
  const [from, to] = [offsets[0]!, offsets[1]!]
  const needed = sizeOf(shape) * elementBytes(dtype)
  if (to - from !== needed) throw fail(`has ${to - from} bytes; ${dtype} of shape [${shape}] needs ${needed}`)
  if (begin + to > file.size) throw fail(`ends at byte ${begin + to}, beyond the file's ${file.size}`)
  return {
    dtype,
    shape,
    read: async () => decodeNumbers(dtype, shape, file.read(begin + from, needed)),
  }
}

function toDtype(dtype: unknown, what: string): NumericType {
  if (typeof dtype === 'string' && Object.hasOwn(dtypes, dtype)) return dtypes[dtype]!
  const text = `${what} is of dtype ${String(dtype).slice(0, 20)}; ${Object.keys(dtypes).join(', ')} can be read`
  throw new RecserveError('failed_precondition', text)
}

function toMetadata(value: unknown, name: string): ReadonlyMap<string, string> {
  if (value === undefined) return new Map()
  if (!isFields(value)) throw damaged(name, 'has __metadata__ that is no object')
  const metadata = new Map<string, string>()
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string') throw damaged(name, 'has __metadata__ that is not all text')
    metadata.set(key, text)
  }
  return metadata
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isSizes(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0)
}

function damaged(name: string, text: string, cause?: unknown): RecserveError {
  return new RecserveError('data_loss', `${name}: ${text}`, { cause })
}
