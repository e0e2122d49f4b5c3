/** Leaves of integer tensors: only integer literals are taken, `1.0` and `1e0` are not (rapidjson's IsInt and its kin). */
import { endianness } from 'node:os'
import type { AnyTensor } from '../../tensor/any-tensor.js'
import { tensor } from '../../tensor/tensor.js'
import { isNoNumber } from './float-sinks.js'
import { type JsonText, notSmall } from './json-text.js'
import { grow, refuseType, type TensorSink } from './tensor-sink.js'

const firstCapacity = 16

/** 32 bits and narrower. A literal need only fit int32: what is too large for a narrower dtype wraps. */
export class Int32Sink implements TensorSink {
  length = 0
  readonly #dtype: 'int32' | 'int16' | 'int8' | 'uint8' | 'uint16'
  #data = new Int32Array(firstCapacity)

  constructor(dtype: 'int32' | 'int16' | 'int8' | 'uint8' | 'uint16') {
    this.#dtype = dtype
  }

  takeScalar(text: JsonText): void {
    if (isNoNumber(text.peek())) refuseType(text, this.#dtype)
    if (this.length === this.#data.length) this.#data = grow(this.#data, (length) => new Int32Array(length))
    const small = text.takeSmallInteger()
    if (small !== notSmall) {
      this.#data[this.length++] = small
      return
    }
    const { number, bytes, at } = text
    number.read(bytes, at)
    const value = number.isNegative ? -number.mantissa : number.mantissa
    if (!number.isInteger || value > 0x7fffffff || value < -0x80000000) refuseType(text, this.#dtype)
    this.#data[this.length++] = value
    text.at = number.stop
  }

  takeScalars(text: JsonText): void {
    do this.takeScalar(text)
    while (text.nextScalar())
  }

  takeObject(text: JsonText): void {
    refuseType(text, this.#dtype)
  }

  truncate(length: number): void {
    this.length = length
  }

  finish(shape: readonly number[]): AnyTensor {
    const data = this.#data.subarray(0, this.length)
    const dtype = this.#dtype
    if (dtype === 'int16') return tensor(dtype, shape, new Int16Array(data))
    if (dtype === 'int8') return tensor(dtype, shape, new Int8Array(data))
    if (dtype === 'uint8') return tensor(dtype, shape, new Uint8Array(data))
    return dtype === 'uint16' ? tensor(dtype, shape, new Uint16Array(data)) : tensor(dtype, shape, data)
  }
}

export class Uint32Sink implements TensorSink {
  length = 0
  #data = new Uint32Array(firstCapacity)

  takeScalar(text: JsonText): void {
    if (isNoNumber(text.peek())) refuseType(text, 'uint32')
    const { number, bytes, at } = text
    number.read(bytes, at)
    const { mantissa, isInteger } = number
    if (!isInteger || mantissa > 0xffffffff || (number.isNegative && mantissa !== 0))
      refuseType(text, 'uint32')
    if (this.length === this.#data.length) this.#data = grow(this.#data, (length) => new Uint32Array(length))
    this.#data[this.length++] = mantissa
    text.at = number.stop
  }

  takeScalars(text: JsonText): void {
    do this.takeScalar(text)
    while (text.nextScalar())
  }

  takeObject(text: JsonText): void {
    refuseType(text, 'uint32')
  }

  truncate(length: number): void {
    this.length = length
  }

  finish(shape: readonly number[]): AnyTensor {
    return tensor('uint32', shape, this.#data.subarray(0, this.length))
  }
}

const lowWord = endianness() === 'LE' ? 0 : 1
const two32 = 2 ** 32

/** 64 bits, written as two words: a BigInt per number would cost more than reading it. */
export class Int64Sink implements TensorSink {
  length = 0
  readonly #dtype: 'int64' | 'uint64'
  readonly #least: bigint
  readonly #most: bigint
  #words = new Int32Array(2 * firstCapacity)

  constructor(dtype: 'int64' | 'uint64') {
    this.#dtype = dtype
    this.#least = dtype === 'int64' ? -(2n ** 63n) : 0n
    this.#most = dtype === 'int64' ? 2n ** 63n - 1n : 2n ** 64n - 1n
  }

  takeScalar(text: JsonText): void {
    if (isNoNumber(text.peek())) refuseType(text, this.#dtype)
    const start = text.at
    const small = text.takeSmallInteger()
    if (small !== notSmall) {
      this.#put(small, small >> 31)
      if (small < 0 && this.#dtype === 'uint64') {
        text.at = start
        this.length--
        refuseType(text, this.#dtype)
      }
      return
    }
    const { number, bytes, at } = text
    number.read(bytes, at)
    if (!number.isInteger) refuseType(text, this.#dtype)
    if (number.digits > 15) this.#putLarge(text)
    else {
      const value = number.isNegative ? 0 - number.mantissa : number.mantissa
      if (value < 0 && this.#dtype === 'uint64') refuseType(text, this.#dtype)
      // Bit operators take the low 32 bits of any integer below 2^53.
      this.#put(value | 0, Math.floor(value / two32))
    }
    text.at = number.stop
  }

  takeScalars(text: JsonText): void {
    do this.takeScalar(text)
    while (text.nextScalar())
  }

  takeObject(text: JsonText): void {
    refuseType(text, this.#dtype)
  }

  truncate(length: number): void {
    this.length = length
  }

  finish(shape: readonly number[]): AnyTensor {
    const { buffer } = this.#words
    return this.#dtype === 'int64'
      ? tensor('int64', shape, new BigInt64Array(buffer, 0, this.length))
      : tensor('uint64', shape, new BigUint64Array(buffer, 0, this.length))
  }

  #putLarge(text: JsonText): void {
    // No integer of more digits fits, and BigInt takes its time over thousands of them.
    if (text.number.digits > 20) refuseType(text, this.#dtype)
    const value = text.number.toInteger(text.bytes, text.at)
    if (value < this.#least || value > this.#most) refuseType(text, this.#dtype)
    this.#put(Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n)))
  }

  #put(low: number, high: number): void {
    const place = 2 * this.length
    if (place === this.#words.length) this.#words = grow(this.#words, (length) => new Int32Array(length))
    this.#words[place + lowWord] = low
    this.#words[place + 1 - lowWord] = high
    this.length++
  }
}
