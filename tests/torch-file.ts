/** Writes files as torch.save does, in both of its forms (torch/serialization.py), and wrong ones. */
import { crc32, deflateRawSync } from 'node:zlib'
import { ascii, Code, call, encode, global, type Pickled, pickle, tuple, u64 } from './pickle-file.js'

export interface StorageParts {
  /** `FloatStorage` unless given. */
  readonly type?: string
  readonly key: string
  readonly count: number
}

/** A storage, as a pickle refers to it. */
export function storage({ type = 'FloatStorage', key, count }: StorageParts): Code {
  const id = tuple('storage', global(`torch.${type}`), key, 'cpu', count)
  return new Code(id.bytes, 'Q')
}

export interface TensorParts {
  readonly storage: Code
  readonly offset?: Pickled
  readonly shape: readonly Pickled[]
  readonly stride: readonly Pickled[]
}

export function tensorOf({ storage: its, offset = 0, shape, stride }: TensorParts): Code {
  const hooks = call('collections.OrderedDict')
  return call('torch._utils._rebuild_tensor_v2', its, offset, tuple(...shape), tuple(...stride), false, hooks)
}

/** A file in an archive. */
export interface Part {
  readonly name: string
  readonly bytes: Uint8Array
  readonly isDeflated?: boolean
  /** What the directory says it unpacks to, where that is a lie. */
  readonly size?: number
}

/** A zip archive. */
export function archive(parts: readonly Part[]): Buffer {
  const files: Buffer[] = []
  const entries: Buffer[] = []
  let offset = 0
  for (const { name, bytes, isDeflated = false, size = bytes.length } of parts) {
    const packed = isDeflated ? deflateRawSync(bytes) : Buffer.from(bytes)
    const local = Buffer.alloc(30)
    local.writeUInt32LE(0x04034b50)
    local.writeUInt16LE(name.length, 26)
    const entry = Buffer.alloc(46)
    entry.writeUInt32LE(0x02014b50)
    entry.writeUInt16LE(isDeflated ? 8 : 0, 10)
    entry.writeUInt32LE(crc32(bytes), 16)
    entry.writeUInt32LE(packed.length, 20)
    entry.writeUInt32LE(size, 24)
    entry.writeUInt16LE(name.length, 28)
    entry.writeUInt32LE(offset, 42)
    files.push(local, ascii(name), packed)
    entries.push(entry, ascii(name))
    offset += local.length + name.length + packed.length
  }
  const directory = Buffer.concat(entries)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50)
  end.writeUInt16LE(parts.length, 8)
  end.writeUInt16LE(parts.length, 10)
  end.writeUInt32LE(directory.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...files, directory, end])
}

/** The form since PyTorch 1.6. @param storages bytes by key */
export function zipForm(
  root: Pickled,
  storages: Readonly<Record<string, Uint8Array>>,
  { byteorder = 'little', extra = [] as readonly Part[] } = {},
): Buffer {
  return archive([
    { name: 'model/data.pkl', bytes: pickle(root) },
    { name: 'model/byteorder', bytes: ascii(byteorder) },
    ...Object.entries(storages).map(([key, bytes]) => ({ name: `model/data/${key}`, bytes })),
    { name: 'model/version', bytes: ascii('3\n') },
    ...extra,
  ])
}

const magic = 0x1950a86a20f9469cfc6cn

/** The older form. @param storages count of elements, and their bytes, by key */
export function legacyForm(
  root: Pickled,
  storages: Readonly<Record<string, readonly [count: number, bytes: Uint8Array]>>,
): Buffer {
  const info = new Map<Pickled, Pickled>([['little_endian', true]])
  // The magic number takes 10 bytes, not the 16 of `encode`.
  const number = Buffer.concat([Buffer.of(0x80, 2, 0x8a, 10), encode(magic).subarray(2, 12), ascii('.')])
  return Buffer.concat([
    number,
    pickle(1001),
    pickle(info),
    pickle(root),
    pickle(Object.keys(storages)),
    ...Object.values(storages).flatMap(([count, bytes]) => [u64(count), Buffer.from(bytes)]),
  ])
}
