/** What rules of specialisation build with: values made whole, of every row, or broadcast as they are. */
import type { AttrMap, AttrValue } from '../../../formats/tensorflow/graph.js'
import { isEqual, isOne, literalOf, rowCount, rowDegree, type Size } from '../row-wise/size.js'
import { Draft, type DraftEdge, type DraftNode, isEach, joinSides, type Side } from './draft.js'
import {
  type Count,
  isOnce,
  literals,
  type Part,
  type Parts,
  rowAxisOf,
  type Shape,
  type Split,
  type Terms,
  Unsplittable,
  type Whole,
} from './value.js'

type Attrs = AttrMap | Readonly<Record<string, AttrValue>>

export interface Operation {
  readonly op: string
  readonly attr: Attrs
  readonly name: string
}

export class Builder {
  readonly draft = new Draft()
  /** Of products of an item's and a user's value. */
  readonly factors = new WeakMap<DraftNode, { readonly item: Whole; readonly user: Whole }>()
  /** Of sums of pairs that can take in what a user adds to every item's row: with it. */
  readonly rowSums = new WeakMap<DraftNode, (row: Whole) => Whole>()
  /** What has been made whole already. */
  readonly #wholes = new WeakMap<Split, Whole>()

  toWhole(value: Split): Whole {
    if (value.kind === 'whole') return value
    const known = this.#wholes.get(value)
    if (known) return known
    const made = this.#join(value)
    this.#wholes.set(value, made)
    return made
  }

  #join(value: Exclude<Split, Whole>): Whole {
    switch (value.kind) {
      case 'terms':
        return this.#addUp(value)
      case 'parts':
        return this.#concatenate(value)
      case 'flat':
        return this.reshape(this.toFull(value.inner), value.shape)
      case 'count':
        return this.#countWhole(value)
    }
  }

  /** Whole, and along every axis but the rows' with all its entries. */
  toFull(value: Split): Whole {
    const whole = this.toWhole(value)
    if (whole.stretched.size === 0) return whole
    const times = (whole.shape ?? []).map((size, d) => (whole.stretched.has(d) ? literalSize(size) : 1))
    return this.#as(whole, this.emit('Tile', [whole.edge, this.draft.integers(times)], whole.side, {}))
  }

  /** With a row for each item. */
  toEach(value: Split, target: Side): Whole {
    const whole = this.toWhole(value)
    if (!isOnce(whole)) return whole
    const axis = rowAxisOf(whole.shape)!
    const { factor, symbols } = whole.shape![axis]!
    if (symbols.length !== 1) throw new Unsplittable('the user has rows of a number that only a run tells')
    const places = this.draft.feed({ kind: 'places', each: factor }, 'constant')
    const side = isEach(joinSides([whole.side, target])) ? joinSides([whole.side, target]) : 'pair'
    const inputs = [whole.edge, places, this.draft.integers([axis], { isScalar: true })]
    return { ...this.#as(whole, this.emit('GatherV2', inputs, side, { Tparams: { type: 'float32' } })), side }
  }

  emit(op: string, inputs: readonly DraftEdge[], side: Side, attr: Attrs): DraftEdge {
    return this.draft.emit(op, inputs, { side, attr })
  }

  reshape(whole: Whole, shape: Shape): Whole {
    const edge = this.emit('Reshape', [whole.edge, this.#target(shape)], whole.side, {})
    return { kind: 'whole', edge, side: whole.side, shape, stretched: new Set() }
  }

  /** The shape for a Reshape, whose rows may be those of all items or one. */
  #target(shape: Shape): DraftEdge {
    const sizes = shape.map((size) => literalOf(size) ?? -1)
    if (sizes.filter((size) => size === -1).length > 1)
      throw new Unsplittable('a shape has sizes that only a run tells')
    return this.draft.integers(sizes)
  }

  /** An op that computes element by element, on operands as they are where they are broadcast anyway. */
  broadcast({ op, attr, name }: Operation, operands: readonly Split[], shape: Shape): Whole {
    const given = operands.map((operand) => this.#shaped(this.toWhole(operand)))
    const isLone = (whole: Whole) =>
      !given.some((each) => each !== whole && each.shape!.length === shape.length)
    const wholes = given.map((whole) => (isLone(whole) ? whole : this.#asScalar(whole)))
    const side = joinSides(wholes.map((whole) => whole.side))
    const rows = rowAxisOf(shape)
    const fits = (whole: Whole) => this.#isAligned(whole, shape)
    const ready = wholes.map((whole) => (!isEach(side) || fits(whole) ? whole : this.toEach(whole, side)))
    const stretched = new Set<number>()
    for (const [d, size] of shape.entries()) {
      if (d !== rows && !isOne(size) && ready.every((whole) => isThin(whole, d - shape.length)))
        stretched.add(d)
    }
    const edge = this.draft.emit(
      op,
      ready.map((whole) => whole.edge),
      { side, attr, name },
    )
    const [item, user] = (['item', 'user'] as const).map((own) => wholes.find((whole) => whole.side === own))
    if (op === 'Mul' && item && user) this.factors.set(edge.node, { item, user })
    return { kind: 'whole', edge, side, shape, stretched }
  }

  /** Whether the operand's one row, if it is of one, meets every row of the result. */
  #isAligned(whole: Whole, shape: Shape): boolean {
    if (!isOnce(whole)) return true
    const axis = rowAxisOf(whole.shape)!
    return (
      axis + shape.length - whole.shape!.length === rowAxisOf(shape) && isEqual(whole.shape![axis]!, rowCount)
    )
  }

  /**
   * A constant of one element without axes: ONNX Runtime adds [1] to [n, 10, 1] element by element, in ten times as long as a
   * number without axes (measured).
   */
  #asScalar(whole: Whole): Whole {
    const { side, shape } = whole
    if (side !== 'constant' || shape!.length === 0 || !shape!.every(isOne)) return whole
    return scalar(this.emit('Reshape', [whole.edge, this.draft.integers([])], 'constant', {}))
  }

  #shaped(whole: Whole): Whole {
    if (whole.shape === undefined) throw new Unsplittable('the shape of a constant is not known')
    return whole
  }

  /** Any op, on whole values of every row; of one row where no input has more. */
  apply(
    { op, attr, name }: Operation,
    inputs: readonly Split[],
  ): { readonly edge: DraftEdge; readonly side: Side } {
    const known = inputs.map((input) => (input.kind === 'count' ? input : this.toFull(input)))
    const side = joinSides(known.flatMap((input) => (input.kind === 'count' ? [] : [input.side])))
    const edges = known.map((input) => {
      if (input.kind === 'count') return this.count(input, side)
      return (isEach(side) ? this.toEach(input, side) : input).edge
    })
    return { edge: this.draft.emit(op, edges, { side, attr, name }), side }
  }

  /** The integers, for as many rows as values of the side have. */
  count({ elements, isScalar, dtype }: Count, side: Side): DraftEdge {
    if (elements.some(({ symbols }) => symbols.length !== rowDegree({ factor: 1, symbols })))
      throw new Unsplittable('a size is one that only a run tells')
    const isSame = elements.every(({ symbols }) => symbols.length === 0)
    if (isEach(side) && !isSame)
      return this.draft.feed({ kind: 'count', elements, isScalar, dtype }, 'constant')
    return this.draft.integers(
      elements.map(({ factor }) => factor),
      { isScalar, dtype },
    )
  }

  #countWhole(count: Count): Whole {
    const edge = this.count(count, 'constant')
    const shape = count.isScalar ? [] : [{ factor: count.elements.length, symbols: [] }]
    return { kind: 'whole', edge, side: 'constant', shape, stretched: new Set() }
  }

  /** Terms of one side as one; constants are added to the cheapest of the others. */
  addTerms(wholes: readonly Whole[], shape: Shape): Whole | Terms {
    const bySide = new Map<Side, Whole>()
    for (const whole of wholes) {
      const known = bySide.get(whole.side)
      bySide.set(whole.side, known ? this.#add(known, whole, shape) : whole)
    }
    const lone = bySide.get('constant')
    const host = lone && (['user', 'item', 'pair'] as const).find((side) => bySide.has(side))
    if (lone && host) {
      bySide.delete('constant')
      bySide.set(host, this.#add(bySide.get(host)!, lone, shape))
    }
    const terms = [...bySide.values()]
    return terms.length === 1 ? this.#sized(terms[0]!, shape) : { kind: 'terms', terms, shape }
  }

  #add(a: Whole, b: Whole, shape: Shape): Whole {
    // No larger than the two ask for: the sum is repeated where it meets the others.
    const own = a.shape!.length >= b.shape!.length ? a : b
    const sized = own.shape!.length === shape.length ? shape : own.shape!
    return this.broadcast({ op: 'AddV2', attr: { T: { type: 'float32' } }, name: 'AddV2' }, [a, b], sized)
  }

  /** Of the sum's own shape, though it may be repeated to it. */
  #sized(whole: Whole, shape: Shape): Whole {
    if (whole.shape!.length === shape.length) return whole
    throw new Error('a sum of one side has lost an axis: this is a bug')
  }

  /** The pairs' own term last, so that what is broadcast is small. */
  #addUp({ terms, shape }: Terms): Whole {
    const order: readonly Side[] = ['pair', 'item', 'user', 'constant']
    const sorted = terms.toSorted((a, b) => order.indexOf(a.side) - order.indexOf(b.side))
    const takeIn = this.rowSums.get(sorted[0]!.edge.node)
    const row = takeIn && sorted.find(({ side }) => side === 'user')
    if (row)
      return this.#addUp({
        kind: 'terms',
        terms: [takeIn(row), ...sorted.slice(1).filter((term) => term !== row)],
        shape,
      })
    return sorted.slice(1).reduce((sum, term) => this.#add(sum, term, shape), sorted[0]!)
  }

  #concatenate(value: Parts): Whole {
    const wholes = value.parts.map((part) => this.toFull(part.value))
    const joined = wholes.length === 1 ? wholes[0]! : this.concat(wholes, value.axis, value.shape)
    const order = value.parts.flatMap(({ places }) => places)
    if (order.every((place, i) => place === i)) return { ...joined, shape: value.shape }
    const inverse = new Array<number>(order.length)
    for (const [i, place] of order.entries()) inverse[place] = i
    const axis = this.draft.integers([value.axis], { isScalar: true })
    const edge = this.emit('GatherV2', [joined.edge, this.draft.integers(inverse), axis], joined.side, {})
    return { kind: 'whole', edge, side: joined.side, shape: value.shape, stretched: new Set() }
  }

  concat(wholes: readonly Whole[], axis: number, shape: Shape): Whole {
    const { edge, side } = this.apply({ op: 'ConcatV2', attr: {}, name: 'ConcatV2' }, [
      ...wholes,
      scalar(this.draft.integers([axis], { isScalar: true })),
    ])
    return { kind: 'whole', edge, side, shape, stretched: new Set() }
  }

  /** A concatenation whose parts stay apart; parts of one side that follow each other stay as they are. */
  mapParts(value: Parts, map: (part: Part) => Part['value'], rest: Omit<Parts, 'kind' | 'parts'>): Parts {
    return { kind: 'parts', ...rest, parts: value.parts.map((part) => ({ ...part, value: map(part) })) }
  }

  /** Entries of a constant along an axis, in the order of places. */
  pick(constant: Whole, places: readonly number[], axis: number): Whole {
    const inputs = [
      constant.edge,
      this.draft.integers(places),
      this.draft.integers([axis], { isScalar: true }),
    ]
    const shape = constant.shape?.with(axis, { factor: places.length, symbols: [] })
    return { ...constant, edge: this.emit('GatherV2', inputs, 'constant', {}), shape }
  }

  #as(whole: Whole, edge: DraftEdge): Whole {
    return { ...whole, edge, stretched: new Set() }
  }
}

export const scalar = (edge: DraftEdge): Whole => ({
  kind: 'whole',
  edge,
  side: 'constant',
  shape: [],
  stretched: new Set(),
})

/** Whether the operand has one entry along an axis, counted from behind, of what it is broadcast to. */
function isThin({ shape, stretched }: Whole, fromEnd: number): boolean {
  const d = shape!.length + fromEnd
  return d < 0 || stretched.has(d) || isOne(shape![d]!)
}

function literalSize(size: Size): number {
  const [number] = literals([size]) ?? []
  if (number === undefined) throw new Unsplittable('a size is one that only a run tells')
  return number
}
