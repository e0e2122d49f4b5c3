/** Lists of tensors as values (dtype variant): what While loops of TensorFlow 2 collect their steps in. */
import { tensor } from '../../../tensor/tensor.js'
import type { AnyTensor, StatefulContext, StatefulKernel, StatefulOpTable, Value } from '../op.js'
import { claimPlaces, spend } from '../run-limits.js'
import { fromIntegers, toIntegers, toList } from './array/arguments.js'
import { zeros } from './array/fill.js'
import {
  checkElement,
  elementsOf,
  type Kind,
  listOf,
  maxElements,
  TensorList,
  toPartialShape,
  zeroElement,
} from './list-elements.js'
import {
  cut,
  invalid,
  isFull,
  join,
  mergeShapes,
  type PartialShape,
  partialText,
  stack,
  tensorOf,
} from './rows.js'
import { stackVariants, valueRowsOf } from './variant-rows.js'

const toCount = (value: Value | undefined) => Number(toIntegers(tensorOf(value))[0])

function checkCount(count: number): void {
  if (count < 0) throw invalid(`The num_elements to reserve must be a non negative number, but got ${count}`)
  if (count > maxElements) throw invalid(`a list of ${count} elements is too long`)
  claimPlaces(count)
}

const kindOf = ({ attrs }: StatefulContext, shape: Value | undefined): Kind => ({
  elementType: attrs.type('element_dtype'),
  elementShape: toPartialShape(shape),
})

const empty: StatefulKernel = ([shape], context) => [new TensorList([], kindOf(context, shape))]

const reserve: StatefulKernel = ([shape, count], context) => {
  const length = toCount(count)
  checkCount(length)
  return [new TensorList(new Array<undefined>(length).fill(undefined), kindOf(context, shape))]
}

const setItem: StatefulKernel = ([handle, at, item], context) => {
  const list = listOf(handle, context)
  const index = toCount(at)
  checkElement(item!, list, 'Tried to set a tensor with incompatible shape at a list index.')
  const { length } = list.elements
  if (index >= 0 && index < length) return [list.with(index, item!)]
  const grows = context.attrs.bool('resize_if_index_out_of_bounds', false) && index < maxElements
  if (!(grows && index >= length)) {
    throw invalid(`Trying to modify element ${index} in a list with ${length} elements.`)
  }
  if (index === length) return [list.with(index, item!)]
  const elements = copyOf(list, index + 1)
  elements[index] = item
  return [list.of(elements)]
}

/** The elements in an array of their own, cut or with room for more. */
function copyOf(list: TensorList, count = list.elements.length): (Value | undefined)[] {
  claimPlaces(count)
  spend(count)
  const { elements } = list
  const copy = elements.slice(0, count)
  while (copy.length < count) copy.push(undefined)
  return copy
}

const getItem: StatefulKernel = ([handle, at, shape], context) => {
  const list = listOf(handle, context)
  const index = toCount(at)
  if (!(index >= 0 && index < list.elements.length)) {
    throw invalid(`Trying to access element ${index} in a list with ${list.elements.length} elements.`)
  }
  return [list.elements[index] ?? zeroElement(list, toPartialShape(shape))]
}

const stackAll: StatefulKernel = ([handle, wanted], context) => {
  const list = listOf(handle, context)
  const expected = context.attrs.int('num_elements', -1)
  const { length } = list.elements
  if (expected >= 0 && expected !== length) {
    throw invalid(
      `Operation expected a list with ${expected} elements but got a list with ${length} elements.`,
    )
  }
  if (list.elementType === 'variant') return [stackVariants(list.elements)]
  const { parts, shape } = elementsOf(list, toPartialShape(wanted))
  return [stack(parts, { dtype: list.elementType, shape })]
}

const fromTensor: StatefulKernel = ([input, shape], context) => [
  new TensorList([...valueRowsOf(input)], kindOf(context, shape)),
]

const pushBack: StatefulKernel = ([handle, item], context) => {
  const list = listOf(handle, context)
  if (list.elements.length >= maxElements) throw invalid(`a list of ${maxElements} elements is full`)
  checkElement(item!, list, 'Tried to append a tensor with incompatible shape to a list.')
  return [list.with(list.elements.length, item!)]
}

const popBack: StatefulKernel = ([handle, shape], context) => {
  const list = listOf(handle, context)
  if (list.elements.length === 0) throw invalid('Trying to pop from an empty list.')
  const last = list.elements.at(-1) ?? zeroElement(list, toPartialShape(shape))
  return [list.withoutLast(), last]
}

const length: StatefulKernel = ([handle], context) => [
  tensor('int32', [], Int32Array.of(listOf(handle, context).elements.length)),
]

const resize: StatefulKernel = ([handle, size], context) => {
  const list = listOf(handle, context)
  const count = toCount(size)
  checkCount(count)
  return [list.of(copyOf(list, count))]
}

const elementShape: StatefulKernel = ([handle], context) => {
  const shape = listOf(handle, context).elementShape
  const type = context.attrs.type('shape_type')
  return [shape === undefined ? fromIntegers(type, [], [-1]) : fromIntegers(type, [shape.length], shape)]
}

function concat(list: TensorList, wanted: PartialShape, leading: ArrayLike<number>): readonly Value[] {
  const rows = list.elements.map((element, i): AnyTensor => {
    if (element) return tensorOf(element)
    const rest = wanted?.slice(1)
    if (leading[i] !== undefined && isFull(rest)) return zeros(list.elementType, [leading[i]!, ...rest])
    throw invalid('Tried to concat a list with uninitialized elements whose shape is not known')
  })
  if (rows.length === 0) {
    const rest = wanted?.slice(1)
    if (!isFull(rest))
      throw invalid(
        'All except the first dimension must be fully defined when concating an empty tensor list.',
      )
    return [zeros(list.elementType, [0, ...rest]), tensor('int64', [0], new BigInt64Array(0))]
  }
  const rest = rows[0]!.shape.slice(1)
  for (const { shape } of rows) {
    if (shape.length === 0)
      throw invalid('Concat requires elements to be at least vectors, found scalars instead.')
    if (mergeShapes(rest, shape.slice(1)) === 'conflict')
      throw invalid(`Tried to concat tensors with unequal shapes: ${partialText(shape)}`)
  }
  const lengths = rows.map(({ shape }) => shape[0]!)
  const total = lengths.reduce((sum, count) => sum + count, 0)
  return [join(rows, [total, ...rest]), fromIntegers('int64', [lengths.length], lengths)]
}

const concatV1: StatefulKernel = ([handle], context) => {
  const wanted = context.attrs.has('element_shape') ? context.attrs.shape('element_shape') : undefined
  return concat(listOf(handle, context), wanted, [])
}

const concatV2: StatefulKernel = ([handle, wanted, leading], context) =>
  concat(listOf(handle, context), toPartialShape(wanted), toIntegers(tensorOf(leading)))

const split: StatefulKernel = ([input, shape, lengths], context) => {
  const whole = tensorOf(input)
  const counts = toList(tensorOf(lengths))
  const rest = whole.shape.slice(1)
  const total = counts.reduce((sum, count) => sum + count, 0)
  if (whole.shape.length === 0) throw invalid('Tensor must be at least a vector, but saw shape: []')
  if (counts.some((count) => count < 0)) throw invalid('Invalid value in lengths: a length is negative')
  if (total !== whole.shape[0]) {
    throw invalid(`Attempting to split [${whole.shape}] into parts of ${total} rows in all`)
  }
  let from = 0
  const parts = counts.map((count) => {
    const part = cut(whole, { from, to: from + count }, [count, ...rest])
    from += count
    return part
  })
  return [new TensorList(parts, kindOf(context, shape))]
}

const gatherItems: StatefulKernel = ([handle, indices, wanted], context) => {
  const list = listOf(handle, context)
  const picked = toList(tensorOf(indices)).map((index) => {
    if (index >= 0 && index < list.elements.length) return list.elements[index]
    throw invalid(`Trying to gather element ${index} in a list with ${list.elements.length} elements.`)
  })
  if (list.elementType === 'variant') return [stackVariants(picked)]
  const { parts, shape } = elementsOf(list.of(picked), toPartialShape(wanted))
  return [stack(parts, { dtype: list.elementType, shape })]
}

function place(elements: (Value | undefined)[], input: Value | undefined, indices: Value | undefined): void {
  const rows = valueRowsOf(input)
  for (const [i, index] of toList(tensorOf(indices)).entries()) {
    if (!(index >= 0 && index < maxElements))
      throw invalid(`Indices in TensorListScatter must all be non-negative.`)
    claimPlaces(Math.max(0, index + 1 - elements.length))
    while (elements.length <= index) elements.push(undefined)
    if (rows[i] === undefined) throw invalid(`Invalid number of rows in input tensor: ${rows.length}`)
    elements[index] = rows[i]
  }
}

const scatterItems: StatefulKernel = ([input, indices, shape, count], context) => {
  const reserved = count ? toCount(count) : -1
  if (reserved >= 0) checkCount(reserved)
  const elements = new Array<Value | undefined>(Math.max(0, reserved)).fill(undefined)
  place(elements, input, indices)
  return [new TensorList(elements, kindOf(context, shape))]
}

const scatterInto: StatefulKernel = ([handle, input, indices], context) => {
  const list = listOf(handle, context)
  const elements = copyOf(list)
  place(elements, input, indices)
  return [list.of(elements)]
}

export const tensorListOps: StatefulOpTable = {
  EmptyTensorList: { stateful: empty },
  TensorListReserve: { stateful: reserve },
  TensorListFromTensor: { stateful: fromTensor },
  TensorListSetItem: { stateful: setItem },
  TensorListGetItem: { stateful: getItem },
  TensorListStack: { stateful: stackAll },
  TensorListPushBack: { stateful: pushBack },
  TensorListPopBack: { stateful: popBack },
  TensorListLength: { stateful: length },
  TensorListResize: { stateful: resize },
  TensorListElementShape: { stateful: elementShape },
  TensorListConcat: { stateful: concatV1 },
  TensorListConcatV2: { stateful: concatV2 },
  TensorListSplit: { stateful: split },
  TensorListGather: { stateful: gatherItems },
  TensorListScatter: { stateful: scatterItems },
  TensorListScatterV2: { stateful: scatterItems },
  TensorListScatterIntoExistingList: { stateful: scatterInto },
}
