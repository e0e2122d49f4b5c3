/** A node's attributes, checked as they are asked for. */
import { RecserveError } from '../../core/errors.js'
import { type DataTypeName, isForeign } from '../../formats/tensorflow/data-type.js'
import type { AttrMap, AttrValue, TensorShapeProto } from '../../formats/tensorflow/graph.js'
import type { Int64 } from '../../formats/tensorflow/message-type.js'
import { toTensor } from '../../formats/tensorflow/tensor-proto.js'
import { toShape } from '../../formats/tensorflow/tensor-shape.js'
import type { AnyTensor, Attributes, TfDataType } from './op.js'

const utf8 = new TextDecoder()
const fileName = 'the graph'

/**
 * @param node whose attributes they are, for messages
 * @returns getters that throw RecserveError `invalid_argument` for an attribute that is missing or of another type, and
 * `unimplemented` for an integer beyond 2^53 and a dtype that no kernel takes
 */
export function createAttributes(attrs: AttrMap, node = ''): Attributes {
  const tensors = new Map<string, AnyTensor>()
  const has = (name: string) => attrs.has(name)
  const read = <T>(name: string, pick: (value: AttrValue) => T | undefined, kind: string, fallback?: T): T =>
    pickFrom(attrs, { node, name, kind }, pick, fallback)
  const number = (name: string) => (value: Int64) => toNumber(value, node, name)
  const type = (name: string) => (value: DataTypeName) => toKnownType(value, node, name)
  return {
    has,
    int: (name, fallback) => read(name, ({ i }) => maybe(i, number(name)), 'an integer', fallback),
    bigint: (name) => read(name, ({ i }) => maybe(i, BigInt), 'an integer'),
    float: (name, fallback) => read(name, ({ f }) => f, 'a float', fallback),
    bool: (name, fallback) => read(name, ({ b }) => b, 'a bool', fallback),
    string: (name, fallback) => read(name, ({ s }) => maybe(s, decode), 'a string', fallback),
    bytes: (name) => read(name, ({ s }) => s, 'a string'),
    type: (name, fallback) => read(name, (value) => maybe(value.type, type(name)), 'a dtype', fallback),
    ints: (name, fallback) => read(name, (value) => value.list?.i.map(number(name)), 'a list', fallback),
    bigints: (name) => read(name, (value) => value.list?.i.map(BigInt), 'a list'),
    floats: (name, fallback) => read(name, (value) => value.list?.f, 'a list', fallback),
    strings: (name, fallback) => read(name, (value) => value.list?.s.map(decode), 'a list', fallback),
    types: (name, fallback) => read(name, (value) => value.list?.type.map(type(name)), 'a list', fallback),
    shape: (name) => shapeOf(read(name, (value) => value.shape, 'a shape')),
    shapes: (name, fallback) => read(name, (value) => value.list?.shape.map(shapeOf), 'a list', fallback),
    tensor: (name) => {
      const known = tensors.get(name)
      if (known) return known
      const proto = read(name, (value) => value.tensor, 'a tensor')
      const made = toTensor(proto, { name: fileName, what: describe(node, name) })
      tensors.set(name, made)
      return made
    },
  }
}

interface Asked {
  readonly node: string
  readonly name: string
  readonly kind: string
}

function pickFrom<T>(
  attrs: AttrMap,
  { node, name, kind }: Asked,
  pick: (value: AttrValue) => T | undefined,
  fallback: T | undefined,
): T {
  const value = attrs.get(name)
  const picked = value && pick(value)
  if (picked !== undefined) return picked
  if (value === undefined && fallback !== undefined) return fallback
  const fault = value === undefined ? 'is missing' : `is not ${kind}`
  throw new RecserveError('invalid_argument', `${describe(node, name)} ${fault}`)
}

const describe = (node: string, name: string) => `the attribute '${name}'${node && ` of node '${node}'`}`
const decode = (bytes: Uint8Array) => utf8.decode(bytes)

const shapeOf = (shape: TensorShapeProto) => toShape(shape, fileName)
const maybe = <A, B>(value: A | undefined, to: (value: A) => B): B | undefined =>
  value === undefined ? undefined : to(value)

function toNumber(value: Int64, node: string, name: string): number {
  if (typeof value === 'number') return value
  throw new RecserveError('unimplemented', `${describe(node, name)} is ${value}, which is beyond 2^53`)
}

function toKnownType(type: DataTypeName, node: string, name: string): TfDataType {
  if (!isForeign(type)) return type
  const text = `is the dtype ${type}, which recserve cannot compute with`
  throw new RecserveError('unimplemented', `${describe(node, name)} ${text}`)
}
