/** PyTorch's storages: runs of elements that tensors are views of (torch/storage.py). */
import type { NumericType } from '../../tensor/dtype.js'
import { PickleExtension, PickleFault, PickleGlobal, type PickleValue } from '../pickle/value.js'
import { elementBytes } from '../raw-numbers.js'
import { readStored, type StoredBytes } from './byte-source.js'

/** By class name, in `torch` or `torch.cuda`. Quantised ones (QInt8Storage …) are absent: they are not numbers by themselves. */
const storageTypes: Readonly<Record<string, NumericType>> = {
  ...{
    FloatStorage: 'float32',
    DoubleStorage: 'float64',
    HalfStorage: 'float16',
    BFloat16Storage: 'bfloat16',
  },
  ...{ LongStorage: 'int64', IntStorage: 'int32', ShortStorage: 'int16', CharStorage: 'int8' },
  ...{ ByteStorage: 'uint8', BoolStorage: 'bool' },
  ...{ ComplexFloatStorage: 'complex64', ComplexDoubleStorage: 'complex128' },
}

/** By name in `torch`, as newer files name dtypes. */
const dtypes: Readonly<Record<string, NumericType>> = {
  ...{ float32: 'float32', float64: 'float64', float16: 'float16', bfloat16: 'bfloat16', bool: 'bool' },
  ...{ int64: 'int64', int32: 'int32', int16: 'int16', int8: 'int8', uint8: 'uint8' },
  ...{
    uint16: 'uint16',
    uint32: 'uint32',
    uint64: 'uint64',
    complex64: 'complex64',
    complex128: 'complex128',
  },
}

/** A storage that a pickle refers to. */
export class TorchStorage extends PickleExtension {
  /** Of its class; undefined for untyped ones, whose tensors tell theirs, and for quantised ones. */
  readonly dtype: NumericType | undefined
  /** Elements, or bytes where there is no dtype. */
  readonly count: number
  readonly byteLength: number
  readonly isBigEndian: boolean
  #stored: StoredBytes | undefined

  constructor(dtype: NumericType | undefined, count: number, isBigEndian: boolean) {
    super()
    this.dtype = dtype
    this.count = count
    this.byteLength = count * (dtype ? elementBytes(dtype) : 1)
    this.isBigEndian = isBigEndian
  }

  describe(): string {
    return `a PyTorch storage of ${this.byteLength} bytes`
  }

  setState(_state: PickleValue): void {
    throw new PickleFault(`${this.describe()} takes no state`)
  }

  /** Tells where its bytes are: the older form writes that behind the pickle. */
  place(stored: StoredBytes): void {
    this.#stored = stored
  }

  /**
   * Bytes `begin` up to `end`, in memory of their own.
   *
   * @throws RecserveError `data_loss` where the file is damaged or has changed
   */
  read(begin: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
    if (!this.#stored) throw new Error('a storage was never placed: this is a bug')
    return readStored(this.#stored, begin, end)
  }
}

/** What a persistent id says: `('storage', class, key, device, count[, view])`. */
export interface StorageId {
  readonly dtype: NumericType | undefined
  readonly key: string
  /** Elements, or bytes where there is no dtype. */
  readonly count: number
  /** The view of another storage that the older form may have: its key, first element and count; null for none. */
  readonly view: PickleValue
}

/** @throws PickleFault for what is no id of a storage */
export function toStorageId(id: PickleValue): StorageId {
  if (!Array.isArray(id) || id[0] !== 'storage' || id.length < 5)
    throw new PickleFault('has a persistent id that is not of a PyTorch storage')
  const [, type, key, , count, view] = id as readonly PickleValue[]
  if (!(type instanceof PickleGlobal)) throw new PickleFault('has a storage without a class')
  if (typeof key !== 'string' || !/^\d{1,20}$/.test(key)) throw new PickleFault('has a storage without a key')
  const dtype = Object.hasOwn(storageTypes, type.name) ? storageTypes[type.name] : undefined
  const size = dtype ? elementBytes(dtype) : 1
  if (!Number.isSafeInteger(count) || (count as number) < 0 || (count as number) > 2 ** 50 / size)
    throw new PickleFault(`has storage ${key} of ${String(count)} elements`)
  return { dtype, key, count: count as number, view: view ?? null }
}

/** The dtype that a global of `torch` names; undefined where it is none. */
export function toTorchDtype(value: PickleValue | undefined): NumericType | undefined {
  if (!(value instanceof PickleGlobal) || value.module !== 'torch') return undefined
  return Object.hasOwn(dtypes, value.name) ? dtypes[value.name] : undefined
}
