/** NumPy's arrays and dtypes in pickles, decoded when asked for (numpy/_core/src/multiarray/methods.c, descriptor.c). */
import type { AnyTensor } from '../../tensor/any-tensor.js'
import { sizeOf } from '../../tensor/tensor.js'
import { decodeNpyArray } from '../npy.js'
import { PickleExtension, PickleFault, type PickleValue } from './value.js'

/** NumPy's limit. */
const maxRank = 64

/** `numpy.dtype`: first its code, then by `setState` its byte order and the unit of dates. */
export class NumpyDtype extends PickleExtension {
  /** Kind and size without byte order: `f4`, `U7`, `M8`; `O8` for Python objects. */
  readonly code: string
  isBigEndian = false
  /** Of datetime64 and timedelta64, as `ns` or `25s`. */
  unit = ''
  /** Whether elements are records or small arrays, which are not decoded. */
  isStructured = false

  constructor(code: string) {
    super()
    this.code = code
  }

  get isObject(): boolean {
    return this.code[0] === 'O'
  }

  /** NumPy's type string: `<f4`, `<M8[ns]`. */
  get descr(): string {
    return `${this.isBigEndian ? '>' : '<'}${this.code}${this.unit && `[${this.unit}]`}`
  }

  describe(): string {
    return `the NumPy dtype ${this.descr}`
  }

  /** `(version, byte order, subarray, names, fields, size, alignment, flags[, metadata])`. */
  setState(state: PickleValue): void {
    if (!Array.isArray(state) || state.length < 5)
      throw new PickleFault('a numpy.dtype has no state of its form')
    const [, order, subarray, names] = state
    this.isBigEndian = order === '>'
    this.isStructured = subarray !== null || names !== null
    this.unit = dateUnit(state[8])
  }
}

/** `(…, (b'ns', 1, 1, 1))`: the unit, how many of it, divided by; metadata may stand before. */
function dateUnit(metadata: PickleValue | undefined): string {
  const parts = Array.isArray(metadata) ? metadata.findLast((part) => Array.isArray(part)) : undefined
  if (!Array.isArray(parts)) return ''
  const [unit, count] = parts
  const text = unit instanceof Uint8Array ? Buffer.from(unit).toString('latin1') : unit
  if (typeof text !== 'string' || !/^\w{1,8}$/.test(text)) return ''
  return `${typeof count === 'number' && count !== 1 ? count : ''}${text}`
}

const noDtype = new NumpyDtype('u1')

/** `numpy.ndarray`, `numpy.matrix`. Empty until its state has come. */
export class NumpyArray extends PickleExtension {
  dtype = noDtype
  shape: readonly number[] = [0]
  #isFortran = false
  /** Raw bytes, or the elements in row-major order where they are Python objects. */
  #content: Uint8Array | readonly PickleValue[] = new Uint8Array()

  /** An array whose bytes are at hand: a scalar, or one written with protocol 5. */
  static of(dtype: NumpyDtype, shape: PickleValue, content: PickleValue, isFortran = false): NumpyArray {
    const array = new NumpyArray()
    array.setState([1, shape, dtype, isFortran, content])
    return array
  }

  /** An array of Python objects, of one dimension. */
  static ofObjects(values: readonly PickleValue[]): NumpyArray {
    return NumpyArray.of(new NumpyDtype('O8'), [values.length], values)
  }

  /** How many elements. */
  get size(): number {
    return sizeOf(this.shape)
  }

  describe(): string {
    return `a NumPy array of ${this.dtype.descr}, shape [${this.shape}]`
  }

  /** `(version, shape, dtype, is Fortran, bytes or list)`. */
  setState(state: PickleValue): void {
    if (!Array.isArray(state) || state.length !== 5)
      throw new PickleFault('a numpy.ndarray has no state of its form')
    const [, shape, dtype, isFortran, content] = state
    if (!(dtype instanceof NumpyDtype)) throw new PickleFault('a numpy.ndarray has no dtype')
    const sizes = toShape(shape)
    const count = sizeOf(sizes)
    const bytes = typeof content === 'string' ? Buffer.from(content, 'latin1') : content
    if (dtype.isObject) {
      if (!Array.isArray(bytes) || bytes.length !== count)
        throw new PickleFault(`a numpy.ndarray of shape [${sizes}] has not ${count} objects`)
    } else {
      if (!(bytes instanceof Uint8Array)) throw new PickleFault('a numpy.ndarray has no bytes')
      const width = elementBytes(dtype)
      if (width !== undefined && bytes.length !== count * width)
        throw new PickleFault(
          `a numpy.ndarray of ${dtype.descr}, shape [${sizes}], has ${bytes.length} bytes, not ${count * width}`,
        )
    }
    this.dtype = dtype
    this.shape = sizes
    this.#isFortran = isFortran === true || isFortran === 1
    this.#content = bytes as Uint8Array | readonly PickleValue[]
  }

  /**
   * The rows of an array of two dimensions.
   *
   * @throws PickleFault for other arrays, and for records
   */
  toRows(): readonly NumpyArray[] {
    const { dtype, shape } = this
    const [rows, columns] = shape
    if (rows === undefined || columns === undefined || shape.length > 2 || dtype.isStructured)
      throw new PickleFault(`${this.describe()} has no rows`)
    return Array.from({ length: rows }, (_, row) =>
      NumpyArray.of(dtype, [columns], this.#row(row, rows, columns)),
    )
  }

  #row(row: number, rows: number, columns: number): PickleValue {
    const content = this.#content
    if (!(content instanceof Uint8Array)) return content.slice(row * columns, (row + 1) * columns)
    const width = content.length / Math.max(1, rows * columns)
    if (!this.#isFortran) return content.subarray(row * columns * width, (row + 1) * columns * width)
    const bytes = new Uint8Array(columns * width)
    for (let column = 0; column < columns; column++) {
      const from = (column * rows + row) * width
      bytes.set(content.subarray(from, from + width), column * width)
    }
    return bytes
  }

  /**
   * Numbers, booleans or text, row-major, in memory of its own; dates are int64 (see `dtype.unit`).
   *
   * @throws PickleFault for an array of objects or records
   */
  toTensor(): AnyTensor {
    const { dtype, shape } = this
    const content = this.#content
    if (dtype.isStructured || !(content instanceof Uint8Array))
      throw new PickleFault(`${this.describe()} holds no numbers or text`)
    const code = dtype.code.replace(/^[Mm]8/, 'i8')
    const descr = `${dtype.isBigEndian ? '>' : '<'}${code}`
    return decodeNpyArray(content, { descr, shape, isFortran: this.#isFortran }, 'a NumPy array')
  }

  /**
   * The elements in row-major order: numbers (bigint beyond 2^53 - 1), booleans, strings (`U`), Uint8Array (`S`), or
   * whatever objects there are. Dates are numbers of `dtype.unit`.
   *
   * @throws PickleFault for records and complex numbers
   */
  toValues(): readonly PickleValue[] {
    const content = this.#content
    if (!(content instanceof Uint8Array)) return content
    const tensor = this.toTensor()
    if (tensor.dtype === 'string') return toTexts(tensor, this.dtype.code[0] === 'U')
    if (tensor.dtype === 'complex64' || tensor.dtype === 'complex128')
      throw new PickleFault(`${this.describe()} holds complex numbers`)
    const values: Iterable<number | bigint> = tensor.data
    const toValue = tensor.dtype === 'bool' ? (byte: number | bigint) => byte !== 0 : toNumber
    return Array.from<number | bigint, PickleValue>(values, toValue)
  }
}

function toTexts(tensor: AnyTensor & { dtype: 'string' }, isUnicode: boolean): readonly PickleValue[] {
  const { bytes, offsets, length } = tensor.data
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const values: PickleValue[] = []
  for (let i = 0; i < length; i++) {
    const [begin, end] = [offsets[i]!, offsets[i + 1]!]
    values.push(isUnicode ? buffer.toString('utf8', begin, end) : bytes.subarray(begin, end))
  }
  return values
}

/** An integer as a number where it fits, so that equal ones are equal keys. */
export function toNumber(value: number | bigint): number | bigint {
  if (typeof value === 'number') return value
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

/** @throws PickleFault for what is no shape */
export function toShape(shape: PickleValue | undefined): readonly number[] {
  if (!Array.isArray(shape) || shape.length > maxRank) throw new PickleFault('an array has no shape')
  const isShape = shape.every((size) => Number.isSafeInteger(size) && (size as number) >= 0)
  if (!isShape) throw new PickleFault('an array has a shape that is not one of sizes')
  return shape as readonly number[]
}

/** Undefined for elements that are not decoded. */
function elementBytes({ code, isStructured }: NumpyDtype): number | undefined {
  if (isStructured) return undefined
  const [, kind, size] = /^([a-zA-Z])(\d{1,9})$/.exec(code) ?? []
  if (kind === undefined || kind === 'V') return undefined
  return Number(size) * (kind === 'U' ? 4 : 1)
}
