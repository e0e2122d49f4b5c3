/** PyTorch's tensors in checkpoints: views of storages, whose bytes are read when asked for. */
import { constants } from 'node:buffer'
import { RecserveError } from '../../core/errors.js'
import type { NumericType } from '../../tensor/dtype.js'
import { isComplex, sizeOf, type Tensor } from '../../tensor/tensor.js'
import { PickleExtension, PickleFault, type PickleValue } from '../pickle/value.js'
import { decodeNumbers, elementBytes } from '../raw-numbers.js'
import type { TorchStorage } from './torch-storage.js'

interface View {
  readonly dtype: NumericType
  readonly shape: readonly number[]
  /** Elements of the storage from one index of an axis to the next. */
  readonly stride: readonly number[]
  /** Element of the storage at index [0, …]. */
  readonly storageOffset: number
}

/** A tensor of a checkpoint: a strided view of a storage that it is known to lie in. */
export class TorchTensor extends PickleExtension {
  readonly dtype: NumericType
  readonly shape: readonly number[]
  readonly stride: readonly number[]
  readonly storageOffset: number
  readonly #storage: TorchStorage

  /** @throws PickleFault where the view reaches beyond the storage */
  constructor(storage: TorchStorage, view: View) {
    super()
    this.dtype = view.dtype
    this.shape = view.shape
    this.stride = view.stride
    this.storageOffset = view.storageOffset
    this.#storage = storage
    this.#check()
  }

  describe(): string {
    return `a PyTorch tensor of ${this.dtype}, shape [${this.shape}]`
  }

  setState(_state: PickleValue): void {
    throw new PickleFault(`${this.describe()} takes no state`)
  }

  /**
   * Reads the values, row-major, in memory of their own.
   *
   * @throws RecserveError `data_loss` where the file is damaged or has changed; `resource_exhausted` for more values than one
   * array can hold, or an expanded view of far more than its storage has
   */
  async read(): Promise<Tensor<NumericType>> {
    const { dtype, shape, storageOffset } = this
    const width = elementBytes(dtype)
    const count = sizeOf(shape)
    // An expanded view repeats elements: a few bytes could ask for any number of them.
    const limit = Math.min(Math.max(maxRepeats * this.#room(), maxRepeated), constants.MAX_LENGTH / width)
    if (count > limit) {
      const text = `${this.describe()} is a view of a storage of ${this.#room()} elements, too large to be read`
      throw new RecserveError('resource_exhausted', text)
    }
    if (count === 0) return decodeNumbers(dtype, shape, new Uint8Array())
    const stored = await this.#storage.read(storageOffset * width, (this.#last() + 1) * width)
    const bytes = this.#isRowMajor() ? stored : this.#copyRowMajor(stored, width)
    if (this.#storage.isBigEndian) swapBytes(bytes, swapWidth(dtype))
    return decodeNumbers(dtype, shape, bytes)
  }

  #check(): void {
    const { shape, stride, storageOffset } = this
    if (shape.length !== stride.length)
      throw new PickleFault(`${this.describe()} has ${stride.length} strides for ${shape.length} sizes`)
    const room = this.#room()
    const count = sizeOf(shape)
    const what = `${this.describe()}, stride [${stride}], offset ${storageOffset}`
    if (count > 0 && this.#last() >= room)
      throw new PickleFault(`${what}, reaches beyond its storage of ${room} elements`)
  }

  /** How many elements the storage has. */
  #room(): number {
    return Math.floor(this.#storage.byteLength / elementBytes(this.dtype))
  }

  /** The element of the storage that is farthest from its beginning. */
  #last(): number {
    return this.shape.reduce((at, size, axis) => at + (size - 1) * this.stride[axis]!, this.storageOffset)
  }

  #isRowMajor(): boolean {
    const { shape, stride } = this
    let step = 1
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      if (shape[axis] !== 1 && stride[axis] !== step) return false
      step *= shape[axis]!
    }
    return true
  }

  /** @param from the storage's bytes from the view's first element on */
  #copyRowMajor(from: Uint8Array, width: number): Uint8Array<ArrayBuffer> {
    const { shape, stride } = this
    const to = new Uint8Array(sizeOf(shape) * width)
    const index = new Array<number>(shape.length).fill(0)
    let source = 0
    for (let at = 0; at < to.length; at += width) {
      for (let byte = 0; byte < width; byte++) to[at + byte] = from[source * width + byte]!
      for (let axis = shape.length - 1; axis >= 0; axis--) {
        source += stride[axis]!
        if (++index[axis]! < shape[axis]!) break
        source -= stride[axis]! * shape[axis]!
        index[axis] = 0
      }
    }
    return to
  }
}

/** How many times over a view may hold its storage, where it has more elements than `maxRepeated`. */
const maxRepeats = 64
const maxRepeated = 2 ** 22

/** Bytes of what is turned round: half of a complex number. */
function swapWidth(dtype: NumericType): number {
  return elementBytes(dtype) / (isComplex(dtype) ? 2 : 1)
}

function swapBytes(bytes: Uint8Array, width: number): void {
  for (let at = 0; at < bytes.length && width > 1; at += width) bytes.subarray(at, at + width).reverse()
}
