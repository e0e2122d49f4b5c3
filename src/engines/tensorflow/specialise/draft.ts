/** Nodes of a graph that is being specialised: each belongs to the items, the user, or to pairs of both. */
import type { AttrMap, AttrValue, TensorProto } from '../../../formats/tensorflow/graph.js'
import type { Size } from '../row-wise/size.js'

/**
 * What a value depends on. Those of the items and of pairs have a row for each item; those of the user and constants have one
 * row at most, which stands for all.
 */
export type Side = 'constant' | 'user' | 'item' | 'pair'

/** Where the value of a node comes from that is no op. */
export type Feed =
  | {
      readonly kind: 'input'
      /** Position among the signature's inputs. */
      readonly input: number
      /** Along axis 1, of an input that has both: all without them. */
      readonly columns?: readonly number[]
    }
  | {
      /** Integers that follow from the number of rows. */
      readonly kind: 'count'
      readonly elements: readonly Size[]
      readonly isScalar: boolean
      readonly dtype: 'int32' | 'int64'
    }
  | {
      /** For each row the places, in the user's one row, of what it takes from there: `each` of them. */
      readonly kind: 'places'
      readonly each: number
    }

export interface DraftNode {
  readonly name: string
  readonly op: string
  readonly attr: AttrMap
  readonly inputs: readonly DraftEdge[]
  readonly side: Side
  readonly feed?: Feed
}

export interface DraftEdge {
  readonly node: DraftNode
  readonly output: number
}

/** @returns the two as one: what depends on both sides is of pairs */
export function joinSides(sides: Iterable<Side>): Side {
  let joined: Side = 'constant'
  for (const side of sides) {
    if (side === 'constant' || side === joined) continue
    joined = joined === 'constant' ? side : 'pair'
  }
  return joined
}

/** Whether values of the side have a row for each item. */
export const isEach = (side: Side): boolean => side === 'item' || side === 'pair'

/** Makes nodes. Those of the graph keep their names, by which variables are found; every other name is made once. */
export class Draft {
  #count = 0

  emit(
    op: string,
    inputs: readonly DraftEdge[],
    { side, attr = {}, name = this.#name(op) }: Emission,
  ): DraftEdge {
    const attrs = attr instanceof Map ? attr : new Map(Object.entries(attr as Record<string, AttrValue>))
    return { node: { name, op, attr: attrs, inputs, side }, output: 0 }
  }

  feed(feed: Feed, side: Side): DraftEdge {
    return {
      node: { name: this.#name(feed.kind), op: '_Feed', attr: new Map(), inputs: [], side, feed },
      output: 0,
    }
  }

  integers(values: readonly number[], { isScalar = false, dtype = 'int32' }: IntegerForm = {}): DraftEdge {
    const dims = isScalar ? [] : [{ size: values.length }]
    const data =
      dtype === 'int32' ? Int32Array.from(values) : BigInt64Array.from(values, (value) => BigInt(value))
    return this.#constant(dtype, { dims, content: new Uint8Array(data.buffer) })
  }

  float(value: number): DraftEdge {
    return this.#constant('float32', { dims: [], content: new Uint8Array(Float32Array.of(value).buffer) })
  }

  #constant(
    dtype: 'int32' | 'int64' | 'float32',
    { dims, content }: { readonly dims: readonly { readonly size: number }[]; readonly content: Uint8Array },
  ): DraftEdge {
    const tensor = {
      ...emptyProto,
      dtype,
      shape: { dims, unknownRank: false },
      content,
    } satisfies TensorProto
    return this.emit('Const', [], { side: 'constant', attr: { value: { tensor }, dtype: { type: dtype } } })
  }

  #name(name: string): string {
    this.#count += 1
    return `${name}@${this.#count}`
  }
}

interface Emission {
  readonly side: Side
  readonly attr?: AttrMap | Readonly<Record<string, AttrValue>>
  readonly name?: string
}

interface IntegerForm {
  readonly isScalar?: boolean
  readonly dtype?: 'int32' | 'int64'
}

const emptyProto = {
  halfVal: [],
  floatVal: [],
  doubleVal: [],
  intVal: [],
  stringVal: [],
  scomplexVal: [],
  int64Val: [],
  boolVal: [],
  dcomplexVal: [],
  uint32Val: [],
  uint64Val: [],
}
