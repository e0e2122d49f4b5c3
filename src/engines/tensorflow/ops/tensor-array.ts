/** TensorArrays: what loops of TensorFlow 1 collect their steps in. One lives as long as the run that made it. */
import { tensor } from '../../../tensor/tensor.js'
import { handleTo } from '../handle.js'
import type { ValueContainer } from '../held-bytes.js'
import type { AnyTensor, StatefulKernel, StatefulOpTable, TfDataType, Value } from '../op.js'
import { claimPlaces } from '../run-limits.js'
import { fromIntegers, toIntegers, toList } from './array/arguments.js'
import { zeros } from './array/fill.js'
import {
  cut,
  invalid,
  isFull,
  join,
  mergeShapes,
  type PartialShape,
  partialText,
  rowsOf,
  stack,
  tensorOf,
} from './rows.js'

/** What a hostile graph may ask for. */
const maxElements = 2 ** 24

/** Stands for an element that has been read and let go. */
const cleared = Symbol('cleared')

class TensorArray implements ValueContainer {
  readonly elements: (AnyTensor | typeof cleared | undefined)[]
  readonly dtype: TfDataType
  elementShape: PartialShape
  readonly isDynamic: boolean
  readonly clearsAfterRead: boolean
  readonly hasOneShape: boolean

  constructor(
    size: number,
    options: Pick<TensorArray, 'dtype' | 'elementShape' | 'isDynamic' | 'clearsAfterRead' | 'hasOneShape'>,
  ) {
    if (!(size >= 0 && size <= maxElements))
      throw invalid(`TensorArray size must be scalar and not negative, but got ${size}`)
    claimPlaces(size)
    this.elements = new Array<undefined>(size).fill(undefined)
    this.dtype = options.dtype
    this.elementShape = options.elementShape
    this.isDynamic = options.isDynamic
    this.clearsAfterRead = options.clearsAfterRead
    this.hasOneShape = options.hasOneShape
  }

  get placeCount(): number {
    return this.elements.length
  }

  *heldValues(): Iterable<Value | undefined> {
    for (const element of this.elements) if (element !== cleared) yield element
  }

  write(index: number, value: AnyTensor): void {
    const { elements, dtype } = this
    if (!(index >= 0 && index < maxElements) || (index >= elements.length && !this.isDynamic)) {
      throw invalid(
        `Tried to write to index ${index} but array is not resizeable and size is: ${elements.length}`,
      )
    }
    if (value.dtype !== dtype)
      throw invalid(`TensorArray dtype is ${dtype} but Op is trying to write dtype ${value.dtype}.`)
    if (mergeShapes(value.shape, this.elementShape) === 'conflict') {
      const shapes = `(${partialText(value.shape)}) and (${partialText(this.elementShape)})`
      throw invalid(`Incompatible shape for element ${index} of a TensorArray: ${shapes}`)
    }
    if (elements[index] === cleared)
      throw invalid(`Could not write to TensorArray index ${index} because it has already been read.`)
    if (elements[index] !== undefined)
      throw invalid(`Could not write to TensorArray index ${index} because it has already been written to.`)
    if (this.hasOneShape) this.elementShape = value.shape
    claimPlaces(Math.max(0, index + 1 - elements.length))
    while (elements.length <= index) elements.push(undefined)
    elements[index] = value
  }

  read(index: number): AnyTensor {
    const { elements, elementShape } = this
    if (!(index >= 0 && index < elements.length)) {
      throw invalid(`Tried to read from index ${index} but array size is: ${elements.length}`)
    }
    const value = elements[index]
    if (value === cleared) {
      const advice = '(perhaps try setting clear_after_read = false?)'
      throw invalid(
        `Could not read index ${index} twice because it was cleared after a previous read ${advice}.`,
      )
    }
    if (value === undefined && !isFull(elementShape)) {
      throw invalid(
        `Could not read from TensorArray index ${index}. Furthermore, the element shape is not fully defined: ${partialText(elementShape)}.`,
      )
    }
    if (this.clearsAfterRead) elements[index] = cleared
    return value ?? zeros(this.dtype, elementShape as readonly number[])
  }
}

function arrayOf(value: Value | undefined): TensorArray {
  if (value?.dtype === 'resource' && value.target instanceof TensorArray) return value.target
  throw invalid(`a TensorArray was expected, got ${value?.dtype ?? 'nothing'}`)
}

/** Carries nothing: an edge that orders reads after writes. */
const flow = tensor('float32', [], Float32Array.of(0))
const toNumber = (value: Value | undefined) => Number(toIntegers(tensorOf(value))[0])

const create: StatefulKernel = ([size], { attrs }) => {
  const array = new TensorArray(toNumber(size), {
    dtype: attrs.type('dtype'),
    elementShape: attrs.has('element_shape') ? attrs.shape('element_shape') : undefined,
    isDynamic: attrs.bool('dynamic_size', false),
    clearsAfterRead: attrs.bool('clear_after_read', true),
    hasOneShape: attrs.bool('identical_element_shapes', false),
  })
  return [handleTo(array), flow]
}

const write: StatefulKernel = ([handle, index, value]) => {
  arrayOf(handle).write(toNumber(index), tensorOf(value))
  return [flow]
}

const read: StatefulKernel = ([handle, index]) => [arrayOf(handle).read(toNumber(index))]

const gather: StatefulKernel = ([handle, indices], { attrs }) => {
  const array = arrayOf(handle)
  const wanted = attrs.has('element_shape') ? attrs.shape('element_shape') : undefined
  const declared = mergeShapes(array.elementShape, wanted)
  const parts = toList(tensorOf(indices)).map((index) => array.read(index))
  const shape = parts[0]?.shape ?? (declared === 'conflict' ? undefined : declared)
  if (!isFull(shape)) {
    const text = `TensorArray has size zero, but element shape ${partialText(shape)} is not fully defined.`
    throw invalid(`${text} Currently only static shapes are supported when packing zero-size TensorArrays.`)
  }
  for (const [i, part] of parts.entries()) {
    if (mergeShapes(part.shape, shape) !== 'conflict') continue
    const found = `Index 0 has shape: ${partialText(shape)} but index ${i} has shape: ${partialText(part.shape)}`
    throw invalid(`TensorArray has inconsistent shapes.  ${found}`)
  }
  return [stack(parts, { dtype: array.dtype, shape })]
}

const scatter: StatefulKernel = ([handle, indices, value]) => {
  const array = arrayOf(handle)
  const rows = rowsOf(tensorOf(value))
  const places = toList(tensorOf(indices))
  if (places.length !== rows.length) {
    throw invalid(`Expected len(indices) == values.shape[0], but saw: ${places.length} vs. ${rows.length}`)
  }
  for (const [i, index] of places.entries()) array.write(index, rows[i]!)
  return [flow]
}

const concat: StatefulKernel = ([handle], { attrs }) => {
  const array = arrayOf(handle)
  const parts = array.elements.map((_, i) => array.read(i))
  if (parts.length === 0) {
    const rest = attrs.has('element_shape_except0') ? attrs.shape('element_shape_except0') : undefined
    if (!isFull(rest))
      throw invalid(
        `TensorArray has size zero, but element_shape_except0 ${partialText(rest)} is not fully defined.`,
      )
    return [zeros(array.dtype, [0, ...rest]), tensor('int64', [0], new BigInt64Array(0))]
  }
  const rest = parts[0]!.shape.slice(1)
  for (const [i, { shape }] of parts.entries()) {
    if (shape.length > 0 && mergeShapes(shape.slice(1), rest) !== 'conflict') continue
    throw invalid(`TensorArray has inconsistent shapes. Index ${i} has shape: ${partialText(shape)}`)
  }
  const lengths = parts.map(({ shape }) => shape[0]!)
  const total = lengths.reduce((sum, count) => sum + count, 0)
  return [join(parts, [total, ...rest]), fromIntegers('int64', [lengths.length], lengths)]
}

const split: StatefulKernel = ([handle, value, lengths]) => {
  const array = arrayOf(handle)
  const whole = tensorOf(value)
  const counts = toList(tensorOf(lengths))
  const total = counts.reduce((sum, count) => sum + count, 0)
  if (total !== whole.shape[0] || counts.some((count) => count < 0)) {
    throw invalid(
      `Expected sum of lengths to be equal to values.shape[0], but sum of lengths is ${total} and value's shape is: [${whole.shape}]`,
    )
  }
  let from = 0
  for (const [i, count] of counts.entries()) {
    array.write(i, cut(whole, { from, to: from + count }, [count, ...whole.shape.slice(1)]))
    from += count
  }
  return [flow]
}

const size: StatefulKernel = ([handle]) => [
  tensor('int32', [], Int32Array.of(arrayOf(handle).elements.length)),
]

const close: StatefulKernel = ([handle]) => {
  arrayOf(handle).elements.fill(undefined)
  return []
}

export const tensorArrayOps: StatefulOpTable = {
  TensorArrayV3: { stateful: create },
  TensorArrayWriteV3: { stateful: write },
  TensorArrayReadV3: { stateful: read },
  TensorArrayGatherV3: { stateful: gather },
  TensorArrayScatterV3: { stateful: scatter },
  TensorArrayConcatV3: { stateful: concat },
  TensorArraySplitV3: { stateful: split },
  TensorArraySizeV3: { stateful: size },
  TensorArrayCloseV3: { stateful: close },
}
