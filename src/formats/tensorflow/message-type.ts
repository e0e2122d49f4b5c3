/** Tables of the protobuf messages we read; one table serves the binary form and the text form. */
import type { DataTypeName } from './data-type.js'

/** An integer of 64 bits: a number where that is exact, a bigint beyond 2^53. */
export type Int64 = number | bigint

/** Field types and what they become. An `int32` field takes enums and all integers of at most 32 bits. */
export interface Scalars {
  readonly string: string
  readonly bytes: Uint8Array
  readonly int32: number
  readonly uint32: number
  readonly int64: Int64
  readonly uint64: Int64
  readonly float: number
  readonly double: number
  readonly bool: boolean
  readonly fixed32: number
  readonly dataType: DataTypeName
}

export type ScalarName = keyof Scalars

/** `optional`: absent from the object unless it was in the message; `one`: its default then. */
export type Label = 'one' | 'optional' | 'many' | 'map'

type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false
type ScalarFor<V> = { [S in ScalarName]: Same<Scalars[S], V> extends true ? S : never }[ScalarName]
type TypeFor<V> = [ScalarFor<V>] extends [never] ? () => MessageType<V> : ScalarFor<V>

interface FieldSpec<L extends Label, T> {
  readonly label: L
  readonly number: number
  readonly type: T
  /** The name in the .proto file, where the object has another. */
  readonly protoName?: string
}

type SpecFor<T, K extends keyof T> =
  Same<Pick<T, K>, Partial<Pick<T, K>>> extends true
    ? FieldSpec<'optional', TypeFor<NonNullable<T[K]>>>
    : T[K] extends ReadonlyMap<string, infer E>
      ? FieldSpec<'map', TypeFor<E>>
      : T[K] extends readonly (infer E)[]
        ? FieldSpec<'many', TypeFor<E>>
        : FieldSpec<'one', TypeFor<T[K]>>

export type FieldType = ScalarName | (() => MessageType<unknown>)

export interface Field extends FieldSpec<Label, FieldType> {
  /** The name in our objects. */
  readonly key: string
  readonly protoName: string
}

export interface MessageType<T> {
  readonly name: string
  readonly byNumber: readonly (Field | undefined)[]
  readonly byProtoName: ReadonlyMap<string, Field>
  /** What a message without a field is. */
  readonly defaults: Readonly<Record<string, unknown>>
  /** Fields that are messages and always there. */
  readonly parts: readonly Field[]
  /** Of all fields only the last one stands. */
  readonly isOneof: boolean
  /** Only for the compiler: what decoding gives. */
  readonly decoded?: T
}

const scalarDefaults: { readonly [S in ScalarName]: Scalars[S] } = {
  string: '',
  bytes: new Uint8Array(0),
  int32: 0,
  uint32: 0,
  int64: 0,
  uint64: 0,
  float: 0,
  double: 0,
  bool: false,
  fixed32: 0,
  dataType: 'invalid',
}

export function createMessageType<T>(
  name: string,
  specs: { readonly [K in keyof T]-?: SpecFor<T, K> },
  { isOneof = false }: { readonly isOneof?: boolean } = {},
): MessageType<T> {
  const fields = Object.entries<FieldSpec<Label, FieldType>>(specs).map(([key, spec]) => ({
    ...spec,
    key,
    protoName: spec.protoName ?? key,
  }))
  const byNumber: (Field | undefined)[] = []
  const defaults: Record<string, unknown> = {}
  for (const field of fields) {
    byNumber[field.number] = field
    const value = defaultOf(field)
    if (value !== undefined) defaults[field.key] = value
  }
  const parts = fields.filter(({ label, type }) => label === 'one' && typeof type === 'function')
  const byProtoName = new Map(fields.map((field) => [field.protoName, field]))
  // No holes: an array with holes is slower to read.
  return { name, byNumber: Array.from(byNumber), byProtoName, defaults, parts, isOneof }
}

/** Shared by all messages: put makes a new one before it adds. */
const nothing: readonly unknown[] = []
const noEntries: ReadonlyMap<string, unknown> = new Map()

function defaultOf({ label, type }: Field): unknown {
  if (label === 'many') return nothing
  if (label === 'map') return noEntries
  return label === 'one' && typeof type === 'string' ? scalarDefaults[type] : undefined
}

/** A message while it is read. */
export type Draft = Record<string, unknown>

export function createDraft(type: MessageType<unknown>): Draft {
  const draft: Draft = { ...type.defaults }
  for (const part of type.parts) draft[part.key] = emptyValue(part.type)
  return draft
}

/** What an absent value of a map entry is. */
export function emptyValue(type: FieldType): unknown {
  return typeof type === 'string' ? scalarDefaults[type] : createDraft(type())
}

/** Sets a field, or adds to it. */
export function put(draft: Draft, type: MessageType<unknown>, field: Field, value: unknown): void {
  if (field.label === 'many') {
    const values = draft[field.key] as unknown[]
    if (values === nothing) draft[field.key] = [value]
    else values.push(value)
    return
  }
  if (type.isOneof) for (const key in draft) if (key !== field.key) delete draft[key]
  draft[field.key] = value
}

export function putEntry(draft: Draft, field: Field, key: string, value: unknown): void {
  const entries = draft[field.key] as Map<string, unknown>
  if (entries === noEntries) draft[field.key] = new Map([[key, value]])
  else entries.set(key, value)
}

/** Fields of a table, by position: number, type, and the .proto's name where the object has another. */
type Make<L extends Label> = <T>(number: number, type: T, protoName?: string) => FieldSpec<L, T>

const make =
  <L extends Label>(label: L): Make<L> =>
  (number, type, protoName) =>
    protoName === undefined ? { label, number, type } : { label, number, type, protoName }

export const one = make('one')
export const optional = make('optional')
export const many = make('many')
export const map = make('map')
