/** TensorLists as values, and what their elements are where some were never set. */
import type { ValueContainer } from '../held-bytes.js'
import type { AnyTensor, StatefulContext, TfDataType, Value, Variant } from '../op.js'
import { toList } from './array/arguments.js'
import { zeros } from './array/fill.js'
import { invalid, isFull, mergeShapes, type PartialShape, partialText, tensorOf } from './rows.js'
import { VersionedArray } from './versioned-array.js'

/** An element that was reserved and never set is undefined. */
export class TensorList implements Variant, ValueContainer {
  readonly dtype = 'variant'
  readonly shape: readonly number[] = []
  readonly elementType: TfDataType
  readonly elementShape: PartialShape
  readonly #items: VersionedArray<Value | undefined>

  /** @param elements taken over: nobody else may change them */
  constructor(
    elements: (Value | undefined)[] | VersionedArray<Value | undefined>,
    { elementType, elementShape }: Kind,
  ) {
    this.#items = elements instanceof VersionedArray ? elements : new VersionedArray(elements)
    this.elementType = elementType
    this.elementShape = elementShape
  }

  /** As they are until a list that this one was made of, or that was made of it, is used. */
  get elements(): readonly (Value | undefined)[] {
    return this.#items.elements
  }

  /** With other elements. */
  of(elements: (Value | undefined)[]): TensorList {
    return new TensorList(elements, this)
  }

  /** With one element changed, or added at the end: in constant time unless older lists are used in turn. */
  with(index: number, element: Value): TensorList {
    return new TensorList(this.#items.with(index, element), this)
  }

  withoutLast(): TensorList {
    return new TensorList(this.#items.withoutLast(), this)
  }

  get placeCount(): number {
    return 0
  }

  heldValues(): Iterable<Value | ValueContainer | undefined> {
    return [this.#items]
  }
}

export type Kind = Pick<TensorList, 'elementType' | 'elementShape'>

/** What a hostile graph may reserve. */
export const maxElements = 2 ** 24

export function listOf(value: Value | undefined, { op }: StatefulContext): TensorList {
  if (value instanceof TensorList) return value
  throw invalid(`Input handle is not a list. Saw: '${value?.dtype ?? 'nothing'}' (${op})`)
}

/** -1, a scalar: unknown rank. */
export function toPartialShape(value: Value | undefined): PartialShape {
  const input = tensorOf(value)
  const sizes = toList(input)
  if (input.shape.length > 0) return sizes.map((size) => Math.max(-1, size))
  if (sizes[0] === -1) return undefined
  throw invalid(`The only valid scalar shape tensor is the fully unknown shape specified as -1.`)
}

export function checkElement(value: Value, list: TensorList, what: string): void {
  const isKnown = value.dtype === list.elementType
  if (!isKnown)
    throw invalid(`Invalid data types; list elements ${list.elementType} but tried to add ${value.dtype}`)
  if (mergeShapes(value.shape, list.elementShape) !== 'conflict') return
  throw invalid(
    `${what} Op element shape: ${partialText(value.shape)} list shape: ${partialText(list.elementShape)}`,
  )
}

/** What an element that was never set reads as. */
export function zeroElement(list: TensorList, wanted: PartialShape): AnyTensor {
  const known = mergeShapes(wanted, list.elementShape)
  const shape = isFull(known === 'conflict' ? undefined : known) ? known : mergeAll(list, known)
  if (shape !== 'conflict' && isFull(shape)) return zeros(list.elementType, shape)
  const text = `Trying to read an uninitialized tensor but element_shape is not fully defined: ${partialText(list.elementShape)}`
  throw invalid(`${text} and no list element is set.`)
}

/** The shape that all set elements and the declared one agree on. */
function mergeAll(list: TensorList, start: PartialShape | 'conflict'): PartialShape | 'conflict' {
  let shape = start
  for (const element of list.elements) {
    if (element && shape !== 'conflict') shape = mergeShapes(shape, element.shape)
  }
  return shape
}

/** All elements of one shape, those that were never set as zeros. */
export function elementsOf(
  list: TensorList,
  wanted: PartialShape,
): { readonly parts: readonly AnyTensor[]; readonly shape: readonly number[] } {
  const start = mergeShapes(wanted, list.elementShape)
  const shape = mergeAll(list, start)
  if (shape === 'conflict')
    throw invalid('Tried to stack list which has elements of different or unexpected shapes')
  if (!isFull(shape)) {
    const what =
      list.elements.length === 0
        ? 'elements of an empty list'
        : 'list which only contains uninitialized tensors'
    throw invalid(`Tried to stack ${what} with non-fully-defined element_shape: ${partialText(shape)}`)
  }
  let zero: AnyTensor | undefined
  const zeroOf = () => (zero ??= zeros(list.elementType, shape))
  const parts = list.elements.map((element) => (element ? tensorOf(element) : zeroOf()))
  return { parts, shape }
}
