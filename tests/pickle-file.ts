/** Writes pickles, opcode by opcode (CPython's Lib/pickletools.py), right and wrong ones alike. */

/** Opcodes that leave one value on the stack. */
export class Code {
  readonly bytes: Buffer

  constructor(...parts: readonly (Buffer | string)[]) {
    this.bytes = Buffer.concat(parts.map((part) => (typeof part === 'string' ? ascii(part) : part)))
  }
}

export type Pickled =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly Pickled[]
  | ReadonlyMap<Pickled, Pickled>
  | Code

export const ascii = (text: string): Buffer => Buffer.from(text, 'latin1')
export const u32 = (value: number): Buffer => Buffer.from(Uint32Array.of(value).buffer)
export const u64 = (value: number | bigint): Buffer => Buffer.from(BigUint64Array.of(BigInt(value)).buffer)

/** A whole pickle of protocol 4: arrays are lists. */
export function pickle(value: Pickled): Buffer {
  return Buffer.concat([Buffer.of(0x80, 4), encode(value), ascii('.')])
}

/** The opcodes that push a value. */
export function encode(value: Pickled): Buffer {
  if (value instanceof Code) return value.bytes
  if (value === null) return ascii('N')
  if (typeof value === 'boolean') return Buffer.of(value ? 0x88 : 0x89)
  if (typeof value === 'number') return encodeNumber(value)
  if (typeof value === 'bigint') return Buffer.concat([Buffer.of(0x8a, 16), twosComplement(value)])
  if (typeof value === 'string') {
    const text = Buffer.from(value)
    return Buffer.concat([ascii('X'), u32(text.length), text])
  }
  if (value instanceof Uint8Array) return Buffer.concat([ascii('B'), u32(value.length), value])
  if (isArray(value)) return Buffer.concat([ascii(']('), ...value.map(encode), ascii('e')])
  return Buffer.concat([ascii('}('), ...[...value].flat().map(encode), ascii('u')])
}

function isArray(value: Pickled): value is readonly Pickled[] {
  return Array.isArray(value)
}

function encodeNumber(value: number): Buffer {
  if (Number.isInteger(value) && value >= 0 && value < 256) return Buffer.of(0x4b, value)
  if (Number.isInteger(value) && Math.abs(value) < 2 ** 31)
    return Buffer.concat([ascii('J'), Buffer.from(Int32Array.of(value).buffer)])
  const bytes = Buffer.alloc(9)
  bytes[0] = 0x47
  bytes.writeDoubleBE(value, 1)
  return bytes
}

function twosComplement(value: bigint): Buffer {
  return Buffer.concat([u64(BigInt.asUintN(64, value)), u64(BigInt.asUintN(64, value >> 64n))])
}

export const dict = (entries: Readonly<Record<string, Pickled>>): Pickled => new Map(Object.entries(entries))

export function tuple(...values: readonly Pickled[]): Code {
  return new Code('(', ...values.map(encode), 't')
}

/** A class or function, by the opcode of protocol 0. */
export function global(path: string): Code {
  const at = path.lastIndexOf('.')
  return new Code(`c${path.slice(0, at)}\n${path.slice(at + 1)}\n`)
}

/** A call. */
export function call(path: string, ...args: readonly Pickled[]): Code {
  return new Code(global(path).bytes, tuple(...args).bytes, 'R')
}

/** An object and what its `__setstate__` is given. */
export function withState(object: Code, state: Pickled): Code {
  return new Code(object.bytes, encode(state), 'b')
}

export function object(path: string, attributes: Readonly<Record<string, Pickled>> = {}): Code {
  return withState(new Code(global(path).bytes, ')', Buffer.of(0x81)), dict(attributes))
}

export function dtype(code: string, order = '<'): Code {
  return withState(call('numpy.dtype', code, false, true), tuple(3, order, null, null, null, -1, -1, 0))
}

export interface ArrayParts {
  readonly code: string
  readonly order?: string
  readonly shape: readonly Pickled[]
  readonly isFortran?: boolean
  readonly content: Pickled
}

/** A numpy.ndarray. */
export function ndarray({ code, order, shape, isFortran = false, content }: ArrayParts): Code {
  const empty = call('numpy.core.multiarray._reconstruct', global('numpy.ndarray'), tuple(0), ascii('b'))
  return withState(empty, tuple(1, tuple(...shape), dtype(code, order), isFortran, content))
}

/** An array of int64, of one dimension. */
export function int64s(...values: readonly number[]): Code {
  const content = new Uint8Array(BigInt64Array.from(values, BigInt).buffer)
  return ndarray({ code: 'i8', shape: [values.length], content })
}
