/** PyTorch's older form (torch/serialization.py, `_legacy_save`): pickles, then storages one behind the other. */
import { RecserveError } from '../../core/errors.js'
import { objectBytesFor, PickleBudget } from '../pickle/budget.js'
import type { ConstructorTable } from '../pickle/machine.js'
import { pickleSteps } from '../pickle/pickle.js'
import type { Steps } from '../pickle/steps.js'
import { PickleFault, type PickleValue } from '../pickle/value.js'
import type { ByteSource } from './byte-source.js'
import { TorchStorage, toStorageId } from './torch-storage.js'

export interface LegacyOptions {
  readonly constructors: ConstructorTable
  readonly maxPickleBytes: number
  /** That of the pickle this file lies in; one of its own, by the size of the source, unless given. */
  readonly budget?: PickleBudget
}

/** The magic number, a pickled integer: in binary, and in the digits of protocol 0. */
const magics = [
  Buffer.from([0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]),
  Buffer.from('L119547037146038801333356L\n'),
]
const protocolVersion = 1001
/** Before the object there are three small pickles; behind it, the keys of the storages. */
const partsBefore = 3
const firstWindowBytes = 2 ** 20

/** @param head the first bytes of a file */
export function isLegacyForm(head: Uint8Array): boolean {
  const bytes = Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, 48))
  return magics.some((magic) => bytes.includes(magic))
}

/**
 * What was saved, read in pieces. Storages are placed, and none is read.
 *
 * @throws RecserveError `data_loss`; `failed_precondition` for a pickle that is too large
 */
export function* legacySteps(source: ByteSource, options: LegacyOptions): Steps<PickleValue> {
  const { name, size } = source
  for (let length = firstWindowBytes; ; length *= 4) {
    const window = source.read(0, Math.min(length, size, options.maxPickleBytes))
    const budget = options.budget ?? new PickleBudget(objectBytesFor(size))
    const found = yield* partsSteps(window, name, { ...options, budget })
    if (found) {
      placeStorages(source, found)
      return found.root
    }
    if (window.length === size) throw new RecserveError('data_loss', `${name}: ends within its pickles`)
    if (window.length === options.maxPickleBytes) {
      const text = `${name}: has a pickle of more than the ${options.maxPickleBytes} bytes it may have`
      throw new RecserveError('failed_precondition', text)
    }
  }
}

interface Parts {
  readonly root: PickleValue
  readonly storages: ReadonlyMap<string, TorchStorage>
  /** Of the storages, in the order they lie in. */
  readonly keys: PickleValue
  /** Place of the first storage. */
  readonly end: number
}

/** Undefined where the bytes end within the pickles. */
function* partsSteps(
  bytes: Uint8Array,
  name: string,
  { constructors, budget }: LegacyOptions & { readonly budget: PickleBudget },
): Steps<Parts | undefined> {
  const storages = new Map<string, TorchStorage>()
  // A module's class comes with its source code, which is not for running.
  const fromPersistentId = (id: PickleValue) =>
    Array.isArray(id) && id[0] === 'module' ? (id[1] as PickleValue) : toStorage(id, storages)
  const values: PickleValue[] = []
  let at = 0
  while (values.length < partsBefore + 2) {
    const part = yield* pickleSteps(bytes, at, name, { constructors, budget, fromPersistentId })
    if (!part) return undefined
    at = part.end
    values.push(part.value)
  }
  if (values[1] !== protocolVersion) {
    const text = `${name}: is of PyTorch's protocol ${String(values[1])}; ${protocolVersion} can be read`
    throw new RecserveError('failed_precondition', text)
  }
  return { root: values[partsBefore]!, keys: values[partsBefore + 1]!, storages, end: at }
}

function toStorage(id: PickleValue, storages: Map<string, TorchStorage>): TorchStorage {
  const { key, dtype, count, view } = toStorageId(id)
  if (view !== null) {
    const text = 'has a view of a storage, as PyTorch wrote before 0.4; load and save it with a newer one'
    throw new PickleFault(text, 'failed_precondition')
  }
  const known = storages.get(key)
  // Always little-endian, whatever the machine was (torch/csrc/generic/serialization.cpp).
  const storage = new TorchStorage(dtype, count, false)
  if (known === undefined) storages.set(key, storage)
  else if (known.dtype !== dtype || known.byteLength !== storage.byteLength)
    throw new PickleFault(`refers to storage ${key} in two ways`)
  return known ?? storage
}

/** Each storage is a count of elements, 8 bytes, and the elements. */
function placeStorages(source: ByteSource, { storages, keys, end }: Parts): void {
  if (!Array.isArray(keys) || keys.length !== storages.size || new Set(keys).size !== keys.length)
    throw faultOf(source, `does not list its ${storages.size} storages`)
  let at = end
  for (const key of keys) {
    const storage = typeof key === 'string' ? storages.get(key) : undefined
    if (!storage) throw faultOf(source, `lists a storage ${String(key).slice(0, 30)} that it does not use`)
    const begin = at + 8
    const { byteLength } = storage
    if (begin + byteLength > source.size)
      throw faultOf(
        source,
        `ends within storage ${String(key)}: ${byteLength} bytes are due at byte ${begin}`,
      )
    const count = Number(Buffer.from(source.read(at, 8)).readBigInt64LE())
    if (count !== storage.count)
      throw faultOf(source, `has ${count} elements in storage ${String(key)}, not ${storage.count}`)
    storage.place({ source, offset: begin, packedBytes: byteLength, byteLength, isDeflated: false })
    at = begin + byteLength
  }
}

function faultOf({ name }: ByteSource, text: string): RecserveError {
  return new RecserveError('data_loss', `${name}: ${text}`)
}
