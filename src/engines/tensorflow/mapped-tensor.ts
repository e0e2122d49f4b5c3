/** Weights that stay in their file: ONNX Runtime maps them from there, kernels read of them what they need. */
import type { ShardFile } from '../../formats/tensor-bundle/shard-file.js'
import type { TensorPlace } from '../../formats/tensor-bundle/tensor-bundle.js'
import { type DataType, type TypedArrayOf, typedArrays } from '../../tensor/dtype.js'
import { sizeOf, type Tensor } from '../../tensor/tensor.js'

/** Reading a row costs a system call, however short it is: 1 us, in which so many bytes are read in one piece (measured). */
const minRowBytes = 2048

/**
 * A tensor whose `data` is read from its file by whoever asks for it first. A copy made with `...` is a tensor like any
 * other, with its data in memory.
 */
export class MappedTensor<D extends DataType = DataType> implements Tensor<D> {
  readonly dtype: D
  readonly shape: readonly number[]
  declare readonly data: TypedArrayOf<D>
  readonly byteLength: number
  readonly #shard: ShardFile
  readonly #offset: number
  #data: TypedArrayOf<D> | undefined
  /** Bytes that rows have cost. */
  #spentBytes = 0

  constructor({ dtype, shape, shard, offset, length }: TensorPlace & { readonly dtype: D }) {
    this.dtype = dtype
    this.shape = shape
    this.byteLength = length
    this.#shard = shard
    this.#offset = offset
    // Of the tensor itself rather than of its class, so that spreading it takes the data along.
    Object.defineProperty(this, 'data', { enumerable: true, get: () => this.#read() })
  }

  /** Where the bytes are, for whoever maps them. @throws RecserveError as `ShardFile.read` */
  place(): { readonly directory: string; readonly file: string; readonly offset: number } {
    return { ...this.#shard.realPlace(), offset: this.#offset }
  }

  /**
   * Rows along the first axis, in an array of their own. Once single rows have cost as much as all of them in one piece
   * would have, all are read and kept: so it is never more than twice as dear as what would have been best.
   *
   * @param rows numbers within the first axis
   */
  rows(rows: ArrayLike<number>): TypedArrayOf<D> {
    const width = sizeOf(this.shape.slice(1))
    const rowBytes = width * typedArrays[this.dtype].BYTES_PER_ELEMENT
    this.#spentBytes += rows.length * Math.max(rowBytes, minRowBytes)
    if (this.#data === undefined && this.#spentBytes <= this.byteLength)
      return this.#toArray(this.#shard.readRows({ offset: this.#offset, rowBytes, rows }))
    const { data } = this
    const out = new typedArrays[this.dtype](rows.length * width) as TypedArrayOf<D>
    for (let i = 0; i < rows.length; i++)
      out.set(data.subarray(rows[i]! * width, (rows[i]! + 1) * width) as never, i * width)
    return out
  }

  /** Lets go of what was read of it. */
  release(): void {
    this.#data = undefined
    this.#spentBytes = 0
  }

  #read(): TypedArrayOf<D> {
    this.#data ??= this.#toArray(this.#shard.read(this.#offset, this.byteLength))
    return this.#data
  }

  #toArray({ buffer }: Uint8Array<ArrayBuffer>): TypedArrayOf<D> {
    return new typedArrays[this.dtype](buffer) as TypedArrayOf<D>
  }
}
